/** What is kept of a password, and what can be asked of it (RFC 5802 section 3). */
import { opaqueString } from "../domain/precis.ts";
import type { Random } from "../ports.ts";
import { decodeBase64Strict, encodeBase64 } from "./base64.ts";
import { digest, hmac, saltedPassword, sameBytes } from "./scram-hash.ts";
import type { ScramName } from "./scram-hash.ts";

/** Plain JSON: `salt`, `storedKey` and `serverKey` are base64. */
// A type, not an interface, so that it is assignable to Json.
export type ScramKeys = {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
};

/** One account's keys. They log nobody in, but whoever holds them can test guesses of the password: a secret. */
export type Credentials = {
  readonly "SCRAM-SHA-1": ScramKeys;
  readonly "SCRAM-SHA-256": ScramKeys;
};

/** What is kept of one account: all of it, or the keys of one hash alone where the account came from a server that had no others. */
export type StoredCredentials = { readonly [Name in ScramName]?: ScramKeys };

/**
 * PBKDF2 rounds. RFC 5802 section 5.1 and RFC 7677 section 4 say at least 4096. It is the client that pays for every
 * login (half a second on the handsets of RFC 7677 section 4), so the least that they allow is the default; who has
 * fast clients chooses more.
 */
export const iterationsDefault = 4096;
export const iterationsMin = 4096;
/** Clients refuse more, or look dead while they count (RFC 5802 section 9). */
export const iterationsMax = 1_000_000;

const saltBytes = 16;

/**
 * Keys of a new password, each with a salt of its own. `iterations`: 4096–1_000_000.
 * Throws RangeError if that is not so, or if the password is empty, no OpaqueString (RFC 8265 section 4.2.2) or not its own compatibility form.
 */
export async function deriveCredentials(
  password: string,
  random: Random,
  iterations: number = iterationsDefault,
): Promise<Credentials> {
  if (!Number.isInteger(iterations) || iterations < iterationsMin || iterations > iterationsMax) {
    throw new RangeError(`iterations: expected a whole number in ${iterationsMin}–${iterationsMax}, got ${iterations}`);
  }
  if (password === "") throw new RangeError("password: expected at least one character, got none");
  const prepared = opaqueString(password);
  if (prepared === undefined || prepared === "") {
    throw new RangeError(
      "password: it has characters that no password may have, such as line breaks and other controls " +
        "(RFC 8265 section 4.2); choose another",
    );
  }
  // COMPAT(slixmpp, 1.8 and others): clients that prepare with SASLprep (RFC 5802 section 2.2) would make another password of it.
  if (prepared.normalize("NFKC") !== prepared) {
    throw new RangeError(
      "password: it has characters that some clients write in another way, such as ligatures or circled digits " +
        "(RFC 5802 section 2.2); choose others",
    );
  }
  const [sha1, sha256] = await Promise.all([
    deriveKeys("SCRAM-SHA-1", prepared, random.bytes(saltBytes), iterations),
    deriveKeys("SCRAM-SHA-256", prepared, random.bytes(saltBytes), iterations),
  ]);
  return { "SCRAM-SHA-1": sha1, "SCRAM-SHA-256": sha256 };
}

/**
 * Whether it is the password of these credentials. The work is one PBKDF2, none for what can be nobody's password.
 * Throws Error if the stored keys are damaged.
 */
export async function checkPassword(credentials: StoredCredentials, password: string): Promise<boolean> {
  const prepared = opaqueString(password);
  if (prepared === undefined || prepared === "") return false;
  const name = credentials["SCRAM-SHA-256"] === undefined ? "SCRAM-SHA-1" : "SCRAM-SHA-256";
  const keys = decodeKeys(name, credentials);
  const salted = await saltedPassword(name, prepared, keys.salt, keys.iterations);
  return sameBytes(storedKeyOf(name, salted), keys.storedKey);
}

/** The form in which keys are computed with. */
export interface DecodedKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Throws Error if the keys are damaged or missing: a login against them could only fail, or worse. */
export function decodeKeys(name: ScramName, credentials: StoredCredentials): DecodedKeys {
  const keys = credentials[name];
  if (keys === undefined) throw new Error(`there are no ${name} keys: set the account's password again`);
  const salt = decodeBase64Strict(keys.salt);
  const storedKey = decodeBase64Strict(keys.storedKey);
  const serverKey = decodeBase64Strict(keys.serverKey);
  const whole = digest(name, "").length;
  if (!salt?.length || storedKey?.length !== whole || serverKey?.length !== whole || !(keys.iterations > 0)) {
    throw new Error(`the stored ${name} keys are damaged: set the account's password again`);
  }
  return { salt, iterations: keys.iterations, storedKey, serverKey };
}

async function deriveKeys(
  name: ScramName,
  prepared: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramKeys> {
  const salted = await saltedPassword(name, prepared, salt, iterations);
  return {
    salt: encodeBase64(salt),
    iterations,
    storedKey: encodeBase64(storedKeyOf(name, salted)),
    serverKey: encodeBase64(hmac(name, salted, "Server Key")),
  };
}

function storedKeyOf(name: ScramName, salted: Uint8Array): Uint8Array {
  return digest(name, hmac(name, salted, "Client Key"));
}
