/** A domain of rooms: who of them a stanza is for, and what becomes of it (XEP-0045 section 3). */
import type { Jid } from "../domain/jid.ts";
import { countFault } from "../domain/refusals.ts";
import type { Room } from "../domain/room.ts";
import type { Sender, Service } from "../service/services.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { el, iqResult, mayBeAnswered, payloadOf, stanzaError, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import type { RoomIqHandler, RoomMessage, RoomPlace, RoomReply } from "./contract.ts";
import { answersAll, isGone, leaveInError } from "./ghosts.ts";
import { leave } from "./leaving.ts";
import { muc } from "./namespaces.ts";
import { takePresence } from "./presence.ts";
import { returnError, whisper } from "./private.ts";
import type { Rooms } from "./rooms.ts";
import { say } from "./saying.ts";
import { sessionsOf } from "./showing.ts";

type Addressed = Stanza & { readonly to: Jid };

export class RoomService implements Service {
  readonly domain: string;
  readonly name = "Rooms";
  readonly isPatient = true;
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
    const isGone = stanza.kind === "presence" && stanza.type !== "available";
    // Who is gone was in no room that is not in memory, but may be about to enter one.
    if (isGone && waiting === undefined) return undefined;
    const { host } = this.#rooms;
    const { id: cause } = step;
    let answering: Promise<void> | undefined;
    const looking = (waiting ?? Promise.resolve())
      .then(() => this.#rooms.load(to))
      .then((room) => {
        // Whoever has its address by then has not asked to enter.
        if (stanza.kind === "presence" && !isGone && sender.connected === false) return;
        answering = host.run(cause, (step) => this.#takeForRoom(step, stanza, sender, room === undefined ? undefined : this.#rooms.read(step, to.bare)));
      });
    // Who comes next waits for the room, not for an answer that takes its time.
    const settled = looking.catch(() => undefined).finally(() => {
      if (this.#looking.get(to.bare) === settled) this.#looking.delete(to.bare);
    });
    this.#looking.set(to.bare, settled);
    const taken = looking.then(() => answering);
    return isGone ? taken.catch((err: unknown) => host.log.error({ err, room: to.bare }, "nobody could be told that somebody has left a room")) : taken;
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
    const fault = takePresence(this.#rooms, step, room, stanza);
    if (fault !== undefined) this.#refuse(step, sender, stanza, fault);
  }

  #takeMessage(step: Step, stanza: Addressed, sender: Sender, room: Room | undefined): void {
    const rooms = this.#rooms;
    const nick = room?.nickOf(stanza.from.full);
    if (stanza.type === "error") {
      if (room !== undefined && nick !== undefined) this.#takeError(step, stanza, room, nick);
      return;
    }
    // Section 17.2: a room that is not there, or not yet unlocked.
    if (room === undefined || room.locked) return refuse(step, sender, stanza, { condition: "item-not-found", text: "there is no such room" });
    const message: RoomMessage = { rooms, step, sender, stanza, room, nick };
    const fault = stanza.to.resource === undefined ? this.#toAll(message) : whisper(message);
    if (fault !== undefined) this.#refuse(step, sender, stanza, fault);
  }

  /** Of what an occupant was given. */
  #takeError(step: Step, stanza: Addressed, room: Room, nick: string): void {
    const toOccupant = stanza.to.resource !== undefined;
    if (toOccupant) returnError(this.#rooms, step, room, nick, stanza);
    if (toOccupant && !answersAll(room, stanza)) return;
    if (isGone(stanza.element, toOccupant ? "occupant" : "room")) leaveInError(this.#rooms, step, room, stanza.from.full);
  }

  #toAll(message: RoomMessage): StanzaFault | undefined {
    for (const handler of this.#rooms.extensions.flatMap(({ messages = [] }) => messages)) {
      const verdict = handler(message);
      if (verdict === "taken") return undefined;
      if (verdict !== undefined) return verdict;
    }
    // Section 7.4 holds whatever the type is.
    if (message.stanza.type === "groupchat" || message.nick === undefined) return say(message);
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
      rooms.relay.answer(step, stanza);
      return undefined;
    }
    if (at !== "service" && room === undefined) {
      // XEP-0410 section 3.2: of an occupant's address item-not-found says that the asker is in the room.
      const condition = at === "occupant" ? "not-acceptable" : "item-not-found";
      refuse(step, sender, stanza, { condition, text: "there is no such room" });
      return undefined;
    }
    const payload = payloadOf(stanza.element);
    const handler = this.#iqs.find(
      ({ xmlns, name, types, at: places }) =>
        payload !== undefined && xmlns === payload.attrs["xmlns"] && name === payload.name && types.includes(stanza.type as "get" | "set") && places.includes(at),
    );
    const reply = payload === undefined ? undefined : handler?.handle({ rooms, step, sender, iq: stanza, payload, at, room, nick });
    if (reply === undefined) {
      const fault = room !== undefined && at === "occupant" ? rooms.relay.ask(step, room, nick, stanza, sender) : { condition: "service-unavailable" as const, text: "" };
      if (fault !== undefined) this.#refuse(step, sender, stanza, fault);
      return undefined;
    }
    if (!(reply instanceof Promise)) {
      this.#reply(step, sender, stanza, reply);
      return undefined;
    }
    const cause = step.id;
    const what = `iq <${payload?.name} xmlns='${String(payload?.attrs["xmlns"])}'/> to ${this.domain}`;
    return rooms.host.patient(reply, what, (): RoomReply => ({ fault: tooLate })).then((reply) => rooms.host.run(cause, (step) => this.#reply(step, sender, stanza, reply)));
  }

  #reply(step: Step, sender: Sender, iq: Addressed, reply: RoomReply): void {
    if ("fault" in reply) {
      countFault(this.#rooms.host.refused, reply.fault);
      const element = errorOf(iq, reply.fault);
      if (reply.payload !== undefined) element.children.unshift(reply.payload);
      sender.deliver(step, element);
      return;
    }
    sender.deliver(step, iqResult(iq, reply.result));
    reply.afterwards?.(step);
  }

  #refuse(step: Step, sender: Sender, stanza: Addressed, fault: StanzaFault): void {
    countFault(this.#rooms.host.refused, fault);
    refuse(step, sender, stanza, fault);
  }
}

/** RFC 6120 section 8.3.3.6: it is this server that fails, and asking again need not help. */
const tooLate: StanzaFault = { condition: "internal-server-error", text: "what answers this took too long" };

function refuse(step: Step, sender: Sender, stanza: Addressed, fault: StanzaFault): void {
  if (mayBeAnswered(stanza)) sender.deliver(step, errorOf(stanza, fault));
}

/** As the examples of section 7.2 have it: it says that it comes from the room, which occupants do not (RFC 6120 section 8.3.2). */
function errorOf(stanza: Addressed, fault: StanzaFault): Element {
  const element = stanzaError(stanza, fault);
  const error = element.getChild("error");
  if (error !== undefined) error.attrs["by"] = stanza.to.bare;
  if (stanza.kind === "presence") element.children.unshift(el("x", { xmlns: muc }));
  return element;
}
