/** Voice on request: a visitor asks the room, the room asks its moderators, one of them answers (XEP-0045 sections 7.13 and 8.6). */
import { parseJid } from "../domain/jid.ts";
import { voiceRequestMs, voiceRequestsMax } from "../domain/limits.ts";
import type { LimitName } from "../domain/refusals.ts";
import type { Room } from "../domain/room.ts";
import type { RoomMessage } from "../muc/contract.ts";
import { muc } from "../muc/namespaces.ts";
import { give, sessionsOf } from "../muc/showing.ts";
import { roleFaults } from "../muc/standing-faults.ts";
import { actorOf, setRoles } from "../muc/standing.ts";
import type { Extension } from "../router/extension.ts";
import { booleanOf, dataForm, findForm, readForm, type DataForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el, type StanzaFault } from "../xml/stanza.ts";

const formType = `${muc}#request`;

export const roomVoice: Extension = {
  name: "room-voice",
  specification: { id: "XEP-0045", version: "1.35.5", title: "Multi-User Chat" },
  rooms: { messages: [take] },
};

function take(message: RoomMessage): undefined | "taken" | StanzaFault {
  const { room, nick, stanza } = message;
  const element = stanza.type === "groupchat" ? undefined : findForm(stanza.element);
  const form = element === undefined ? undefined : readForm(element);
  if (form?.formType !== formType) return undefined;
  const row = nick === undefined ? undefined : room.occupants.get(nick);
  if (nick === undefined || row === undefined) return { condition: "not-acceptable", text: "enter the room first" };
  if (form.kind === "cancel") return "taken";
  if (form.kind !== "submit") return { condition: "bad-request", text: "submit the form" };
  if (row.role === "moderator" && form.fields.has("muc#request_allow")) return answer(message, form);
  if (form.fields.has("muc#request_allow")) return { condition: "forbidden", text: "only moderators give voice" };
  if (valueOf(form, "muc#role") !== "participant") return { condition: "not-acceptable", text: "the role to ask for is participant" };
  return row.role === "visitor" ? ask(message, nick) : { condition: "not-acceptable", text: "you have voice" };
}

/** Section 8.6: all moderators are asked. */
function ask({ rooms, room, step, stanza }: RoomMessage, nick: string): "taken" | StanzaFault {
  const moderators = sessionsOf(room).filter(({ row }) => row.role === "moderator");
  if (moderators.length === 0) return { condition: "recipient-unavailable", text: "no moderator is in the room" };
  const limit = limitOf(room, stanza.from.bare, step.at);
  if (limit !== undefined) return { condition: "resource-constraint", text: "ask again later", limit };
  const id = rooms.host.nextId();
  for (const { jid } of moderators) {
    give(rooms, step, jid, el("message", { xmlns: clientNamespace, from: room.bare, to: jid, id }, approvalForm(stanza.from.full, nick)));
  }
  return "taken";
}

function approvalForm(jid: string, nick: string): Element {
  const form = dataForm("form", formType, [
    { var: "muc#role", type: "list-single", label: "Requested role", values: ["participant"], options: ["participant"] },
    { var: "muc#jid", type: "jid-single", label: "User ID", values: [jid] },
    { var: "muc#roomnick", type: "text-single", label: "Room Nickname", values: [nick] },
    { var: "muc#request_allow", type: "boolean", label: "Grant voice to this person?", values: ["false"] },
  ]);
  form.children.unshift(
    el("title", {}, "Voice request"),
    el("instructions", {}, "To approve this request for voice, select “Grant voice to this person?” and submit the form. To skip it, cancel."),
  );
  return form;
}

/** It is the occupant whom the form names, even under another nick by now. What somebody else has answered meanwhile stays. */
function answer({ rooms, room, step, stanza }: RoomMessage, form: DataForm): "taken" | StanzaFault {
  const allowed = booleanOf(valueOf(form, "muc#request_allow"));
  if (allowed === undefined) return { condition: "bad-request", text: "muc#request_allow is true or false" };
  if (!allowed) return "taken";
  if ((valueOf(form, "muc#role") ?? "participant") !== "participant") return { condition: "not-acceptable", text: "the role to give is participant" };
  const jid = parseJid(valueOf(form, "muc#jid") ?? "");
  const nick = jid === undefined ? undefined : room.nickOf(jid.full);
  const row = nick === undefined ? undefined : room.occupants.get(nick);
  if (nick === undefined || row === undefined) return { condition: "item-not-found", text: "the one who has asked is in the room no more" };
  if (row.role !== "visitor") return "taken";
  const actor = actorOf(rooms, room, stanza.from);
  const change = { nick, role: "participant" as const };
  const [fault] = roleFaults(rooms, room, actor, [change]);
  if (fault !== undefined) return fault;
  setRoles(rooms, step, room, actor, [change])(step);
  return "taken";
}

/** By bare JID: when somebody has asked last, for as long as that counts. */
const asked = new WeakMap<Room, Map<string, number>>();

/** Moderators are not to be flooded: neither by one who asks again and again, nor by many at once (section 14.6). */
function limitOf(room: Room, bareJid: string, at: number): LimitName | undefined {
  const recent = new Map([...(asked.get(room) ?? [])].filter(([, since]) => at - since < voiceRequestMs));
  asked.set(room, recent);
  if (recent.has(bareJid)) return "voiceRequestMs";
  if (recent.size >= voiceRequestsMax) return "voiceRequestsMax";
  recent.set(bareJid, at);
  return undefined;
}

function valueOf({ fields }: DataForm, name: string): string | undefined {
  return fields.get(name)?.[0];
}
