import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { describeFileError } from "../errors.js";
import type { TlsOptions } from "../options.js";

type FileOption = "ca_file" | "cert_file" | "key_file";

/** A file of `tls` cannot be used. The message is one line that names the option and the file. */
export class TlsFileError extends Error {
  constructor(
    readonly option: FileOption,
    /** The path, and what is wrong. */
    readonly problem: string,
  ) {
    super(`${option}: ${problem}`);
  }
}

/**
 * The credentials of a channel, from files that are read and checked now; without `tls` there is no TLS.
 *
 * @throws TlsFileError for the first file that cannot be used
 */
export async function channelCredentials(tls: TlsOptions | undefined): Promise<ChannelCredentials> {
  if (tls === undefined) return credentials.createInsecure();
  const [ca, cert, key] = await Promise.all([
    readPem("ca_file", tls.ca_file),
    readPem("cert_file", tls.cert_file),
    readPem("key_file", tls.key_file),
  ]);
  if (tls.ca_file && ca) checkTime("ca_file", tls.ca_file, certificatesOf("ca_file", tls.ca_file, ca));
  if (tls.cert_file && !tls.key_file) throw new TlsFileError("key_file", "expected beside the certificate");
  if (tls.key_file && !tls.cert_file) throw new TlsFileError("cert_file", "expected beside the key");
  if (tls.cert_file && tls.key_file && cert && key) {
    const [own] = checkTime("cert_file", tls.cert_file, certificatesOf("cert_file", tls.cert_file, cert));
    if (own?.checkPrivateKey(keyOf(tls.key_file, key)) === false) {
      throw new TlsFileError("key_file", `${tls.key_file}: is not the key of the certificate in ${tls.cert_file}`);
    }
  }
  return credentials.createSsl(ca, key, cert);
}

async function readPem(option: FileOption, path: string | undefined): Promise<Buffer | null> {
  if (!path) return null;
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new TlsFileError(option, describeFileError(path, error));
  });
  if (bytes.length === 0) throw new TlsFileError(option, `${path}: is empty`);
  if (bytes.includes("-----BEGIN ")) return bytes;
  // Every DER file of these kinds begins with a SEQUENCE.
  throw new TlsFileError(option, `${path}: ${bytes[0] === 0x30 ? "is DER, expected PEM" : "expected PEM"}`);
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function certificatesOf(option: FileOption, path: string, pem: Buffer): readonly X509Certificate[] {
  const found = pem.toString("latin1").match(CERTIFICATE) ?? [];
  if (found.length === 0) {
    throw new TlsFileError(option, `${path}: expected a certificate (-----BEGIN CERTIFICATE-----)`);
  }
  try {
    return found.map((text) => new X509Certificate(text));
  } catch {
    throw new TlsFileError(option, `${path}: has a certificate that cannot be read`);
  }
}

/** A bundle of authorities may have expired ones beside those that are used. */
function checkTime(
  option: FileOption,
  path: string,
  certificates: readonly X509Certificate[],
): readonly X509Certificate[] {
  const [first] = certificates;
  const valid = certificates.some(({ validTo }) => Date.parse(validTo) >= Date.now());
  if (valid || first === undefined) return certificates;
  // Node has none for a subject that is empty, whatever its types say.
  const { subject: named = "the certificate" }: { readonly subject?: string } = first;
  const subject = named.replaceAll("\n", ", ");
  throw new TlsFileError(option, `${path}: ${subject} has expired on ${new Date(first.validTo).toISOString()}`);
}

function keyOf(path: string, pem: Buffer): KeyObject {
  if (pem.includes("ENCRYPTED")) {
    throw new TlsFileError("key_file", `${path}: is encrypted, expected a key without passphrase`);
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TlsFileError("key_file", `${path}: expected a private key (-----BEGIN PRIVATE KEY-----)`);
  }
}
