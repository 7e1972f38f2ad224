/** What was said, with whom; of each the newest lines, while the page is open. */
import { signal } from "@preact/signals";
import type { PageClock } from "../model/contract.ts";
import { bareOf } from "./jid.ts";
import { ns } from "./namespaces.ts";
import type { Send } from "./person.ts";
import { stanzaError } from "./stream.ts";
import { childOf, textOf, xml, type XmlElement } from "./xml.ts";

export interface Line {
  /** The same for as long as the conversation is kept. */
  readonly key: number;
  readonly at: number;
  /** A nick in a room, else a bare JID; "" for what nobody says: a note. */
  readonly from: string;
  readonly own: boolean;
  readonly text: string;
}

export interface Conversation {
  /** The bare JID of a contact, or of a room. */
  readonly with: string;
  readonly lines: readonly Line[];
  /** Lines that came while another conversation was looked at. */
  readonly unread: number;
}

const linesMax = 500;
/** Strangers can begin some, too: beyond it the one that was silent longest goes. */
const conversationsMax = 100;

export class Conversations {
  /** The one in which something happened last comes last. */
  readonly all = signal<ReadonlyMap<string, Conversation>>(new Map());
  /** The one that is looked at. */
  readonly chosen = signal<string | undefined>(undefined);
  /** It was chosen just now, to write in: whoever draws it takes this as done. */
  readonly entered = signal(false);
  readonly #send: Send;
  readonly #clock: PageClock;
  #lastKey = 0;
  #lastId = 0;

  constructor(send: Send, clock: PageClock) {
    this.#send = send;
    this.#clock = clock;
  }

  choose(jid: string): void {
    this.#change(jid, (known) => ({ ...known, unread: 0 }));
    this.chosen.value = jid;
    this.entered.value = true;
  }

  leave(jid: string): void {
    const all = new Map(this.all.value);
    all.delete(jid);
    this.all.value = all;
    if (this.chosen.peek() === jid) this.chosen.value = undefined;
  }

  /** RFC 6121 section 5.1: to all of a contact's clients. */
  say(to: string, text: string, own: string): void {
    this.send(to, "chat", text);
    this.note(to, { from: own, own: true, text });
  }

  send(to: string, type: "chat" | "groupchat", text: string): void {
    this.#send(xml("message", { xmlns: ns.client, type, to, id: `m${++this.#lastId}` }, xml("body", {}, text)));
  }

  message(stanza: XmlElement, own: string): void {
    const [from, type] = [stanza.attributes.get("from"), stanza.attributes.get("type")];
    if (from === undefined || type === "groupchat") return;
    const body = textOf(childOf(stanza, "body"));
    // RFC 6121 section 5.2.2: an error comes back with what was not delivered.
    if (type === "error") return this.note(bareOf(from), { from: "", own: false, text: `not delivered: ${stanzaError(stanza)}` });
    if (body === undefined || body === "") return;
    this.note(bareOf(from), { from: bareOf(from), own: bareOf(from) === own, text: body, at: delayIn(stanza) });
  }

  note(jid: string, line: Omit<Line, "key" | "at"> & { readonly at?: number | undefined }): void {
    const { at = this.#clock.now(), ...rest } = line;
    const isSeen = line.own || line.from === "" || this.chosen.peek() === jid;
    this.#change(jid, (known) => ({
      ...known,
      lines: [...known.lines, { ...rest, at, key: ++this.#lastKey }].slice(-linesMax),
      unread: isSeen ? known.unread : known.unread + 1,
    }));
  }

  #change(jid: string, change: (known: Conversation) => Conversation): void {
    const all = new Map(this.all.value);
    const known = all.get(jid) ?? { with: jid, lines: [], unread: 0 };
    all.delete(jid);
    all.set(jid, change(known));
    for (const oldest of all.keys()) {
      if (all.size <= conversationsMax) break;
      if (oldest !== this.chosen.peek()) all.delete(oldest);
    }
    this.all.value = all;
  }
}

/** XEP-0203 section 4; ms since 1970, undefined for what comes at once. */
export function delayIn(stanza: XmlElement): number | undefined {
  const at = Date.parse(childOf(stanza, "delay", ns.delay)?.attributes.get("stamp") ?? "");
  return Number.isNaN(at) ? undefined : at;
}
