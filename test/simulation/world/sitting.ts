/**
 * One session as its client knows it, from the bind to the end, over as many links as it is resumed on: what was sent in it and what of
 * that the server has taken, what has come, and what is known of others by it (XEP-0198 sections 4 and 5).
 */
import type { Xml } from "../../support/xml-reader.ts";
import { counted, CountError, Outgoing } from "../crash/counting.ts";
import { Copying } from "./copying.ts";

/** Something that was sent, or is to be sent as soon as there is a link. */
export interface Sending {
  readonly text: string;
  /** The server has taken responsibility for it. */
  accepted?(): void;
  /** It was not handled, and never will be. */
  voided?(): void;
}

export interface Place {
  /** `romeo/1`. */
  readonly device: string;
  /** The bare JID. */
  readonly account: string;
  readonly jid: string;
  /** When the bind was asked for, ms since the world began. */
  readonly askedAt: number;
}

/** What became of a session, as far as its client knows. */
export type SittingEnd =
  /** The server's end tag was read: nothing that it has written is missing. */
  | "read to its end"
  /** The link was lost for good. */
  | "cut off";

export class Sitting implements Place {
  readonly device: string;
  readonly account: string;
  readonly jid: string;
  readonly resource: string;
  readonly askedAt: number;
  /** Its place among all sessions of the world, from 1. */
  readonly number: number;
  /** `asked`: enabling is under way; what is sent counts, what comes does not yet. */
  counting: "off" | "asked" | "on" = "off";
  /** Under which it can be resumed. */
  id: string | undefined;
  /** Its client has said something untrue of what it has, or does not read: it has itself to blame. */
  isToBlame = false;
  /** Stanzas that came since it counts. */
  handled = 0;
  end: SittingEnd | undefined;
  endedAt: number | undefined;
  /** The server has closed its stream, and all before that was read. */
  isReadToEnd = false;
  /** The stanzas that its client had acknowledged when it left in order, and the server has closed its stream for it. */
  partedAt: number | undefined;
  /** When its client has closed its stream, ms since the world began. */
  leftAt: number | undefined;
  /** Of messages that others of its user send or are sent. */
  readonly copying = new Copying();
  /** Its client has said that nobody looks at it (XEP-0352), now, and at any time. */
  isInactive = false;
  wasInactive = false;
  /** The numbers of the messages that came at once, copies included, in their order. */
  readonly heard: number[] = [];
  /** The last item of each node that it was told of, by `owner node`. */
  readonly items = new Map<string, number>();
  /** Messages of the archive that came, by the id of the query. */
  readonly reading = new Map<string, Xml[]>();
  /** The last `h` that its client has sent. */
  told = 0;
  /** The number of the presence by which it is available; undefined while it is not. */
  shown: number | undefined;
  wasAvailable = false;
  priority = 0;
  /** Who is there, as this one was told: full JID → the number of the presence. */
  readonly seen = new Map<string, number>();
  /** Who has said to this one alone that it is gone, and nothing since. */
  readonly hidden = new Set<string>();
  /** The number of the last presence of each, those that were directed apart. */
  readonly lastPresence = new Map<string, number>();
  /** Accounts with which it has had to do beside subscriptions, by directed presence; and those that it has probed. */
  readonly touched = new Set<string>();
  readonly probed = new Set<string>();
  /** Iqs that wait for their answer, by id. */
  readonly asked = new Map<string, Asked>();
  #outgoing = new Outgoing<Sending>();
  /** Sent while nothing counts. */
  #uncounted: Sending[] = [];

  constructor(place: Place, number: number) {
    this.device = place.device;
    this.account = place.account;
    this.jid = place.jid;
    this.resource = place.jid.slice(place.account.length + 1);
    this.askedAt = place.askedAt;
    this.number = number;
  }

  get isResumable(): boolean {
    return this.id !== undefined && this.end === undefined;
  }

  /** Enabling is asked for: from here on the server counts (XEP-0198 section 3). */
  askToCount(): void {
    this.counting = "asked";
  }

  countsNow(id: string | undefined): void {
    this.counting = "on";
    this.id = id;
    this.handled = 0;
  }

  refusedToCount(): void {
    this.counting = "off";
    this.#uncounted.push(...this.#outgoing.waiting);
    this.#outgoing = new Outgoing();
  }

  /** It leaves now, or when there is a link again. */
  send(sending: Sending): void {
    if (this.counting === "off") this.#uncounted.push(sending);
    else this.#outgoing.push(sending);
  }

  /** What the server has not acknowledged, in order: to be sent again on resumption. */
  get unacknowledged(): readonly Sending[] {
    return this.#outgoing.waiting;
  }

  /** The server says what it has handled. Throws CountError at what cannot be. */
  acknowledge(h: string | undefined): void {
    if (h === undefined || !/^\d+$/.test(h)) throw new CountError(`h='${h}' is no count`);
    for (const sending of this.#outgoing.acknowledge(Number(h))) sending.accepted?.();
  }

  /** The last `h` of the server. */
  get acknowledged(): number {
    return this.#outgoing.acknowledged;
  }

  cameOne(): void {
    if (this.counting === "on") this.handled = counted(this.handled);
  }

  /** Nothing is under way any more, and the server was there all the time: it has handled what was sent. */
  settled(): void {
    for (const sending of this.#uncounted.splice(0)) sending.accepted?.();
  }

  /** `h`: what the server says that it had handled at the end, if it does. */
  over(how: SittingEnd, at: number, h?: string): void {
    if (this.end !== undefined) return;
    this.end = how;
    this.endedAt = at;
    if (h !== undefined) {
      this.acknowledge(h);
      for (const sending of this.#outgoing.waiting) sending.voided?.();
    }
    for (const { gone } of this.asked.values()) gone?.();
    this.asked.clear();
  }
}

export interface Asked {
  readonly to: string | undefined;
  readonly at: number;
  answered(answer: Xml): void;
  /** The session is over, and there was no answer. */
  gone?(): void;
}
