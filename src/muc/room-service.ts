/** A domain of rooms: who of them a stanza is for, and what becomes of it (XEP-0045 section 3). */
import type { Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import type { Sender, Service } from "../service/services.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { iqResult, mayBeAnswered, payloadOf, stanzaError, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import type { RoomIqHandler, RoomMessage, RoomPlace, RoomReply } from "./contract.ts";
import { enter, show } from "./entering.ts";
import { leave } from "./leaving.ts";
import { handOn } from "./private.ts";
import { rename } from "./renaming.ts";
import type { Rooms } from "./rooms.ts";
import { say } from "./saying.ts";
import { sessionsOf } from "./showing.ts";

type Addressed = Stanza & { readonly to: Jid };

export class RoomService implements Service {
  readonly domain: string;
  readonly name = "Rooms";
  readonly #rooms: Rooms;
  readonly #iqs: readonly RoomIqHandler[];
  /** By the bare JID of a room that does not exist: who is making it, or was looking for it. Others wait. */
  readonly #looking = new Map<string, Promise<void>>();

  constructor(domain: string, rooms: Rooms) {
    this.domain = domain;
    this.#rooms = rooms;
    this.#iqs = rooms.extensions.flatMap(({ iq = [] }) => iq);
  }

  load(): Promise<void> {
    return this.#rooms.loadOccupied(this.domain);
  }

  /** Whose sessions did not come back has left: nobody is in a room who is nowhere. */
  sessionsRestored(): void {
    const { host } = this.#rooms;
    for (const room of this.#rooms.known()) {
      if (room.host !== this.domain) continue;
      host.run(null, (step) => {
        for (const { jid } of sessionsOf(room)) {
          const at = jid.indexOf("/");
          const gone = !host.isThere({ full: jid, bare: jid.slice(0, at), resource: jid.slice(at + 1) });
          if (gone && room.exists) leave(this.#rooms, step, room, jid);
        }
      });
    }
  }

  take(step: Step, stanza: Addressed, sender: Sender): Promise<void> | undefined {
    const { to } = stanza;
    if (to.local === undefined) return this.#answer(step, stanza, sender, "service", undefined);
    const known = this.#rooms.read(step, to.bare);
    const waiting = this.#looking.get(to.bare);
    if (known !== undefined) return this.#takeForRoom(step, stanza, sender, known);
    // Who is gone was in no room that is not in memory.
    if (stanza.kind === "presence" && stanza.type !== "available") return undefined;
    const { id: cause } = step;
    const looking = (waiting ?? Promise.resolve())
      .then(() => this.#rooms.load(to))
      .then((room) => this.#rooms.host.run(cause, (step) => this.#takeForRoom(step, stanza, sender, room === undefined ? undefined : this.#rooms.read(step, to.bare))));
    const settled = looking.then(() => undefined, () => undefined).finally(() => {
      if (this.#looking.get(to.bare) === settled) this.#looking.delete(to.bare);
    });
    this.#looking.set(to.bare, settled);
    return looking;
  }

  #takeForRoom(step: Step, stanza: Addressed, sender: Sender, room: Room | undefined): Promise<void> | undefined {
    switch (stanza.kind) {
      case "presence":
        this.#takePresence(step, stanza, sender, room);
        return undefined;
      case "message":
        this.#takeMessage(step, stanza, sender, room);
        return undefined;
      case "iq":
        return this.#answer(step, stanza, sender, stanza.to.resource === undefined ? "room" : "occupant", room);
    }
  }

  #takePresence(step: Step, stanza: Addressed, sender: Sender, room: Room | undefined): void {
    const rooms = this.#rooms;
    const nick = room?.nickOf(stanza.from.full);
    switch (stanza.type) {
      case "available": {
        const fault =
          room === undefined || nick === undefined
            ? enter(rooms, step, room, stanza)
            : nick === stanza.to.resource
              ? show(rooms, step, room, nick, stanza)
              : rename(rooms, step, room, nick, stanza);
        if (fault !== undefined) refuse(step, sender, stanza, fault);
        return;
      }
      case "unavailable":
      case "error":
        // Section 7.14. Who cannot be reached has left (section 18.1).
        if (room !== undefined) leave(rooms, step, room, stanza.from.full, { presence: stanza.type === "unavailable" ? stanza.element : undefined });
        return;
      default:
        return;
    }
  }

  #takeMessage(step: Step, stanza: Addressed, sender: Sender, room: Room | undefined): void {
    const rooms = this.#rooms;
    if (stanza.type === "error") {
      if (room !== undefined && isGone(stanza.element)) leave(rooms, step, room, stanza.from.full);
      return;
    }
    // Section 17: a room that is not there, or not yet unlocked.
    if (room === undefined || room.locked) return refuse(step, sender, stanza, { condition: "item-not-found", text: "there is no such room" });
    const message: RoomMessage = { rooms, step, sender, stanza, room, nick: room.nickOf(stanza.from.full) };
    const fault = stanza.to.resource === undefined ? this.#toAll(message) : handOn(message);
    if (fault !== undefined) refuse(step, sender, stanza, fault);
  }

  #toAll(message: RoomMessage): StanzaFault | undefined {
    for (const handler of this.#rooms.extensions.flatMap(({ messages = [] }) => messages)) {
      const verdict = handler(message);
      if (verdict === "taken") return undefined;
      if (verdict !== undefined) return verdict;
    }
    if (message.stanza.type === "groupchat") return say(message);
    return { condition: "bad-request", text: "messages to all are of type groupchat" };
  }

  #answer(step: Step, stanza: Addressed, sender: Sender, at: RoomPlace, room: Room | undefined): Promise<void> | undefined {
    const rooms = this.#rooms;
    if (stanza.kind !== "iq") {
      if (stanza.kind === "message") refuse(step, sender, stanza, { condition: "service-unavailable", text: "" });
      return undefined;
    }
    const nick = room?.nickOf(stanza.from.full);
    if (stanza.type !== "get" && stanza.type !== "set") {
      if (room !== undefined && at === "occupant") handOn({ rooms, step, sender, stanza, room, nick });
      return undefined;
    }
    if (at !== "service" && room === undefined) {
      refuse(step, sender, stanza, { condition: "item-not-found", text: "there is no such room" });
      return undefined;
    }
    const payload = payloadOf(stanza.element);
    const handler = this.#iqs.find(
      ({ xmlns, name, types, at: places }) =>
        payload !== undefined && xmlns === payload.attrs["xmlns"] && name === payload.name && types.includes(stanza.type as "get" | "set") && places.includes(at),
    );
    if (payload === undefined || handler === undefined) {
      const fault = room !== undefined && at === "occupant" ? handOn({ rooms, step, sender, stanza, room, nick }) : { condition: "service-unavailable" as const, text: "" };
      if (fault !== undefined) refuse(step, sender, stanza, fault);
      return undefined;
    }
    const reply = handler.handle({ rooms, step, sender, iq: stanza, payload, at, room, nick });
    if (!(reply instanceof Promise)) {
      deliverReply(step, sender, stanza, reply);
      return undefined;
    }
    const cause = step.id;
    return reply.then((reply) => rooms.host.run(cause, (step) => deliverReply(step, sender, stanza, reply)));
  }
}

function deliverReply(step: Step, sender: Sender, iq: Stanza, reply: RoomReply): void {
  if ("fault" in reply) {
    const element = stanzaError(iq, reply.fault);
    if (reply.payload !== undefined) element.children.unshift(reply.payload);
    sender.deliver(step, element);
    return;
  }
  sender.deliver(step, iqResult(iq, reply.result));
  reply.afterwards?.(step);
}

function refuse(step: Step, sender: Sender, stanza: Stanza, fault: StanzaFault): void {
  if (mayBeAnswered(stanza)) sender.deliver(step, stanzaError(stanza, fault));
}

/** Section 18.1: errors that say that nobody is there to read. */
function isGone(element: Element): boolean {
  const error = element.getChild("error");
  return gone.some((condition) => error?.getChild(condition, "urn:ietf:params:xml:ns:xmpp-stanzas") !== undefined);
}

const gone = ["gone", "item-not-found", "recipient-unavailable", "redirect", "remote-server-not-found", "remote-server-timeout", "service-unavailable"];
