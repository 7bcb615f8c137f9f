import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createAuthority, writePair } from "./certificates.js";
import { digest } from "./identities.js";
import { startTestServer } from "./server.js";

/**
 * A service with TLS, or on a Unix socket, until the test ends; it lets in who has one of the tokens, with one role. And a
 * directory for the files of its clients, which has the authority in ca.pem.
 */
export async function startSecuredService({ tokens = ["slt_old"], role = "append", unix = false } = {}) {
  const directory = mkdtempSync(join(tmpdir(), "sessionlog-secured-"));
  const auth_file = join(directory, "auth.toml");
  const authority = await createAuthority("authority");
  writeFileSync(join(directory, "ca.pem"), authority.cert);
  const allow = (allowed: readonly string[]) => {
    const blocks = allowed.map((token) => `[[identity.token]]\nid = "${token}"\nsha256 = "${digest(token)}"\n`);
    const identity = `[[identity]]\nname = "validatord"\nroles = ["${role}"]\n`;
    writeFileSync(auth_file, `${identity}${blocks.join("")}`, { mode: 0o600 });
  };
  allow(tokens);
  const server = await startTestServer({
    auth: { file: auth_file },
    ...(unix
      ? { server: { listen: `unix:${join(directory, "s")}` } }
      : { tls: writePair(directory, await authority.issue("log")) }),
  });
  onTestFinished(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    server,
    directory,
    authority,
    /** What TLS needs; undefined on a Unix socket. */
    ca_file: unix ? undefined : join(directory, "ca.pem"),
    /** Only these are known from now on. */
    allow(...allowed: readonly string[]) {
      allow(allowed);
      server.service.reopen();
    },
  };
}
