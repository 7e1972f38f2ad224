import { offeredChannelBindings } from "./channel-binding.ts";
import { encodeBase64 } from "./base64.ts";
import { digest } from "./scram-hash.ts";
import type { ScramName } from "./scram-hash.ts";
import type { SaslContext } from "./exchange.ts";

/**
 * What `<mechanisms/>` lists, in this order (RFC 6120 section 6.3.3): channel binding before none, then the stronger
 * hash, PLAIN last. Nothing at all without TLS, unless `plaintextAllowed` (RFC 6120 section 6.3.4); -PLUS only with
 * something to bind to.
 */
export function offeredMechanisms(context: Pick<SaslContext, "secure" | "plaintextAllowed">): readonly string[] {
  if (context.secure === null && !context.plaintextAllowed) return [];
  return offeredChannelBindings(context.secure).length > 0 ? [...bound, ...unbound] : unbound;
}

const bound = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"];
const unbound = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];

/**
 * XEP-0474 section 6.1: the value of the attribute `h`, by which a client knows that the lists it saw are the lists
 * that were sent. `channelBindings` is empty where XEP-0440 was not used.
 */
export function offerHash(name: ScramName, mechanisms: readonly string[], channelBindings: readonly string[]): string {
  const lists = channelBindings.length > 0 ? [mechanisms, channelBindings] : [mechanisms];
  // All names are ASCII, where the order of code units is i;octet.
  const text = lists.map((names) => names.toSorted().join("\x1e")).join("\x1f");
  return encodeBase64(digest(name, text));
}
