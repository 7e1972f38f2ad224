/** The end of a room by the will of its owner (XEP-0045 section 10.9). */
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { mucUser } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";
import { bareOf, give, sessionsOf } from "./showing.ts";

/** What everybody is told beside it. */
export interface Farewell {
  /** Where to go instead: any JID. */
  readonly jid?: string | undefined;
  /** That is needed there. */
  readonly password?: string | undefined;
  readonly reason?: string | undefined;
}

/** Everybody is told once, of itself alone. Nothing is left of the room, nor of what was said in it; its name is free. `by`: a bare JID. */
export function destroyRoom(rooms: Rooms, step: Step, room: Room, by: string, { jid: venue, password, reason }: Farewell): void {
  const sessions = sessionsOf(room);
  rooms.destroy(step, room, by, reason ?? null);
  for (const { nick, jid } of sessions) {
    rooms.relay.end(step, jid, room);
    const destroy = el(
      "destroy",
      { jid: venue },
      password === undefined ? undefined : el("password", {}, password),
      reason === undefined ? undefined : el("reason", {}, reason),
    );
    const user = el("x", { xmlns: mucUser }, el("item", { affiliation: "none", role: "none" }), destroy, el("status", { code: "110" }));
    const element = el("presence", { xmlns: clientNamespace, type: "unavailable", from: rooms.jidOf(room, nick).full, to: jid }, user);
    for (const { showing } of rooms.extensions) showing?.({ rooms, room, nick, bareJid: bareOf(jid), element });
    give(rooms, step, jid, element);
  }
}
