/**
 * Requests of occupants to each other (XEP-0045 section 17.4): the room asks in the place of who asks, under an id of its own, so that
 * neither learns the other's real JID and the answer finds the very session that asked. What waits is in memory alone: of what was
 * asked before the server stopped nobody hears any more.
 */
import { parseJid, type Jid } from "../domain/jid.ts";
import { relayedRequestMs, relayedRequestsMax, relayedRequestsOfSessionMax } from "../domain/limits.ts";
import type { Room } from "../domain/room.ts";
import type { OccupantRow } from "../domain/room-rows.ts";
import type { Sender } from "../service/services.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el, payloadOf, stanzaError, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import type { Rooms } from "./rooms.ts";
import { bareOf, give, lastOf } from "./showing.ts";

type Addressed = Stanza & { readonly to: Jid };

interface Relayed {
  readonly request: Addressed;
  readonly sender: Sender;
  callOff(): void;
}

export class Relay {
  readonly #rooms: Rooms;
  /** By the full JID of who is asked, and the id under which. */
  readonly #waiting = new Map<string, Map<string, Relayed>>();
  /** By the full JID of who asks. */
  readonly #counts = new Map<string, number>();
  #count = 0;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** An iq of type get or set from one occupant to another. Returns why it is not handed on. */
  ask(step: Step, room: Room, nick: string | undefined, request: Addressed, sender: Sender): StanzaFault | undefined {
    const { host } = this.#rooms;
    const { from, to, type, element } = request;
    if (nick === undefined) return { condition: "not-acceptable", text: "enter the room first" };
    const row = room.occupants.get(to.resource ?? "");
    if (row === undefined) return { condition: "item-not-found", text: "there is nobody of that nick in the room" };
    // XEP-0191 section 3.3.
    if (host.blocks(step, bareOf(lastOf(row)), this.#rooms.jidOf(room, nick))) return { condition: "service-unavailable", text: "" };
    if (this.#count >= relayedRequestsMax || (this.#counts.get(from.full) ?? 0) >= relayedRequestsOfSessionMax) {
      return { condition: "resource-constraint", text: "too many requests wait for their answers", limit: this.#count >= relayedRequestsMax ? "relayedRequestsMax" : "relayedRequestsOfSessionMax" };
    }
    const id = host.nextId();
    const occupant = this.#rooms.jidOf(room, nick);
    const asked = el("iq", { ...element.attrs, xmlns: clientNamespace, type, id, from: occupant.full });
    asked.children.push(...element.children);
    const remember = (target: string): void => {
      const callOff = host.later(step, relayedRequestMs, (later) => this.#fail(later, target, id, tooLate));
      this.#remember(step, target, id, { request, sender, callOff });
    };
    const account = isForAccount(request) ? parseJid(bareOf(lastOf(row))) : undefined;
    if (account !== undefined) {
      asked.attrs["to"] = account.full;
      remember(account.full);
      const answered = (step: Step, answer: Element): void => this.#finish(step, account.full, id, String(answer.attrs["type"]), answer);
      if (host.askAccount(step, { element: asked, kind: "iq", type, id, from: occupant, to: account }, from, { deliver: answered })) return undefined;
      this.#drop(account.full, id);
    }
    const target = this.#give(step, row, asked);
    if (target === undefined) return unreachable;
    remember(target);
    return undefined;
  }

  /** An iq of type result or error: to who has asked, if it answers something. */
  answer(step: Step, { from, to, id = "", type, element }: Addressed): void {
    const relayed = this.#waiting.get(from.full)?.get(id);
    // Who asks may have another nick by now, but is in the same room.
    if (relayed?.request.to.bare === to.bare) this.#finish(step, from.full, id, type, element);
  }

  /** A session has left the room: nothing that it was asked there will be answered. */
  end(step: Step, jid: string, { bare }: Room): void {
    for (const [id, { request }] of this.#waiting.get(jid) ?? []) if (request.to.bare === bare) this.#fail(step, jid, id, unreachable);
  }

  /** `element`: the answer as it came. */
  #finish(step: Step, target: string, id: string, type: string, element: Element): void {
    const relayed = this.#waiting.get(target)?.get(id);
    if (relayed === undefined) return;
    this.#drop(target, id);
    const { request, sender } = relayed;
    const answer = el("iq", { ...element.attrs, xmlns: clientNamespace, type, id: request.id ?? "", from: request.to.full, to: request.from.full });
    answer.children.push(...element.children);
    // Whoever says that it cannot answer may say who it really is.
    if (type === "error") delete answer.getChild("error")?.attrs["by"];
    sender.deliver(step, answer);
  }

  /** To the session that has spoken last, of those that are there. Returns its JID. */
  #give(step: Step, row: OccupantRow, element: Element): string | undefined {
    return Object.keys(row.presences).findLast((jid) => {
      element.attrs["to"] = jid;
      return give(this.#rooms, step, jid, element);
    });
  }

  #remember(step: Step, target: string, id: string, relayed: Relayed): void {
    const { full } = relayed.request.from;
    const waiting = this.#waiting.get(target) ?? new Map<string, Relayed>();
    this.#waiting.set(target, waiting.set(id, relayed));
    this.#counts.set(full, (this.#counts.get(full) ?? 0) + 1);
    this.#count += 1;
    step.ifDiscarded(() => this.#drop(target, id));
  }

  #fail(step: Step, target: string, id: string, fault: StanzaFault): void {
    const relayed = this.#waiting.get(target)?.get(id);
    if (relayed === undefined) return;
    this.#drop(target, id);
    relayed.sender.deliver(step, stanzaError(relayed.request, fault));
  }

  #drop(target: string, id: string): void {
    const waiting = this.#waiting.get(target);
    const relayed = waiting?.get(id);
    if (waiting === undefined || relayed === undefined) return;
    relayed.callOff();
    waiting.delete(id);
    if (waiting.size === 0) this.#waiting.delete(target);
    const { full } = relayed.request.from;
    const count = (this.#counts.get(full) ?? 1) - 1;
    if (count === 0) this.#counts.delete(full);
    else this.#counts.set(full, count);
    this.#count -= 1;
  }
}

/** XEP-0054 section 3.3: what is asked of an account, and no client answers. */
function isForAccount({ type, element }: Stanza): boolean {
  return type === "get" && payloadOf(element)?.attrs["xmlns"] === "vcard-temp";
}

const unreachable: StanzaFault = { condition: "recipient-unavailable", text: "who was asked is not there any more" };
const tooLate: StanzaFault = { condition: "remote-server-timeout", text: `no answer within ${relayedRequestMs / 1_000} s` };
