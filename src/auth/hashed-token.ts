/** SASL by a token that this server has given out: one message each way (draft-schmaus-kitten-sasl-ht; what XEP-0484 section 3.1 names). */
import { createHash, createHmac } from "node:crypto";
import type { SecureLink } from "../ports.ts";
import { channelBindingData } from "./channel-binding.ts";
import { failure, type SaslExchange, type SaslFailure } from "./exchange.ts";
import { claimedIdentity } from "./identity.ts";
import { sameBytes } from "./scram-hash.ts";
import { decodeUtf8, encodeUtf8 } from "./text.ts";

/** What each mechanism is bound to; null: nothing. The strongest first. */
const bindings: ReadonlyMap<string, string | null> = new Map([
  ["HT-SHA-256-EXPR", "tls-exporter"],
  ["HT-SHA-256-ENDP", "tls-server-end-point"],
  ["HT-SHA-256-NONE", null],
]);

/** Those that this connection can do. HT-SHA-256-UNIQ is not among them: nothing shows us that tls-unique would be unique (RFC 7627 section 6.1). */
export function tokenMechanisms(secure: SecureLink | null): readonly string[] {
  return [...bindings.keys()].filter((mechanism) => boundTo(mechanism, secure) !== undefined);
}

export function isTokenMechanism(mechanism: string): boolean {
  return bindings.has(mechanism);
}

/** The bytes that a mechanism binds to on this connection; undefined where it is none, or cannot be used. */
function boundTo(mechanism: string, secure: SecureLink | null): Uint8Array | undefined {
  const type = bindings.get(mechanism);
  return type === null ? new Uint8Array() : type === undefined ? undefined : channelBindingData(secure, type);
}

/**
 * A token, and its key as HMAC has it: a token is longer than the block of SHA-256, so that HMAC takes its hash in its place (RFC 2104
 * section 2). Whoever has the key can log in with it, and does not know the token.
 */
export function tokenKey(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/** Random bytes of a token; its text, in base64url, is longer than the 64 bytes of a block of SHA-256. */
export const tokenBytes = 54;

export function tokenText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/** A token that is to be used, by the key that belongs to it. */
export type TokenProof =
  | { readonly kind: "proven"; readonly username: string; readonly data: Uint8Array; readonly mark: string }
  | SaslFailure;

/** What is kept of a token that may be the one. */
export interface KnownToken {
  readonly key: Uint8Array;
  /** Which of the account's tokens it is. */
  readonly mark: string;
}

export interface HashedTokenContext {
  /** The host that the stream is to, prepared. */
  readonly host: string;
  readonly secure: SecureLink | null;
  /** The tokens of a user's device that go with a mechanism and are not over: none where there is no such account, or no such device. */
  readonly lookup: (username: string, mechanism: string) => Promise<readonly KnownToken[]>;
}

/**
 * Checks the only message. All that fails in it fails alike, whether there is such an account, such a device and such a token or not, and
 * after the same work (RFC 6120 section 6.5.10): with credentials-expired, upon which clients ask for the password (XEP-0484 section 4.2).
 */
export async function proveToken(mechanism: string, context: HashedTokenContext, message: Uint8Array): Promise<TokenProof> {
  const binding = boundTo(mechanism, context.secure);
  if (binding === undefined) return failure("invalid-mechanism", `no ${mechanism} on this connection`, { reason: "channel-binding" });
  // authcid NUL hashed-token: the hash is bytes, so what precedes the first NUL is the name.
  const end = message.indexOf(0);
  const name = end < 1 ? undefined : decodeUtf8(message.subarray(0, end));
  if (name === undefined) return failure("malformed-request", "the message is not user name NUL hashed token");
  const claimed = claimedIdentity(name, undefined, context.host);
  if (claimed.kind === "failure") return claimed;
  const { username } = claimed;
  const hashed = message.subarray(end + 1);
  const known = await context.lookup(username, mechanism);
  const checked: readonly KnownToken[] = [...known, ...decoys].slice(0, Math.max(known.length, decoys.length));
  const fitting = checked.filter(({ key }) => sameBytes(hmac(key, "Initiator", binding), hashed));
  const found = fitting.find((token) => known.includes(token));
  if (found === undefined) return failure("credentials-expired", "no token of this device fits", { username });
  return { kind: "proven", username, data: hmac(found.key, "Responder", binding), mark: found.mark };
}

/** An exchange of one message, which `prove` takes. */
export function tokenExchange(prove: (message: Uint8Array) => ReturnType<SaslExchange["respond"]>): SaslExchange {
  let over = false;
  return {
    async respond(message) {
      // XEP-0484 section 3.1: it succeeds or fails within one round trip.
      if (over || message === undefined) return failure("malformed-request", "a hashed token is the initial response, and the only one");
      over = true;
      try {
        return await prove(message);
      } catch (error) {
        return failure("temporary-auth-failure", error instanceof Error ? error.message : String(error));
      }
    },
  };
}

/** As many as a device has at most. */
const decoys: readonly KnownToken[] = ["one", "other"].map((mark) => ({ key: tokenKey(mark), mark }));

function hmac(key: Uint8Array, side: "Initiator" | "Responder", binding: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(Buffer.concat([encodeUtf8(side), binding])).digest();
}
