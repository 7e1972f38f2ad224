/**
 * Moderators take back what others have said: everybody is told, a tombstone takes the message's place in the archive and in what newcomers
 * are given, and its text is gone.
 */
import { archiveContentKey, archiveKeyOf } from "../domain/archive-keys.ts";
import { parseJid } from "../domain/jid.ts";
import { roomReasonCharsMax } from "../domain/limits.ts";
import { outranks } from "../domain/room-standing.ts";
import type { Room } from "../domain/room.ts";
import { affiliationOf } from "../muc/affiliation.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import { occupantIds } from "../muc/namespaces.ts";
import { occupantIdElement } from "../muc/occupant-ids.ts";
import { archive, tell } from "../muc/saying.ts";
import { keepSpeaker, speakerOf } from "../muc/speakers.ts";
import { actorOf } from "../muc/standing.ts";
import type { Extension } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { stanzaIdElement, stanzaIdOf } from "../xml/stanza-id.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { clientNamespace, el, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:message-moderate:1";
const retractNamespace = "urn:xmpp:message-retract:1";

export const moderatedRetraction: Extension = {
  name: "moderated-retraction",
  specification: { id: "XEP-0425", version: "0.3.0", title: "Moderated Message Retraction" },
  rooms: {
    iq: [{ xmlns, name: "moderate", types: ["set"], at: ["room"], handle: moderate }],
    roomFeatures: ({ config }) => (config.archive ? [xmlns] : []),
  },
};

function moderate(request: RoomIqRequest): RoomReply | Promise<RoomReply> {
  const { room, payload } = request;
  const fault = room === undefined ? noMessage : mayModerate(request, room);
  if (room === undefined || fault !== undefined) return { fault: fault ?? noMessage };
  const { id } = payload.attrs as { readonly id?: string };
  if (id === undefined) return refused("bad-request", "name the message by the id that the room gave it");
  if (payload.getChild("retract", retractNamespace) === undefined) return refused("feature-not-implemented", "messages can be retracted, nothing else");
  const reason = payload.getChild("reason", xmlns)?.getText() || undefined;
  if (reason !== undefined && reason.length > roomReasonCharsMax) return refused("policy-violation", `a reason has at most ${roomReasonCharsMax} characters`, "roomReasonCharsMax");
  return retract(request, room, id, reason);
}

function mayModerate({ rooms, iq }: RoomIqRequest, room: Room): StanzaFault | undefined {
  const { role } = actorOf(rooms, room, iq.from);
  return role === "moderator" ? undefined : { condition: "forbidden", text: "only moderators in the room take back what others have said" };
}

async function retract(request: RoomIqRequest, asked: Room, id: string, reason: string | undefined): Promise<RoomReply> {
  const { rooms, iq } = request;
  const cause = request.step.id;
  const found = await rooms.host.archive.find(asked, id);
  if (found === undefined) return { fault: noMessage };
  return rooms.host.run(cause, (step): RoomReply => {
    const room = rooms.read(step, asked.bare);
    const key = archiveKeyOf(found.logId);
    // Much may have happened while it was looked for.
    if (room === undefined || room !== asked || !room.exists || key === undefined || key <= (room.meta("archiveTrimmed") ?? "")) return { fault: noMessage };
    const message = readKept(rooms.host.log, room, `archived message ${id}`, found.text);
    if (message === undefined) return { fault: noMessage };
    const fault = mayModerate(request, room) ?? mayBeRetracted(request, room, message, id);
    if (fault !== undefined) return { fault };
    // It is done already, by somebody else or in another request.
    if (message.getChild("retracted", retractNamespace) !== undefined || retractedNow(room, found.logId)) return { result: undefined };
    const actor = actorOf(rooms, room, iq.from);
    const by = el("moderated", { xmlns, by: rooms.jidOf(room, actor.nick).full }, occupantIdElement(rooms, room, iq.from.bare));
    const why = reason === undefined ? [] : [el("reason", {}, reason)];
    const announced = rooms.host.nextId();
    const text = serialise(tombstone(room, message, id, el("retracted", { xmlns: retractNamespace, id: announced, stamp: new Date(step.at).toISOString() }, by, ...why)));
    const data = { id: found.logId, by: iq.from.bare, bytes: Buffer.byteLength(text) };
    rooms.change(step, room, "RoomMessageRetracted", data, { contents: [{ key: archiveContentKey(key), text }] });
    const retraction = el("retract", { xmlns: retractNamespace, id }, by, ...why);
    const announcement = el("message", { xmlns: clientNamespace, type: "groupchat", id: announced, from: room.bare }, retraction);
    // XEP-0424 section 5: for those who were not there.
    archive({ rooms, step, room }, announcement);
    tell({ rooms, step, room }, announcement);
    return { result: undefined };
  });
}

/** Between the reading and now the archive may have changed; what the room remembers has not. */
function retractedNow(room: Room, logId: string): boolean {
  const said = room.said.find((message) => message.id === logId);
  return said !== undefined && adoptElement(said.text).getChild("retracted", retractNamespace) !== undefined;
}

/** As for kicking (XEP-0045 section 8.2): not of somebody whose affiliation is higher. */
function mayBeRetracted({ rooms, iq }: RoomIqRequest, room: Room, message: Element, id: string): StanzaFault | undefined {
  const speaker = speakerOf(message);
  // XEP-0425 section 5: what is no message of a person is not moderated.
  if (speaker === undefined) return { condition: "not-allowed", text: "this was said by the room itself" };
  const author = parseJid(speaker)?.bare ?? speaker;
  if (author !== iq.from.bare && outranks(affiliationOf(rooms, room, author), affiliationOf(rooms, room, iq.from.bare))) {
    return { condition: "not-allowed", text: "what somebody has said whose affiliation is higher than yours stays" };
  }
  const subject = room.meta("subject");
  const isCurrent = subject !== undefined && stanzaIdOf(adoptElement(subject.stanza), room.bare) === id;
  return isCurrent ? { condition: "not-acceptable", text: "this is the subject of the room: set another one first" } : undefined;
}

/** XEP-0425 section 4: nothing of it but who, when and under which id, and why it is there no more. */
function tombstone({ bare }: Room, message: Element, id: string, retracted: Element): Element {
  const { from, type, id: own } = message.attrs as Record<string, string | undefined>;
  const copy = el("message", { xmlns: clientNamespace, type, id: own, from }, message.getChild("occupant-id", occupantIds), retracted, stanzaIdElement(bare, id));
  return keepSpeaker(message, copy);
}

const noMessage: StanzaFault = { condition: "item-not-found", text: "the room has kept no such message" };

function refused(condition: StanzaFault["condition"], text: string, limit?: StanzaFault["limit"]): RoomReply {
  return { fault: { condition, text, ...(limit !== undefined && { limit }) } };
}
