/** SASL for client streams (RFC 6120 section 6): what is offered, and an exchange of each offered mechanism. */
import { encodeBase64 } from "./base64.ts";
import { offeredChannelBindings } from "./channel-binding.ts";
import type { SaslContext, SaslExchange } from "./exchange.ts";
import { offeredMechanisms, offerHash } from "./offer.ts";
import { plainExchange } from "./plain.ts";
import { scramExchange } from "./scram.ts";

export { offeredChannelBindings } from "./channel-binding.ts";
export type { SaslContext, SaslExchange, SaslFailure, SaslOutcome } from "./exchange.ts";
export { offeredMechanisms } from "./offer.ts";

/**
 * One exchange of `mechanism`; undefined if it is unknown or not offered here. The stream's features must list exactly
 * `offeredMechanisms` and `offeredChannelBindings`: clients are told their hash (XEP-0474 section 6.1).
 */
export function startExchange(mechanism: string, context: SaslContext): SaslExchange | undefined {
  const offered = offeredMechanisms(context);
  if (!offered.includes(mechanism)) return undefined;
  if (mechanism === "PLAIN") return plainExchange(context);
  const name = mechanism.startsWith("SCRAM-SHA-256") ? "SCRAM-SHA-256" : "SCRAM-SHA-1";
  return scramExchange(context, {
    name,
    plus: mechanism.endsWith("-PLUS"),
    serverNonce: encodeBase64(context.random.bytes(nonceBytes)),
    offerHash: offerHash(name, offered, offeredChannelBindings(context.secure)),
  });
}

/** 192 bits; base64 of it is printable and has no comma. */
const nonceBytes = 24;
