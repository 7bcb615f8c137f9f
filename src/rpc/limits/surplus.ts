/**
 * What a connection sends beside its calls. node:http2 shows no frames, but the socket's bytes are known, and so are those
 * that calls explain: headers and bodies. What is left are frames that cost time and ask for nothing, such as
 * WINDOW_UPDATE, PING, SETTINGS, and the heads of frames with hardly anything in them.
 */
export interface Surplus {
  /** A call has come, with this much metadata. */
  countCall(metadata_bytes: number): void;
  /** Part of a body was read. Returns whether there were too many small parts. */
  countFrame(bytes: number): boolean;
  /**
   * To be called each 100 ms.
   *
   * @param socket_bytes that the socket has received
   * @param unread_bytes that may have come of bodies that are not read yet
   * @returns whether there is too much
   */
  sweep(socket_bytes: number, unread_bytes: number, passed_ms: number): boolean;
}

/** What a call's headers take, beside its metadata, at most. */
const CALL_BYTES = 512;
/** A frame costs this much, whatever is in it: parts of a body had better be larger. */
const FRAME_BYTES = 64;
const SMALL_FRAME_BYTES = 1_024;
/** Small frames between two sweeps: some milliseconds' worth. */
const SMALL_FRAMES_MAX = 5_000;
/** What may come at once. */
const BURST_BYTES = 1024 * 1024;

/** @param limits what is allowed; may change */
export function createSurplus(limits: { readonly stall_bytes_per_second: number }): Surplus {
  let explained_bytes = 0;
  let unexplained_bytes = 0;
  let surplus_bytes = 0;
  let small_frames = 0;
  return {
    countCall(metadata_bytes) {
      explained_bytes += CALL_BYTES + metadata_bytes;
    },
    countFrame(bytes) {
      explained_bytes += bytes - FRAME_BYTES;
      if (bytes >= SMALL_FRAME_BYTES) return false;
      small_frames += 1;
      return small_frames > SMALL_FRAMES_MAX;
    },
    sweep(socket_bytes, unread_bytes, passed_ms) {
      const before = unexplained_bytes;
      unexplained_bytes = socket_bytes - explained_bytes;
      const allowed_bytes = (limits.stall_bytes_per_second * passed_ms) / 1_000;
      surplus_bytes = Math.max(0, surplus_bytes + unexplained_bytes - before - allowed_bytes);
      small_frames = 0;
      return surplus_bytes > BURST_BYTES + unread_bytes;
    },
  };
}
