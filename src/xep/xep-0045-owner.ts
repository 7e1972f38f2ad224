/** What owners ask of a room: how it is configured, other configuration, and its end (XEP-0045 sections 10.1, 10.2 and 10.9). */
import { parseJid } from "../domain/jid.ts";
import type { LimitName } from "../domain/refusals.ts";
import { roomPasswordBytesMax, roomReasonCharsMax } from "../domain/limits.ts";
import { affiliationPrivileges } from "../domain/room-standing.ts";
import { affiliationOf } from "../muc/affiliation.ts";
import { configForm, roomConfigType } from "../muc/config-form.ts";
import { configure } from "../muc/configuring.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import { destroyRoom } from "../muc/destroying.ts";
import { mucOwner } from "../muc/namespaces.ts";
import type { Extension } from "../router/extension.ts";
import { formNamespace, readForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

export const roomOwner: Extension = {
  name: "room-owner",
  specification: {
    id: "XEP-0045",
    version: "1.35.5",
    title: "Multi-User Chat",
    missing: [
      "Public logs of what is said (muc#roomconfig_enablelogging) and nodes of rooms (muc#roomconfig_pubsub, section 16.5.3): the archive of a room is for those who may be in it.",
      "A room that was destroyed does not send anybody on who enters later (section 10.9): its name is free.",
    ],
  },
  rooms: {
    iq: [
      { xmlns: mucOwner, name: "query", types: ["get"], at: ["room"], handle: get },
      { xmlns: mucOwner, name: "query", types: ["set"], at: ["room"], handle: set },
    ],
    roomFeatures: () => [roomConfigType],
  },
};

/** Section 10.2. */
function get({ rooms, room, iq, payload }: RoomIqRequest): RoomReply {
  if (room === undefined) return noRoom;
  if (!affiliationPrivileges.changeConfiguration[affiliationOf(rooms, room, iq.from.bare)]) return forbidden(payload);
  if (payload.children.some((child) => typeof child !== "string")) return malformed("ask with an empty query");
  return { result: el("query", { xmlns: mucOwner }, configForm(room, rooms.host.limits.occupants)) };
}

function set(request: RoomIqRequest): RoomReply {
  const { rooms, room, iq, payload } = request;
  if (room === undefined) return noRoom;
  const affiliation = affiliationOf(rooms, room, iq.from.bare);
  if (!affiliationPrivileges.changeConfiguration[affiliation] || !affiliationPrivileges.destroy[affiliation]) return forbidden(payload);
  const [action, ...more] = payload.children.filter((child): child is Element => typeof child !== "string");
  if (action === undefined || more.length > 0) return malformed("send one form, or the wish to destroy the room");
  if (action.name === "x" && action.getNS() === formNamespace) return submit(request, action);
  if (action.name === "destroy" && action.getNS() === mucOwner) return destroy(request, action);
  return malformed("send one form, or the wish to destroy the room");
}

/** Sections 10.1.2, 10.1.3 and 10.2. */
function submit({ rooms, room, step, iq: { from } }: RoomIqRequest, element: Element): RoomReply {
  if (room === undefined) return noRoom;
  const form = readForm(element);
  if (form?.kind === "cancel") {
    // Section 10.1.3: there never was such a room. Section 10.2: what is configured stays.
    if (room.locked) destroyRoom(rooms, step, room, from.bare, {});
    return { result: undefined };
  }
  // One that does not say whose fields it has can be nothing else here.
  if (form?.kind !== "submit" || (form.formType ?? roomConfigType) !== roomConfigType) return malformed(`send a form of type submit, for ${roomConfigType}`);
  const tell = configure(rooms, step, room, from, form.fields);
  return typeof tell === "function" ? { result: undefined, afterwards: tell } : { fault: tell };
}

/** Section 10.9. */
function destroy({ rooms, room, step, iq: { from } }: RoomIqRequest, element: Element): RoomReply {
  if (room === undefined) return noRoom;
  const venue = (element.attrs as { readonly jid?: string }).jid || undefined;
  const jid = venue === undefined ? undefined : parseJid(venue);
  if (venue !== undefined && jid === undefined) return { fault: { condition: "jid-malformed", text: "this is the address of no other room" } };
  const textOf = (name: string) => element.getChild(name, mucOwner)?.getText() || undefined;
  const [password, reason] = [textOf("password"), textOf("reason")];
  if (reason !== undefined && reason.length > roomReasonCharsMax) return tooLong("a reason", `${roomReasonCharsMax} characters`, "roomReasonCharsMax");
  if (password !== undefined && Buffer.byteLength(password) > roomPasswordBytesMax) return tooLong("a password", `${roomPasswordBytesMax} bytes`, "roomPasswordBytesMax");
  destroyRoom(rooms, step, room, from.bare, { jid: jid?.full, password, reason });
  return { result: undefined };
}

const noRoom: RoomReply = { fault: { condition: "item-not-found", text: "there is no such room" } };

function forbidden(payload: Element): RoomReply {
  return { fault: { condition: "forbidden", text: "only owners configure and destroy a room" }, payload };
}

function malformed(text: string): RoomReply {
  return fault({ condition: "bad-request", text });
}

function tooLong(what: string, bound: string, limit: LimitName): RoomReply {
  return fault({ condition: "policy-violation", text: `${what} has at most ${bound}`, limit });
}

function fault(fault: StanzaFault): RoomReply {
  return { fault };
}
