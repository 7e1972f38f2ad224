/** Invitations by way of a room, and what comes of them (XEP-0045 sections 7.8.2, 7.9 and 9.5). */
import type { Jid } from "../domain/jid.ts";
import { roomInvitationsMax } from "../domain/limits.ts";
import type { Room } from "../domain/room.ts";
import type { Sender } from "../service/services.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { mucUser } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";

/** Who invites. */
export interface Inviter {
  /** Of the session that did it, or a bare one. */
  readonly jid: Jid;
  /** undefined: is not in the room. */
  readonly nick: string | undefined;
}

/** What is said with it. */
export interface Invitation {
  readonly reason?: string | undefined;
  /** It goes on with what two were talking about; `thread`: under this name. */
  readonly continues?: { readonly thread: string | undefined } | undefined;
}

/** To an account, whose server keeps it for later where nobody is there. What comes back goes to `sender`. */
export function invite(rooms: Rooms, step: Step, room: Room, inviter: Inviter, to: Jid, { reason, continues }: Invitation, sender: Sender): void {
  // In a semi-anonymous room the real JID is not told: section 7.8.2 lets it be the one in the room.
  const address = room.config.whois === "anyone" ? inviter.jid.bare : rooms.jidOf(room, inviter.nick).full;
  const { password } = room.config;
  const invitation = el(
    "invite",
    { from: address },
    reason === undefined ? undefined : el("reason", {}, reason),
    continues === undefined ? undefined : el("continue", { thread: continues.thread }),
  );
  remember(room, { invitee: to.bare, address, inviter: inviter.jid });
  post(rooms, step, room, to, el("x", { xmlns: mucUser }, invitation, password === null ? undefined : el("password", {}, password)), sender);
}

/** Tells who has invited somebody that the invitation is declined: an address as it was told with that, or the real one. Others hear nothing. */
export function decline(rooms: Rooms, step: Step, room: Room, invitee: Jid, to: Jid, reason: string | undefined): void {
  const invitations = sent.get(room) ?? [];
  const found = invitations.findLastIndex((one) => one.invitee === invitee.bare && (one.address === to.full || one.inviter.bare === to.bare));
  const [answered] = found === -1 ? [] : invitations.splice(found, 1);
  if (answered === undefined) return;
  const answer = el("decline", { from: invitee.bare }, reason === undefined ? undefined : el("reason", {}, reason));
  post(rooms, step, room, answered.inviter, el("x", { xmlns: mucUser }, answer), { deliver: () => {} });
}

interface Sent {
  /** A bare JID. */
  readonly invitee: string;
  /** The inviter's, as it was told. */
  readonly address: string;
  readonly inviter: Jid;
}

/**
 * The last invitations of each room, so that nobody can have a room say something to somebody who has not asked. In memory alone: who
 * declines after the server was started anew is not heard.
 */
const sent = new WeakMap<Room, Sent[]>();

function remember(room: Room, invitation: Sent): void {
  const invitations = sent.get(room) ?? [];
  sent.set(room, invitations);
  invitations.push(invitation);
  if (invitations.length > roomInvitationsMax) invitations.shift();
}

function post(rooms: Rooms, step: Step, room: Room, to: Jid, user: Element, sender: Sender): void {
  const id = rooms.host.nextId();
  const element = el("message", { xmlns: clientNamespace, from: room.bare, to: to.full, id }, user);
  rooms.host.send(step, { element, kind: "message", type: "normal", id, from: rooms.jidOf(room), to }, sender);
}
