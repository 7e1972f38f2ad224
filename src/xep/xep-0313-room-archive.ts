/** The archives of rooms: what was said to everybody, for those who may come in and hear it (XEP-0313 section 6.1.2). */
import type { Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import { affiliationPrivileges } from "../domain/room-standing.ts";
import { roleOnEnteringOf } from "../muc/affiliation.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import { mucUser } from "../muc/namespaces.ts";
import type { Rooms } from "../muc/rooms.ts";
import { takeSpeaker } from "../muc/speakers.ts";
import { actorOf } from "../muc/standing.ts";
import type { Extension } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Element } from "../xml/element.ts";
import { stanzaIdNamespace } from "../xml/stanza-id.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";
import { archiveNamespace as xmlns, noSuchMessage, queryForm, readQuery, type AskedQuery } from "./xep-0313-query-form.ts";
import { boundsInQueue, emptyResult, finElement, metadataElement, resultElement, resultMessage } from "./xep-0313-query.ts";

export const roomArchive: Extension = {
  name: "room-archive",
  specification: {
    id: "XEP-0313",
    version: "1.1.3",
    title: "Message Archive Management",
    missing: ["The archive of a room is searched by addresses in the room, not by the real ones of those who may be known (section 4.1.1)."],
  },
  rooms: {
    iq: [
      { xmlns, name: "query", types: ["set"], at: ["room"], handle: query },
      { xmlns, name: "query", types: ["get"], at: ["room"], handle: describeForm },
      { xmlns, name: "metadata", types: ["get"], at: ["room"], handle: metadata },
    ],
    roomFeatures: ({ config }) => (config.archive ? [xmlns, `${xmlns}#extended`, stanzaIdNamespace] : []),
  },
};

function query(request: RoomIqRequest): RoomReply | Promise<RoomReply> {
  const { rooms, room, iq, payload } = request;
  const fault = refusal(rooms, room, iq.from);
  if (room === undefined || fault !== undefined) return { fault: fault ?? noRoom };
  const asked = readQuery(payload, "room");
  if ("fault" in asked) return asked;
  // XEP-0313 section 4.1.1: whoever asks by a real JID might learn whose it is.
  const { with: speaker } = asked.query;
  if (speaker !== undefined && speaker.bare !== room.bare) return { fault: { condition: "feature-not-implemented", text: `with: an address in the room, ${room.bare}/NICK` } };
  return answer(request, room, asked);
}

/** XEP-0313 section 4.1.5. */
function describeForm({ rooms, room, iq }: RoomIqRequest): RoomReply {
  const fault = refusal(rooms, room, iq.from);
  return fault === undefined ? { result: el("query", { xmlns }, queryForm("room")) } : { fault };
}

/** XEP-0313 section 5. */
function metadata({ rooms, room, iq }: RoomIqRequest): RoomReply | Promise<RoomReply> {
  const fault = refusal(rooms, room, iq.from);
  if (room === undefined || fault !== undefined) return { fault: fault ?? noRoom };
  return rooms.host.archive.ends(room).then((ends) => ({ result: metadataElement(ends) }));
}

/** XEP-0313 section 6.1.2: who has the right to enter, now; of several sessions of a user, any that is there has brought the password. */
function refusal(rooms: Rooms, room: Room | undefined, from: Jid): StanzaFault | undefined {
  if (room === undefined) return noRoom;
  const { affiliation, role } = actorOf(rooms, room, from);
  if (room.locked && affiliation !== "owner") return noRoom;
  if (!room.config.archive) return { condition: "service-unavailable", text: "this room keeps no archive" };
  if (roleOnEnteringOf(rooms, room, from.bare) === undefined) return { condition: "forbidden", text: "the archive is for those who may enter the room" };
  const knowsPassword = room.config.password === null || role !== "none" || affiliationPrivileges.changeConfiguration[affiliation];
  return knowsPassword ? undefined : { condition: "forbidden", text: "enter the room first: it has a password" };
}

async function answer({ rooms, step, iq, sender }: RoomIqRequest, asked: Room, { query, queryId, flipped }: AskedQuery): Promise<RoomReply> {
  const { host } = rooms;
  const bounds = boundsInQueue(host.queue, query.page.max, emptyResult(iq, asked, queryId));
  const page = await host.archive.page(asked, { ...query, page: { ...query.page, ...bounds } });
  if ("missing" in page) return noSuchMessage;
  const { messages } = page;
  // The answer comes right after this (XEP-0313 section 4), before anything else can be committed.
  return host.run(step.id, (step) => {
    const room = rooms.read(step, asked.bare) ?? asked;
    // Who was removed meanwhile, or has lost the room, has no right any more.
    const fault = refusal(rooms, room.exists ? room : undefined, iq.from);
    if (fault !== undefined) return { fault };
    const sees = knowsSpeakers(rooms, room, iq.from);
    for (const message of flipped ? messages.toReversed() : messages) {
      const stanza = readKept(host.log, room, `archived message ${message.id}`, message.text);
      if (stanza !== undefined) tellSpeaker(stanza, sees);
      sender.deliver(step, resultMessage(iq, room, host.nextId(), resultElement(message, stanza, queryId)), { copy: true, why: "asked of the archive" });
    }
    return { result: finElement(page) };
  });
}

/** Of a message that was said where real JIDs were hidden, and of one that was said where they were not. */
interface Sight {
  readonly hidden: boolean;
  readonly open: boolean;
}

/** XEP-0313 section 6.1.2: as somebody who is in the room would see them. Who spoke where nobody but moderators knew it stays unknown. */
function knowsSpeakers(rooms: Rooms, room: Room, from: Jid): Sight {
  const { affiliation, role } = actorOf(rooms, room, from);
  const hidden = role === "moderator" || affiliationPrivileges.assignModerator[affiliation];
  return { hidden, open: hidden || room.config.whois === "anyone" };
}

function tellSpeaker(stanza: Element, { hidden, open }: Sight): void {
  const speaker = takeSpeaker(stanza);
  if (speaker === undefined || !(speaker.open ? open : hidden)) return;
  stanza.cnode(el("x", { xmlns: mucUser }, speaker.item));
}

const noRoom: StanzaFault = { condition: "item-not-found", text: "there is no such room" };
