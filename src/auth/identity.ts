import { parseJid, prepareLocal } from "../domain/jid.ts";
import { failure } from "./exchange.ts";
import type { SaslFailure } from "./exchange.ts";

export interface ClaimedIdentity {
  readonly kind: "claimed";
  /** The prepared localpart. */
  readonly username: string;
}

/**
 * Whom a client claims to be: the authentication identity is the localpart (RFC 6120 section 6.3.7), the authorization
 * identity, if there is one, that account's bare JID (RFC 6120 section 6.3.8). Nobody acts as somebody else here.
 * Decided by the message alone, so the answer says nothing about which accounts exist.
 */
export function claimedIdentity(
  authcid: string,
  authzid: string | undefined,
  host: string,
): ClaimedIdentity | SaslFailure {
  const username = prepareLocal(authcid);
  if (username === undefined || username === "") {
    // RFC 5802 section 5.1: abort where preparation fails. "@" is among what no localpart has (RFC 7622 section 3.3.1).
    return authcid.includes("@")
      ? failure("not-authorized", "the user name is no localpart, it has an @", { text: wholeJid })
      : failure("not-authorized", "the user name is no localpart (RFC 7622 section 3.3)");
  }
  if (authzid !== undefined) {
    const jid = parseJid(authzid);
    if (jid === undefined || jid.resource !== undefined || jid.local !== username || jid.domain !== host) {
      return failure("invalid-authzid", "the authorization identity is not the user name's bare JID", { username });
    }
  }
  return { kind: "claimed", username };
}

const wholeJid = "The user name is the part of the address before the @";
