/** Invitations that a room passes on, and answers to them (XEP-0045 sections 7.8.2, 7.9 and 9.5). */
import { parseJid, type Jid } from "../domain/jid.ts";
import { roomInvitesAtOnceMax, roomReasonCharsMax } from "../domain/limits.ts";
import { stanzaErrorTypes, type StanzaErrorCondition } from "../domain/errors.ts";
import { affiliationPrivileges, roleMay } from "../domain/room-standing.ts";
import { affiliationOf } from "../muc/affiliation.ts";
import type { RoomMessage } from "../muc/contract.ts";
import { decline, invite, type Invitation } from "../muc/inviting.ts";
import { mucUser } from "../muc/namespaces.ts";
import { affiliationFaults } from "../muc/standing-faults.ts";
import { actorOf, setAffiliations, type Actor } from "../muc/standing.ts";
import type { Extension } from "../router/extension.ts";
import type { Sender } from "../service/services.ts";
import type { Element } from "../xml/element.ts";
import { stanzaError, stanzasNamespace, type StanzaFault } from "../xml/stanza.ts";

export const roomInvitation: Extension = {
  name: "room-invitation",
  specification: {
    id: "XEP-0045",
    version: "1.35.5",
    title: "Multi-User Chat",
    missing: ["Who declines an invitation of before the last start of the server is not heard (section 7.8.2): nobody could tell it from a made-up one."],
  },
  rooms: { messages: [take] },
};

function take(message: RoomMessage): undefined | "taken" | StanzaFault {
  const { stanza } = message;
  const user = stanza.type === "normal" ? stanza.element.getChild("x", mucUser) : undefined;
  const invites = user?.getChildren("invite", mucUser) ?? [];
  if (invites.length > 0) return inviteAll(message, invites);
  const declined = user?.getChild("decline", mucUser);
  return declined === undefined ? undefined : declineOne(message, declined);
}

/** All of them, or nobody. */
function inviteAll(message: RoomMessage, invites: readonly Element[]): "taken" | StanzaFault {
  const { rooms, room, step, stanza, nick } = message;
  const row = nick === undefined ? undefined : room.occupants.get(nick);
  if (nick === undefined || row === undefined) return { condition: "not-acceptable", text: "enter the room first" };
  const actor = actorOf(rooms, room, stanza.from);
  // Section 9.5: where nothing else is said it is those who edit the list of members who invite to a members-only room.
  const { membersOnly, allowInvites } = room.config;
  const may = roleMay(row.role, "inviteOthers", room.config) && (!membersOnly || allowInvites || affiliationPrivileges.editMemberList[actor.affiliation]);
  if (!may) return { condition: "forbidden", text: "you may not invite others to this room" };
  if (invites.length > roomInvitesAtOnceMax) return { condition: "policy-violation", text: `invite at most ${roomInvitesAtOnceMax} at once`, limit: "roomInvitesAtOnceMax" };
  const invitees: { readonly to: Jid; readonly invitation: Invitation }[] = [];
  for (const element of invites) {
    const read = readInvite(element);
    if ("condition" in read) return read;
    const fault = inviteeFault(message, actor, read.to);
    if (fault !== undefined) return fault;
    invitees.push(read);
  }
  // Section 9.5: only by way of an open room nobody becomes a member.
  const newcomers = [...new Set(invitees.map(({ to }) => to.bare))].filter((jid) => membersOnly && affiliationOf(rooms, room, jid) === "none");
  const changes = newcomers.map((jid) => ({ jid, affiliation: "member" as const }));
  // By inviting alone, members do here what is an admin's else.
  const fault = affiliationFaults(rooms, room, { ...actor, affiliation: "owner" }, changes).find((fault) => fault !== undefined);
  if (fault !== undefined) return fault;
  setAffiliations(rooms, step, room, actor, changes, { invite: false })(step);
  const sender = errorsTo(message);
  for (const { to, invitation } of invitees) invite(rooms, step, room, { jid: stanza.from, nick }, to, invitation, sender);
  return "taken";
}

function readInvite(element: Element): { readonly to: Jid; readonly invitation: Invitation } | StanzaFault {
  const to = parseJid((element.attrs as { readonly to?: string }).to ?? "");
  if (to === undefined) return { condition: "jid-malformed", text: "this is the address of nobody whom you could invite" };
  const reason = reasonOf(element);
  if (typeof reason === "object") return reason;
  const continues = element.getChild("continue", mucUser);
  const thread = (continues?.attrs as { readonly thread?: string } | undefined)?.thread;
  return { to, invitation: { reason, continues: continues && { thread } } };
}

/** A person, and none who is banned: of that only those hear who may know it (section 9.2). */
function inviteeFault({ rooms, room }: RoomMessage, actor: Actor, to: Jid): StanzaFault | undefined {
  if (to.local === undefined) return nobody;
  if (affiliationOf(rooms, room, to.bare) !== "outcast") return undefined;
  return affiliationPrivileges.ban[actor.affiliation] ? { condition: "not-allowed", text: "who is banned from the room cannot be invited" } : nobody;
}

/** Section 7.8.2. An account that takes nothing from the room says no more than one that is not there. */
const nobody: StanzaFault = { condition: "item-not-found", text: "nobody there takes your invitation" };

/** The inviter hears of the first one that could not be delivered: one message has one error. */
function errorsTo({ sender, stanza }: RoomMessage): Sender {
  let told = false;
  return {
    deliver(step, element) {
      if (told) return;
      told = true;
      const condition = conditionOf(element);
      const isThere = condition !== undefined && !["service-unavailable", "item-not-found", "remote-server-not-found"].includes(condition);
      sender.deliver(step, stanzaError(stanza, isThere ? { condition, text: "" } : nobody));
    },
  };
}

function conditionOf(element: Element): StanzaErrorCondition | undefined {
  const names = Object.keys(stanzaErrorTypes) as StanzaErrorCondition[];
  return names.find((name) => element.getChild("error")?.getChild(name, stanzasNamespace) !== undefined);
}

/** Who was invited answers, and is nowhere named in the room. Whoever was not is told nothing, nor who is there. */
function declineOne({ rooms, room, step, stanza }: RoomMessage, element: Element): "taken" | StanzaFault {
  const to = parseJid((element.attrs as { readonly to?: string }).to ?? "");
  if (to === undefined) return { condition: "jid-malformed", text: "this is the address of nobody who could have invited you" };
  const reason = reasonOf(element);
  if (typeof reason === "object") return reason;
  decline(rooms, step, room, stanza.from, to, reason);
  return "taken";
}

function reasonOf(element: Element): string | undefined | StanzaFault {
  const reason = element.getChild("reason", mucUser)?.getText() || undefined;
  return reason !== undefined && reason.length > roomReasonCharsMax ? { condition: "policy-violation", text: `a reason has at most ${roomReasonCharsMax} characters`, limit: "roomReasonCharsMax" } : reason;
}
