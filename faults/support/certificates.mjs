import "reflect-metadata";
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
const validity = () => ({ notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) });
const createKeys = () => crypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);

/** An authority: its certificate, and what makes pairs for 127.0.0.1, all in PEM. */
export async function createAuthority() {
  const keys = await createKeys();
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...{ name: "CN=authority", ...validity(), signingAlgorithm, keys },
    extensions: [new BasicConstraintsExtension(true)],
  });
  return {
    cert: authority.toString("pem"),
    async issue(name) {
      const own = await createKeys();
      const cert = await X509CertificateGenerator.create({
        ...{ subject: `CN=${name}`, issuer: authority.subject, ...validity(), signingAlgorithm },
        ...{ publicKey: own.publicKey, signingKey: keys.privateKey },
        extensions: [new SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
      });
      const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", own.privateKey), "PRIVATE KEY");
      return { cert: cert.toString("pem"), key };
    },
  };
}
