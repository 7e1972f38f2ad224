/** The functions of RFC 5802 section 2.2, for the hashes of RFC 5802 and RFC 7677. */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

export type ScramName = "SCRAM-SHA-1" | "SCRAM-SHA-256";

interface ScramHash {
  /** As node:crypto knows it. */
  readonly digest: string;
  readonly bytes: number;
}

const hashes: Readonly<Record<ScramName, ScramHash>> = {
  "SCRAM-SHA-1": { digest: "sha1", bytes: 20 },
  "SCRAM-SHA-256": { digest: "sha256", bytes: 32 },
};

const pbkdf2Async = promisify(pbkdf2);

/** `H(str)`. */
export function digest(name: ScramName, data: Uint8Array | string): Uint8Array {
  return createHash(hashes[name].digest).update(data).digest();
}

/** `HMAC(key, str)`. */
export function hmac(name: ScramName, key: Uint8Array, data: Uint8Array | string): Uint8Array {
  return createHmac(hashes[name].digest, key).update(data).digest();
}

/** `Hi(str, salt, i)`, which is PBKDF2, on a thread of its own: milliseconds, where all the rest takes microseconds. */
export function saltedPassword(
  name: ScramName,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  const { bytes, digest } = hashes[name];
  return pbkdf2Async(password, salt, iterations, bytes, digest);
}

/** Compares secrets in a time that tells nothing of where they differ; their lengths are no secret. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
