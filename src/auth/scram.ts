/** SCRAM, the server's side (RFC 5802 sections 3, 5 and 6; RFC 7677). */
import { encodeBase64 } from "./base64.ts";
import { channelBindingData, offeredChannelBindings } from "./channel-binding.ts";
import { decoyCredentials } from "./decoy.ts";
import { clientFirstExchange, failure, refuse } from "./exchange.ts";
import type { SaslContext, SaslExchange, SaslFailure, Turn } from "./exchange.ts";
import { claimedIdentity } from "./identity.ts";
import { decodeKeys } from "./keys.ts";
import type { DecodedKeys } from "./keys.ts";
import { parseClientFinal, parseClientFirst } from "./scram-messages.ts";
import type { ClientFirst } from "./scram-messages.ts";
import { digest, hmac, sameBytes } from "./scram-hash.ts";
import type { ScramName } from "./scram-hash.ts";
import { encodeUtf8 } from "./text.ts";

export interface ScramVariant {
  readonly name: ScramName;
  /** Whether the mechanism is the -PLUS one. */
  readonly plus: boolean;
  /** Unpredictable, printable ASCII without ",". */
  readonly serverNonce: string;
  /** The attribute `h` of XEP-0474, if it is to be sent. */
  readonly offerHash?: string;
}

export function scramExchange(context: SaslContext, variant: ScramVariant): SaslExchange {
  return clientFirstExchange((response) => answerFirst(context, variant, response));
}

async function answerFirst(context: SaslContext, variant: ScramVariant, response: Uint8Array): Promise<Turn> {
  const first = parseClientFirst(response);
  if ("malformed" in first) return refuse("malformed-request", first.malformed);
  const binding = agreedBinding(context, variant, first.flag);
  if (binding.kind === "failure") return { outcome: binding };
  const claimed = claimedIdentity(first.username, first.authzid, context.host);
  if (claimed.kind === "failure") return { outcome: claimed };

  const refused = await context.admit?.(claimed.username);
  if (refused !== undefined) return { outcome: refused };
  // The decoy is made for accounts that exist, too: both cost the same.
  const decoy = decoyCredentials(context, claimed.username);
  const found = await context.lookup(claimed.username);
  // Who has keys of the other hash alone goes the way of a wrong password, too.
  const why = found === undefined ? "no such account" : `no ${variant.name} keys, until the password is set again`;
  const known = found?.[variant.name] !== undefined;
  const keys = decodeKeys(variant.name, known ? found : decoy);

  const nonce = first.nonce + variant.serverNonce;
  // XEP-0474 section 6.1. To a client that does not know it, an optional extension (RFC 5802 section 5.1).
  const protection = variant.offerHash === undefined ? "" : `,h=${variant.offerHash}`;
  const serverFirst = `r=${nonce},s=${encodeBase64(keys.salt)},i=${keys.iterations}${protection}`;
  const asked: Asked = {
    name: variant.name,
    username: claimed.username,
    unknown: known ? undefined : why,
    keys,
    nonce,
    bindingInput: Buffer.concat([encodeUtf8(first.gs2Header), binding.data]),
    transcript: `${first.bare},${serverFirst}`,
  };
  return {
    outcome: { kind: "challenge", data: encodeUtf8(serverFirst) },
    next: (response) => answerFinal(asked, response),
  };
}

/** What the final message is held against. */
interface Asked {
  readonly name: ScramName;
  readonly username: string;
  /** Why nobody can log in so, whatever the password: for the log. */
  readonly unknown: string | undefined;
  readonly keys: DecodedKeys;
  readonly nonce: string;
  readonly bindingInput: Uint8Array;
  /** The part of AuthMessage that precedes the client's final message. */
  readonly transcript: string;
}

function answerFinal(asked: Asked, response: Uint8Array): Turn {
  const { name, username, keys } = asked;
  const final = parseClientFinal(response);
  if ("malformed" in final) return refuse("malformed-request", final.malformed, { username });
  if (!sameBytes(final.channelBinding, asked.bindingInput)) {
    const why = "channel binding differs: somebody between, or a client that computes it otherwise";
    return refuse("not-authorized", why, { username, reason: "channel-binding" });
  }
  if (!sameBytes(encodeUtf8(final.nonce), encodeUtf8(asked.nonce))) {
    return refuse("not-authorized", "the nonce is not the one that was sent", { username });
  }
  const authMessage = `${asked.transcript},${final.withoutProof}`;
  const proved = provesPassword(name, keys.storedKey, authMessage, final.proof);
  if (asked.unknown !== undefined) return refuse("not-authorized", asked.unknown, { username });
  if (!proved) return refuse("not-authorized", "wrong password", { username });
  const verifier = encodeBase64(hmac(name, keys.serverKey, authMessage));
  return { outcome: { kind: "success", username, data: encodeUtf8(`v=${verifier}`) } };
}

/** RFC 5802 section 3: the proof gives the ClientKey to whoever has the StoredKey, which is its hash. */
function provesPassword(name: ScramName, storedKey: Uint8Array, authMessage: string, proof: Uint8Array): boolean {
  const signature = hmac(name, storedKey, authMessage);
  if (proof.length !== signature.length) return false;
  const clientKey = proof.map((byte, at) => byte ^ (signature[at] ?? 0));
  return sameBytes(digest(name, clientKey), storedKey);
}

/** RFC 5802 section 6: what the exchange is bound to (nothing: no bytes), or why it cannot go on. */
function agreedBinding(
  context: SaslContext,
  variant: ScramVariant,
  flag: ClientFirst["flag"],
): { readonly kind: "agreed"; readonly data: Uint8Array } | SaslFailure {
  if (variant.plus) {
    if (flag.kind !== "p") return failure("malformed-request", `a -PLUS mechanism that binds nothing: ${flag.kind}`);
    const data = channelBindingData(context.secure, flag.type);
    if (data !== undefined) return { kind: "agreed", data };
    // RFC 6120 section 6.5.7: what was asked for is not here, another mechanism is. not-authorized would send a person
    // to look for the mistake in the password.
    // COMPAT(slixmpp, 1.8): takes any -PLUS it sees, speaks tls-unique alone, and goes on to its next after a failure.
    return failure("invalid-mechanism", `no channel binding ${flag.type.slice(0, 64)} on this connection`, {
      text: `Channel bindings here: ${offeredChannelBindings(context.secure).join(", ")}`,
      reason: "channel-binding",
    });
  }
  if (flag.kind === "p") return failure("malformed-request", `${variant.name} cannot bind: -PLUS is missing`);
  if (flag.kind === "y" && offeredChannelBindings(context.secure).length > 0) {
    return failure("not-authorized", "downgrade: the client can bind and did not see -PLUS, which was offered", {
      text: "This server offers channel binding",
      reason: "channel-binding",
    });
  }
  return { kind: "agreed", data: new Uint8Array() };
}
