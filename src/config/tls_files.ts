import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { ConfigError, describeFileError } from "./errors.js";
import { openToOthers } from "./permissions.js";
import type { Config } from "./settings.js";

/** Certificate, key and authorities that belong together, as read. */
export interface TlsFiles {
  /** PEM. */
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  /** Of the authorities: SHA-256. */
  readonly ca_fingerprints: ReadonlySet<string>;
  /** The service's own certificate, for logs and metrics. */
  readonly facts: CertificateFacts;
  /** When the first of the authorities expires, in RFC 3339; undefined without any. */
  readonly ca_not_after: string | undefined;
  /** What an operator should mend, in one line each. */
  readonly warnings: readonly string[];
}

export interface CertificateFacts {
  readonly subject: string;
  readonly names: string;
  /** RFC 3339. */
  readonly not_after: string;
  readonly sha256: string;
}

/** How files are read, and what time it is. */
export interface TlsSources {
  readonly readFile: (path: string) => Buffer;
  readonly now_ms: number;
}

/**
 * Reads and checks the files of [tls]. Undefined when none are set.
 *
 * @throws ConfigError, one line that names the key and the file, for the first that is wrong
 */
export function readTlsFiles({ cert, key, client_ca }: Config["tls"], sources: TlsSources): TlsFiles | undefined {
  if (cert === "") return undefined;
  const cert_pem = readPem("cert", cert, sources);
  const key_pem = readPem("key", key, sources);
  const ca_pem = client_ca === "" ? undefined : readPem("client_ca", client_ca, sources);
  const chain = certificatesOf("cert", cert, cert_pem);
  const [own] = chain;
  if (own === undefined) throw wrong("cert", cert, "expected a certificate");
  checkTime("cert", cert, own, sources.now_ms);
  const authorities = ca_pem === undefined ? [] : certificatesOf("client_ca", client_ca, ca_pem);
  for (const authority of authorities) {
    if (!authority.ca) throw wrong("client_ca", client_ca, `${oneLine(authority.subject)} is not an authority (CA)`);
    checkTime("client_ca", client_ca, authority, sources.now_ms);
  }
  if (!own.checkPrivateKey(readKey(key, key_pem))) {
    throw new ConfigError(`[tls] key: ${key} is not the key of the certificate in [tls] cert: ${cert}`);
  }
  try {
    createSecureContext({ cert: cert_pem, key: key_pem, ca: ca_pem });
  } catch (error) {
    throw wrong("cert", cert, error instanceof Error ? error.message : String(error));
  }
  return {
    cert: cert_pem,
    key: key_pem,
    ca: ca_pem,
    ca_fingerprints: new Set(authorities.map(({ fingerprint256 }) => fingerprint256)),
    facts: {
      subject: oneLine(own.subject),
      names: own.subjectAltName ?? "",
      not_after: new Date(own.validTo).toISOString(),
      sha256: own.fingerprint256,
    },
    ca_not_after: firstExpiry(authorities),
    warnings: [
      ...(openToOthers(key) ? [`[tls] key: ${key} can be read by everyone on this machine; chmod 640 it`] : []),
      ...chainProblems(chain, sources.now_ms).map((what) => `[tls] cert: ${cert}: ${what}`),
    ],
  };
}

/** Why clients that know only the root may refuse a chain. It may be right for others, so that it is served all the same. */
function chainProblems(chain: readonly X509Certificate[], now_ms: number): readonly string[] {
  return chain.slice(1).flatMap((issuer, index) => {
    const { subject, validTo } = issuer;
    const issued = chain[index];
    const problems = [];
    if (issued !== undefined && !(issued.checkIssued(issuer) && issued.verify(issuer.publicKey))) {
      problems.push(`${oneLine(subject)} has not issued ${oneLine(issued.subject)}, which it follows`);
    }
    if (now_ms > new Date(validTo).getTime()) {
      problems.push(`${oneLine(subject)} in its chain has expired on ${new Date(validTo).toISOString()}`);
    }
    return problems;
  });
}

function firstExpiry(certificates: readonly X509Certificate[]): string | undefined {
  const [first] = certificates.map(({ validTo }) => new Date(validTo).toISOString()).sort();
  return first;
}

function readPem(setting: string, path: string, { readFile }: TlsSources): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFile(path);
  } catch (error) {
    throw wrong(setting, path, describeFileError(error));
  }
  if (bytes.length === 0) throw wrong(setting, path, "is empty");
  if (bytes.includes("-----BEGIN ")) return bytes;
  // Every DER file of these kinds begins with a SEQUENCE.
  throw wrong(setting, path, bytes[0] === 0x30 ? "is DER, expected PEM (openssl x509 -inform der)" : "expected PEM");
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesOf(setting: string, path: string, pem: Buffer): readonly X509Certificate[] {
  const found = pem.toString("latin1").match(CERTIFICATE) ?? [];
  if (found.length === 0) throw wrong(setting, path, "expected a certificate (-----BEGIN CERTIFICATE-----)");
  try {
    return found.map((text) => new X509Certificate(text));
  } catch {
    throw wrong(setting, path, "has a certificate that cannot be read");
  }
}

function checkTime(setting: string, path: string, { subject, validFrom, validTo }: X509Certificate, now_ms: number) {
  const [from, to] = [new Date(validFrom), new Date(validTo)];
  if (now_ms > to.getTime()) throw wrong(setting, path, `${oneLine(subject)} has expired on ${to.toISOString()}`);
  if (now_ms < from.getTime()) throw wrong(setting, path, `${oneLine(subject)} is valid from ${from.toISOString()} on`);
}

function readKey(path: string, pem: Buffer): KeyObject {
  if (pem.includes("ENCRYPTED")) throw wrong("key", path, "is encrypted, expected a key without passphrase");
  try {
    return createPrivateKey(pem);
  } catch {
    throw wrong("key", path, "expected a private key (-----BEGIN PRIVATE KEY-----)");
  }
}

function wrong(setting: string, path: string, what: string): ConfigError {
  return new ConfigError(`[tls] ${setting}: ${path}: ${what}`);
}

/** The subject of a certificate; Node has none for one that is empty, whatever its types say. */
function oneLine(subject: string | undefined): string {
  return subject?.replaceAll("\n", ", ") ?? "a certificate without a subject";
}
