import "reflect-metadata";
import { writeFileSync } from "node:fs";
import {
  BasicConstraintsExtension,
  type JsonGeneralNames,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const DAY_MS = 86_400_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A certificate and its key, both in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority, which makes certificates for 127.0.0.1, localhost and further names; their subject may be empty. */
export interface Authority extends Pair {
  issue(name: string, options?: { readonly days?: number; readonly names?: JsonGeneralNames }): Promise<Pair>;
}

/** @param days until it expires; negative: it has */
export async function createAuthority(name: string, days = 2): Promise<Authority> {
  const keys = await createKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    ...validity(days),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [new BasicConstraintsExtension(true)],
  });
  return {
    ...(await toPair(certificate, keys)),
    async issue(subject, { days: valid_days = 2, names = [] } = {}) {
      const own = await createKeys();
      const issued = await X509CertificateGenerator.create({
        subject: subject === "" ? "" : `CN=${subject}`,
        issuer: certificate.subject,
        ...validity(valid_days),
        signingAlgorithm: ALGORITHM,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new SubjectAlternativeNameExtension([
            { type: "ip", value: "127.0.0.1" },
            { type: "dns", value: "localhost" },
            ...names,
          ]),
        ],
      });
      return toPair(issued, own);
    },
  };
}

/** Writes a pair, and resolves with what [tls] needs. */
export function writePair(directory: string, { cert, key }: Pair): { cert: string; key: string } {
  const files = { cert: `${directory}/cert.pem`, key: `${directory}/key.pem` };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  return files;
}

function createKeys() {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function validity(days: number) {
  return { notBefore: new Date(Date.now() - 3 * DAY_MS), notAfter: new Date(Date.now() + days * DAY_MS) };
}

async function toPair(
  certificate: X509Certificate,
  { privateKey }: Awaited<ReturnType<typeof createKeys>>,
): Promise<Pair> {
  const bytes = await crypto.subtle.exportKey("pkcs8", privateKey);
  return { cert: `${certificate.toString("pem")}\n`, key: `${PemConverter.encode(bytes, "PRIVATE KEY")}\n` };
}
