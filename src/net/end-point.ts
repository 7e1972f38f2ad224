/** The channel binding tls-server-end-point (RFC 5929 section 4.1), from the certificate alone. */
import { createHash } from "node:crypto";

/**
 * The hash of a DER certificate by the hash function of its signature. undefined if its signature has no such function
 * (Ed25519, Ed448): RFC 5929 section 4.1 leaves the binding undefined then, and peers that would guess guess differently.
 */
export function serverEndPoint(der: Uint8Array): Uint8Array | undefined {
  const hash = signatureHash(der);
  return hash === undefined ? undefined : createHash(hash).update(der).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signatureValue }, as X.509 has it. */
function signatureHash(der: Uint8Array): string | undefined {
  const certificate = value(der, 0);
  const toBeSigned = value(der, certificate.start);
  const algorithm = value(der, toBeSigned.end);
  const identifier = value(der, algorithm.start);
  const name = hex(der, identifier);
  return name === rsaPss ? pssHash(der, identifier.end, algorithm.end) : signatureHashes[name];
}

/** RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, … }. */
function pssHash(der: Uint8Array, at: number, end: number): string | undefined {
  if (at >= end) return "sha256";
  const parameters = value(der, at);
  if (parameters.start >= parameters.end) return "sha256";
  const first = value(der, parameters.start);
  if (first.tag !== 0xa0) return "sha256";
  return hashes[hex(der, value(der, value(der, first.start).start))];
}

interface Value {
  readonly tag: number;
  /** Where its content starts and ends. */
  readonly start: number;
  readonly end: number;
}

/** One DER value: a tag of one byte, a length, the content. */
function value(der: Uint8Array, at: number): Value {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) throw new RangeError("the certificate ends early");
  const more = first < 0x80 ? 0 : first & 0x7f;
  let length = more === 0 ? first : 0;
  for (const byte of der.subarray(at + 2, at + 2 + more)) length = length * 256 + byte;
  const start = at + 2 + more;
  if (start + length > der.length) throw new RangeError("the certificate ends early");
  return { tag, start, end: start + length };
}

function hex(der: Uint8Array, { start, end }: Value): string {
  return Buffer.from(der.buffer, der.byteOffset + start, end - start).toString("hex");
}

/** Object identifiers in DER. RFC 5929 section 4.1: in place of MD5 and SHA-1, SHA-256. */
const signatureHashes: Readonly<Record<string, string>> = {
  // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512, SHA-224
  "2a864886f70d010104": "sha256",
  "2a864886f70d010105": "sha256",
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a864886f70d01010e": "sha224",
  // 1.2.840.10045.4: ECDSA with SHA-1, SHA-224, SHA-256, SHA-384, SHA-512
  "2a8648ce3d0401": "sha256",
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

const rsaPss = "2a864886f70d01010a";

const hashes: Readonly<Record<string, string>> = {
  "2b0e03021a": "sha256",
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
  "608648016503040204": "sha224",
};
