/** What service discovery tells of a service of rooms, and of a room (XEP-0045 section 6). */
import type { EntityForm } from "../domain/entity-caps.ts";
import type { Room } from "../domain/room.ts";
import { affiliationOf, roleOnEnteringOf } from "../muc/affiliation.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import { muc } from "../muc/namespaces.ts";
import type { Rooms } from "../muc/rooms.ts";
import type { Extension } from "../router/extension.ts";
import { descriptionElement } from "../xml/entity-caps.ts";
import { resultSetNamespace } from "../xml/result-set.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { clientNamespace, type StanzaFault } from "../xml/stanza.ts";
import { itemsNamespace, listOccupants, listRooms } from "./xep-0045-items.ts";

const info = "http://jabber.org/protocol/disco#info";
const roomInfo = `${muc}#roominfo`;
/** Section 7.4: of the service and of its rooms, which give messages the ids that their senders did. */
const stableId = `${muc}#stable_id`;

export const roomDiscovery: Extension = {
  name: "room-discovery",
  specification: {
    id: "XEP-0045",
    version: "1.35.5",
    title: "Multi-User Chat",
    missing: ["Neither the service nor a room has a list of allowed namespaces (the node muc#traffic, section 18.1.1): all of them are."],
  },
  rooms: {
    iq: [
      { xmlns: info, name: "query", types: ["get"], at: ["service", "room"], handle: describe },
      { xmlns: itemsNamespace, name: "query", types: ["get"], at: ["service", "room"], handle: list },
      { xmlns: info, name: "query", types: ["get"], at: ["occupant"], handle: ofOccupant },
      { xmlns: itemsNamespace, name: "query", types: ["get"], at: ["occupant"], handle: ofOccupant },
    ],
    serviceFeatures: [info, itemsNamespace, resultSetNamespace, stableId],
    roomFeatures: featuresOf,
  },
};

/** Sections 6.2 and 6.4. */
function describe(request: RoomIqRequest): RoomReply {
  const { rooms, room, iq } = request;
  const node = nodeOf(request);
  if (room === undefined) {
    if (node !== undefined) return noNode(node);
    const features = sorted(rooms.extensions.flatMap(({ serviceFeatures = [] }) => serviceFeatures));
    return { result: descriptionElement({ identities: [{ ...identity, name: "Rooms" }], features }) };
  }
  if (isUnknown(request)) return noRoom;
  if (node === reservedNick) {
    // Section 7.12.
    const nick = room.affiliations.get(iq.from.bare)?.nick ?? null;
    return { result: descriptionElement({ identities: nick === null ? [] : [{ ...identity, name: nick }], features: [] }, node) };
  }
  if (node !== undefined) return noNode(node);
  const name = room.config.name === "" ? room.room : room.config.name;
  const features = sorted(rooms.extensions.flatMap(({ roomFeatures }) => roomFeatures?.(room) ?? []));
  return { result: descriptionElement({ identities: [{ ...identity, name }], features, forms: [formOf(request, room)] }) };
}

/** Sections 6.3 and 6.5. */
function list(request: RoomIqRequest): RoomReply | Promise<RoomReply> {
  const node = nodeOf(request);
  if (isUnknown(request)) return noRoom;
  if (node !== undefined) return noNode(node);
  return request.room === undefined ? listRooms(request) : listOccupants(request, request.room);
}

/** Section 6.6. Those who are in the room ask each other. */
function ofOccupant({ nick }: RoomIqRequest): RoomReply | undefined {
  return nick === undefined ? { fault: { condition: "bad-request", text: "enter the room first" } } : undefined;
}

/** Section 16.3. */
function featuresOf({ config }: Room): readonly string[] {
  const { password, public: isPublic, persistent, membersOnly, moderated, whois } = config;
  return [
    info,
    itemsNamespace,
    resultSetNamespace,
    muc,
    roomInfo,
    stableId,
    password === null ? "muc_unsecured" : "muc_passwordprotected",
    isPublic ? "muc_public" : "muc_hidden",
    persistent ? "muc_persistent" : "muc_temporary",
    membersOnly ? "muc_membersonly" : "muc_open",
    moderated ? "muc_moderated" : "muc_unmoderated",
    whois === "anyone" ? "muc_nonanonymous" : "muc_semianonymous",
  ];
}

/** Section 6.4. What is talked about, and with how many, is for those who could come in and see. */
function formOf({ rooms, iq: { from }, nick }: RoomIqRequest, room: Room): EntityForm {
  const { description, language, changeSubject, historyLength } = room.config;
  const text = (name: string, value: string) => (value === "" ? [] : [{ var: name, type: "text-single", values: [value] }]);
  const flag = (name: string, value: boolean) => ({ var: name, type: "boolean", values: [value ? "1" : "0"] });
  const inside = nick !== undefined || mayEnterFreely(rooms, room, from.bare);
  return {
    fields: [
      { var: "FORM_TYPE", type: "hidden", values: [roomInfo] },
      ...text("muc#roominfo_description", description),
      ...text("muc#roominfo_lang", language),
      ...(inside ? [...text("muc#roominfo_subject", subjectOf(room)), ...text("muc#roominfo_occupants", String(room.occupants.size))] : []),
      flag("muc#roominfo_subjectmod", changeSubject),
      flag("muc#roomconfig_changesubject", changeSubject),
      ...text("muc#maxhistoryfetch", String(historyLength)),
      ...rooms.extensions.flatMap(({ roomInfo }) => roomInfo?.(room) ?? []).map(({ var: name, type, values = [] }) => ({ var: name, ...(type === undefined ? {} : { type }), values })),
    ],
  };
}

function mayEnterFreely(rooms: Rooms, room: Room, bareJid: string): boolean {
  return room.config.password === null && roleOnEnteringOf(rooms, room, bareJid) !== undefined;
}

function subjectOf(room: Room): string {
  const subject = room.meta("subject");
  return subject === undefined ? "" : (adoptElement(subject.stanza).getChildText("subject", clientNamespace) ?? "");
}

/** Section 7.2.10: until it is configured there is no such room for anybody but its owner. */
function isUnknown({ rooms, room, iq }: RoomIqRequest): boolean {
  return room?.locked === true && affiliationOf(rooms, room, iq.from.bare) !== "owner";
}

/** Section 16.2. */
const identity = { category: "conference", type: "text" } as const;

const reservedNick = "x-roomuser-item";
const traffic = `${muc}#traffic`;

/** Section 18.1.1, and XEP-0030 section 3.2. */
function noNode(node: string): RoomReply {
  const fault: StanzaFault = node === traffic
    ? { condition: "service-unavailable", text: "every namespace is allowed" }
    : { condition: "item-not-found", text: "there is no such node" };
  return { fault };
}

const noRoom: RoomReply = { fault: { condition: "item-not-found", text: "there is no such room" } };

/** An empty one is none. */
function nodeOf({ payload }: RoomIqRequest): string | undefined {
  return (payload.attrs["node"] as string | undefined) || undefined;
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}
