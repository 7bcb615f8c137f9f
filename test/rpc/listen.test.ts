import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Listener, listen, type SocketOwner } from "../../src/rpc/listen.js";

describe("listen", () => {
  let directory: string;
  let listeners: Listener[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "sessionlog-listen-"));
    listeners = [];
  });
  afterEach(() => {
    for (const listener of listeners) listener.stop();
    rmSync(directory, { recursive: true });
  });

  /** Closes what it accepts. */
  async function start(address: string, socket?: SocketOwner) {
    const outcome = await listen(address, { accept: (socket) => socket.destroy(), acceptFailed() {} }, socket);
    if (!outcome.ok) return outcome;
    listeners.push(outcome.listener);
    return { ok: true, address: outcome.listener.address } as const;
  }

  test.each(["127.0.0.1", "localhost"])("tells the real port of %s:0, which is then taken", async (host) => {
    const outcome = await start(`${host}:0`);
    expect(outcome).toEqual({ ok: true, address: expect.stringMatching(new RegExp(`^${host}:[1-9]\\d*$`)) });
    if (!outcome.ok) return;
    const message = `cannot listen on ${outcome.address}: it is in use by another process (EADDRINUSE)`;
    expect(await start(outcome.address)).toEqual({ ok: false, message });
  });

  test("refuses an address that this machine does not have", async () => {
    expect(await start("192.0.2.1:1")).toEqual({
      ok: false,
      message: "cannot listen on 192.0.2.1:1: this machine has no such address (EADDRNOTAVAIL)",
    });
  });

  test("takes a Unix socket, and refuses one on which somebody listens", async () => {
    const address = `unix:${join(directory, "s.sock")}`;
    expect(await start(address)).toEqual({ ok: true, address });
    expect(await start(address)).toMatchObject({ ok: false, message: expect.stringContaining("in use") });
    expect(statSync(join(directory, "s.sock")).isSocket()).toBe(true);
  });

  test.each([
    [0o600, 0o022],
    [0o660, 0o077],
    [0o666, 0o077],
  ])("gives a Unix socket the permissions %i, whatever the umask %i", async (mode, umask) => {
    const path = join(directory, "s.sock");
    const before = process.umask(umask);
    try {
      await start(`unix:${path}`, { mode, group: undefined });
      expect(process.umask()).toBe(umask);
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(mode);
  });

  test("gives a Unix socket to a group, or says that it may not", async () => {
    const path = join(directory, "s.sock");
    const group = (process.getgroups?.() ?? []).at(-1) ?? process.getgid?.() ?? 0;
    await start(`unix:${path}`, { mode: 0o660, group });
    expect(statSync(path)).toMatchObject({ gid: group });
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const other = `unix:${join(directory, "other.sock")}`;
    // Root may give it to any group.
    const outcome = await start(other, { mode: 0o660, group: 54_321 });
    if (process.getuid?.() === 0) expect(statSync(join(directory, "other.sock")).gid).toBe(54_321);
    else
      expect(outcome).toEqual({
        ok: false,
        message: expect.stringContaining("may not give its socket to the group 54321 (EPERM)"),
      });
  });

  test("takes the place of a socket file that nobody listens on", async () => {
    const path = join(directory, "s.sock");
    await leaveSocketFile(path);
    expect(statSync(path).isSocket()).toBe(true);
    expect(await start(`unix:${path}`)).toEqual({ ok: true, address: `unix:${path}` });
  });

  test("leaves a file alone that is not a socket", async () => {
    const path = join(directory, "precious");
    writeFileSync(path, "data");
    expect(await start(`unix:${path}`)).toMatchObject({
      ok: false,
      message: expect.stringContaining("exists and is not a socket"),
    });
    expect(statSync(path).size).toBe(4);
    mkdirSync(join(directory, "folder"));
    expect(await start(`unix:${join(directory, "folder")}`)).toMatchObject({ ok: false });
  });

  test("names the directory's absence, not a permission", async () => {
    const outcome = await start(`unix:${join(directory, "none", "s.sock")}`);
    expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining("no such directory (ENOENT)") });
  });
});

/** A socket file as a killed process leaves it: another name of a socket that has been closed. */
async function leaveSocketFile(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve));
  linkSync(`${path}.live`, path);
  await new Promise((resolve) => server.close(resolve));
}
