/** Who is notified of what happens to a node: those who may have its items and want to hear of it (XEP-0163 section 4, XEP-0060 section 9). */
import type { Account } from "../domain/account.ts";
import { belongsTo, makeJid, parseJid, type Jid } from "../domain/jid.ts";
import { shows } from "../domain/roster.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { retrieveFault, type Guarded } from "./access.ts";
import type { NodeHost } from "./host.ts";
import { interestIn } from "./node.ts";
import { subscribersOf, subscriptionsOfUser } from "./people-rows.ts";

export interface Recipient {
  readonly session: Session;
  readonly account: Account;
  /** The session's full JID; the subscriber's bare one where that is all it has said (XEP-0163 section 4.3.2, rule 2). */
  readonly to: Jid;
}

/** Each session once. `pending`: also those whose subscription waits for the owner. */
export function audienceOf(host: NodeHost, step: Step, account: Account, node: Guarded, pending = false): readonly Recipient[] {
  if (!node.config.deliver_notifications) return [];
  const users = new Set([account.bare]);
  for (const contact of account.contacts.values()) if (shows(contact)) users.add(contact.jid);
  if (node.config.access_model === "open") for (const { bare } of host.directedTo(account.bare)) users.add(bare);
  for (const bare of subscribersOf(account, node.id)) users.add(bare);
  return [...users].flatMap((bare) => audienceAmong(host, step, account, node, bare, pending));
}

/** Those of one user. */
export function audienceAmong(host: NodeHost, step: Step, account: Account, node: Guarded, bareJid: string, pending = false): readonly Recipient[] {
  const sessions = node.config.deliver_notifications ? host.sessions(bareJid) : [];
  // Most users are not there.
  if (sessions.length === 0) return [];
  const found = new Map<Session, Recipient>();
  for (const session of sessions) {
    if (!wants(host, session, node.id)) continue;
    const reader = host.account(step, bareJid);
    if (reader !== undefined && isInvolved(account, node, reader, session)) found.set(session, { session, account: reader, to: session.jid });
  }
  for (const { jid, state } of subscriptionsOfUser(account, bareJid, node.id)) {
    if (state !== "subscribed" && !pending) continue;
    for (const recipient of subscribersAt(host, step, account, node, parseJid(jid), state === "pending")) {
      if (!found.has(recipient.session)) found.set(recipient.session, recipient);
    }
  }
  return [...found.values()];
}

/** Whether this session is notified of the node without having subscribed to it: it wants to be, and may. */
export function isReached(host: NodeHost, account: Account, node: Guarded, reader: Account, session: Session): boolean {
  return node.config.deliver_notifications && wants(host, session, node.id) && isInvolved(account, node, reader, session);
}

/** An explicit subscription's sessions: the one that it names, or those of its user that want it, or else its user. */
export function subscribersAt(
  host: NodeHost, step: Step, account: Account, node: Guarded, jid: Jid | undefined, pending = false,
): readonly Recipient[] {
  const reader = jid === undefined ? undefined : host.account(step, jid.bare);
  if (jid === undefined || reader === undefined) return [];
  const able = host.sessions(jid.bare).filter((session) => {
    if (!session.connected || !session.available || isApart(account, reader, session)) return false;
    return pending || retrieveFault(account, node, { from: session.jid }) === undefined;
  });
  if (jid.resource !== undefined) {
    return able.filter(({ resource }) => resource === jid.resource).map((session) => ({ session, account: reader, to: jid }));
  }
  const willing = able.filter((session) => wants(host, session, node.id));
  if (willing.length > 0) return willing.map((session) => ({ session, account: reader, to: session.jid }));
  // RFC 6121 section 8.5.2.1.1: a headline for a bare JID.
  return able.filter(({ priority }) => priority >= 0).map((session) => ({ session, account: reader, to: jid }));
}

export function jidOf({ username, host }: Account): Jid {
  return makeJid(username, host);
}

function wants(host: NodeHost, session: Session, node: string): boolean {
  return session.connected && session.available && host.features(session).has(interestIn(node));
}

/** Its user is the owner, or sees the owner's presence, or shows itself to the owner (XEP-0060 section 9.1). */
function isInvolved(account: Account, node: Guarded, reader: Account, session: Session): boolean {
  if (reader === account) return true;
  if (isApart(account, reader, session) || retrieveFault(account, node, { from: session.jid }) !== undefined) return false;
  if (account.shows(reader.bare)) return true;
  return node.config.access_model === "open" && session.directed.some((to) => belongsTo(to, account.bare));
}

function isApart(account: Account, reader: Account, session: Session): boolean {
  return account.blocks(session.jid) || reader.blocks(jidOf(account));
}
