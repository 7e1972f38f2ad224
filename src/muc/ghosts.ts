/** Occupants who cannot be reached any more (XEP-0045 sections 11.1 and 18.1.2). */
import type { Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { serialise } from "../xml/serialise.ts";
import { el, stanzasNamespace, type Stanza } from "../xml/stanza.ts";
import { leave } from "./leaving.ts";
import type { Rooms } from "./rooms.ts";
import { bareOf, sessionsOf } from "./showing.ts";

/** Whether the error says that what the room has sent was not delivered. `to`: what it answers came from the room, or from an occupant. */
export function isGone(element: Element, to: "room" | "occupant"): boolean {
  const error = element.getChild("error");
  const has = (condition: string) => error?.getChild(condition, stanzasNamespace) !== undefined;
  return undelivered.some(has) || (to === "room" && has(noSession));
}

/**
 * Whether an error to an occupant's address answers what the room has told everybody, as far as it remembers. Else one occupant has written
 * to the other: by what a client answers to a message that is made for it nobody may drive its user out.
 */
export function answersAll(room: Room, { id, to }: Stanza & { readonly to: Jid }): boolean {
  if (id === undefined) return false;
  // As it stands in what is kept: nothing else is read for it.
  const written = serialise(el("message", { id })).slice("<message ".length, -"/>".length);
  return room.said.some(({ text }) => {
    if (!text.includes(written)) return false;
    const { attrs } = adoptElement(text);
    return attrs["id"] === id && attrs["from"] === to.full;
  });
}

/** Section 18.1.2. */
const undelivered = ["gone", "item-not-found", "recipient-unavailable", "redirect", "remote-server-not-found", "remote-server-timeout"];

/** What a server says where there is no such session (RFC 6121 section 8.5.3.2.1); of one occupant it may be a wall against another. */
const noSession = "service-unavailable";

/** As if it had said itself that it is unavailable; the code tells the others that it did not. */
export function leaveInError(rooms: Rooms, step: Step, room: Room, jid: string): void {
  leave(rooms, step, room, jid, { codes: [333] });
}

/** The service of this domain is gone, and everybody there with it. */
export function leaveAllOf(rooms: Rooms, step: Step, domain: string): void {
  for (const room of rooms.known()) {
    for (const { jid } of sessionsOf(room)) {
      const bare = bareOf(jid);
      if (bare.slice(bare.indexOf("@") + 1) === domain && room.exists) leaveInError(rooms, step, room, jid);
    }
  }
}
