import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../../../test/cli/support.js";
import { createAuthority } from "../../../../test/support/certificates.js";
import { accepted, eventually, freeAddress, quickLogger, startFakeService, startProxy } from "../support.js";

test("createConnection sends a token, asked for anew with each call", async () => {
  const fake = await startFakeService();
  let asked = 0;
  const log = quickLogger(fake.address, { token: async () => `secret-${++asked}` });
  log.append(accepted(0));
  await log.flush();
  log.append(accepted(1));
  await log.close();
  fake.close();
  expect(fake.authorizations).toEqual(["Bearer secret-1", "Bearer secret-2"]);
});

test("createConnection sends no token to another machine without TLS", async () => {
  const log = quickLogger("192.0.2.1:50051", { token: "secret" });
  const outcome = await log.appendAndWait(accepted(0));
  expect(outcome).toMatchObject({ ok: false, kind: "failed", code: "UNAUTHENTICATED" });
  await log.close();
});

test.each(["grpc_proxy", "https_proxy", "http_proxy"])(
  "createConnection reaches this machine past %s",
  async (name) => {
    const proxy = await startProxy(name);
    const fake = await startFakeService();
    for (const scheme of ["", "ipv4:", "dns:///"]) {
      const log = quickLogger(`${scheme}${fake.address}`, { token: "secret" });
      log.append(accepted(0));
      expect(await log.close(2_000)).toBe(true);
    }
    fake.close();
    expect(fake.authorizations).toEqual(Array(3).fill("Bearer secret"));
    expect(proxy.asked).toEqual([]);
  },
);

test("createConnection leaves other machines to the proxy", async () => {
  const proxy = await startProxy("https_proxy");
  const log = quickLogger("log.internal:50051");
  log.append(accepted(0));
  await eventually(() => proxy.asked.length > 0);
  expect(proxy.asked[0]).toBe("CONNECT log.internal:50051");
  await log.close(0);
});

test.each([
  ["a certificate that is not there", "127.0.0.1:1", { tls: { ca_file: "/no/such/file.pem" } }],
  ["a certificate that is none", "127.0.0.1:1", { tls: { ca_file: import.meta.filename } }],
  [
    "a token's function that never answers",
    "127.0.0.1:1",
    { call_timeout_ms: 20, token: () => new Promise<string>(() => undefined) },
  ],
  ["a token's function that throws", "127.0.0.1:1", { token: () => Promise.reject(new Error("no token")) }],
])("createConnection survives %s: records are buffered, logged once", async (_, address, options) => {
  const log = quickLogger(address, options);
  log.append(accepted(0));
  await eventually(() => log.stats().retried > 2);
  expect(log.told).toHaveLength(1);
  expect(log.told[0]).toMatch(/records are buffered.*UNAVAILABLE: ./);
  expect(await log.close(0)).toBe(false);
  expect(log.stats()).toMatchObject({ dropped: 1, buffered: 0 });
});

/** A service with a certificate of its own for `log.internal`. */
async function startTlsService(days: number, address?: string) {
  const ca_file = join(temporaryDirectory(), "ca.pem");
  const authority = await createAuthority("authority", 2);
  writeFileSync(ca_file, authority.cert);
  const { cert, key } = await authority.issue("log.internal", {
    days,
    names: [{ type: "dns", value: "log.internal" }],
  });
  const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
  return { ca_file, fake: await startFakeService(ServerCredentials.createSsl(null, [pair]), address) };
}

test("createConnection speaks TLS, and sends the token then", async () => {
  const { ca_file, fake } = await startTlsService(2);
  const log = quickLogger(fake.address, { tls: { ca_file, server_name: "log.internal" }, token: "secret" });
  log.append(accepted(0));
  expect(await log.close()).toBe(true);
  expect(fake.authorizations).toEqual(["Bearer secret"]);

  const strict = quickLogger(fake.address, { tls: { server_name: "log.internal" } });
  strict.append(accepted(1));
  await eventually(() => strict.stats().retried > 0);
  await strict.close(0);
  fake.close();
  expect(strict.told[0]).toMatch(/records are buffered.*UNAVAILABLE.*certificate/);
  expect(fake.batches).toHaveLength(1);
});

test("createConnection tells of an expired certificate once, and goes on", async () => {
  const { ca_file, fake } = await startTlsService(-1);
  const log = quickLogger(fake.address, { tls: { ca_file, server_name: "log.internal" } });
  log.append(accepted(0));
  await eventually(() => log.stats().retried > 2);
  expect(log.told).toHaveLength(1);
  expect(log.told[0]).toMatch(/UNAVAILABLE.*expired/);
  await log.close(0);
  fake.close();
});

test("createConnection tells of an expired certificate after a service that was down", async () => {
  const address = await freeAddress();
  const { ca_file, fake } = await startTlsService(-1);
  fake.close();
  const log = quickLogger(address, { tls: { ca_file, server_name: "log.internal" } });
  log.append(accepted(0));
  await eventually(() => log.told.length > 0);
  expect(log.told[0]).toMatch(/UNAVAILABLE.*ECONNREFUSED/);
  const { fake: expired } = await startTlsService(-1, address);
  await eventually(() => log.told.some((line) => line.includes("certificate")));
  await log.close(0);
  expired.close();
});
