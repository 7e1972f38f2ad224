/** Rooms that one is in (XEP-0045). */
import { signal } from "@preact/signals";
import { delayIn, type Conversations } from "./conversations.ts";
import type { Iqs } from "./iqs.ts";
import { bareOf, resourceOf } from "./jid.ts";
import { ns } from "./namespaces.ts";
import type { Send } from "./person.ts";
import { stanzaError, type Account } from "./stream.ts";
import { childOf, childrenOf, textOf, xml, type XmlElement } from "./xml.ts";

export interface Room {
  readonly jid: string;
  readonly nick: string;
  readonly joined: boolean;
  /** Nicks. */
  readonly occupants: ReadonlySet<string>;
}

const occupantsMax = 2_000;

export class Rooms {
  /** By their bare JIDs. */
  readonly all = signal<ReadonlyMap<string, Room>>(new Map());
  readonly #send: Send;
  readonly #iqs: Iqs;
  readonly #conversations: Conversations;
  readonly #account: Account;

  constructor(send: Send, iqs: Iqs, conversations: Conversations, account: Account) {
    this.#send = send;
    this.#iqs = iqs;
    this.#conversations = conversations;
    this.#account = account;
  }

  /** Where this server has rooms (XEP-0045 section 6.1). Rejects with words for people. */
  async service(): Promise<string> {
    const { domain } = this.#account;
    const answer = childOf(await this.#iqs.ask("get", domain, xml("query", { xmlns: ns.items })), "query", ns.items);
    const services = answer === undefined ? [] : childrenOf(answer, "item").map(({ attributes }) => attributes.get("jid") ?? "");
    for (const service of services.slice(0, 20)) {
      const query = await this.#iqs.ask("get", service, xml("query", { xmlns: ns.info })).then((info) => childOf(info, "query", ns.info), () => undefined);
      if (query !== undefined && childrenOf(query, "feature").some(({ attributes }) => attributes.get("var") === ns.muc)) return service;
    }
    throw new Error("this server has no rooms");
  }

  /** XEP-0045 section 7.2.1; a room that is not there comes into being. */
  join(jid: string): void {
    const nick = this.#account.username;
    this.#change(jid, { jid, nick, joined: false, occupants: new Set() });
    this.#conversations.choose(jid);
    this.#send(xml("presence", { xmlns: ns.client, to: `${jid}/${nick}` }, xml("x", { xmlns: ns.muc }, xml("history", { maxstanzas: "20" }))));
  }

  leave(jid: string): void {
    const room = this.all.value.get(jid);
    if (room?.joined === true) this.#send(xml("presence", { xmlns: ns.client, type: "unavailable", to: `${jid}/${room.nick}` }));
    this.#change(jid, undefined);
    this.#conversations.leave(jid);
  }

  say(jid: string, text: string): void {
    this.#conversations.send(jid, "groupchat", text);
  }

  /** Nobody is anywhere any more. */
  ended(): void {
    this.all.value = new Map([...this.all.value].map(([jid, room]) => [jid, { ...room, joined: false, occupants: new Set<string>() }]));
  }

  /** Whether it was of a room. */
  presence(stanza: XmlElement): boolean {
    const from = stanza.attributes.get("from") ?? "";
    const room = this.all.value.get(bareOf(from));
    if (room === undefined) return false;
    const type = stanza.attributes.get("type");
    if (type === "error") {
      this.#change(room.jid, { ...room, joined: false, occupants: new Set() });
      this.#say(room.jid, `the room does not let you in: ${stanzaError(stanza)}`);
    } else if (type === undefined || type === "unavailable") {
      this.#seen(room, resourceOf(from), type === undefined, stanza);
    }
    return true;
  }

  /** Whether it was of a room. */
  message(stanza: XmlElement): boolean {
    const from = stanza.attributes.get("from") ?? "";
    const room = this.all.value.get(bareOf(from));
    if (room === undefined) return false;
    if (stanza.attributes.get("type") === "error") this.#say(room.jid, `not delivered: ${stanzaError(stanza)}`);
    const body = textOf(childOf(stanza, "body"));
    if (stanza.attributes.get("type") !== "groupchat" || body === undefined || body === "") return true;
    const nick = resourceOf(from);
    this.#conversations.note(room.jid, { from: nick, own: nick === room.nick, text: body, at: delayIn(stanza) });
    return true;
  }

  #seen(room: Room, nick: string, isThere: boolean, stanza: XmlElement): void {
    const x = childOf(stanza, "x", ns.mucUser);
    const codes = x === undefined ? [] : childrenOf(x, "status").map(({ attributes }) => attributes.get("code"));
    const occupants = new Set(room.occupants);
    if (!isThere) occupants.delete(nick);
    else if (occupants.size < occupantsMax) occupants.add(nick);
    if (!codes.includes("110")) return this.#change(room.jid, { ...room, occupants });
    // XEP-0045 sections 7.2.2 and 7.14: this is oneself, under the name that the room gave.
    this.#change(room.jid, { ...room, nick, joined: isThere, occupants: isThere ? occupants : new Set() });
    if (!isThere) this.#say(room.jid, "you are not in the room any more");
    else if (!room.joined) this.#say(room.jid, codes.includes("201") ? "you made this room" : "you are in the room");
    // XEP-0045 section 10.1.2: a new room is locked until its owner takes it as it is.
    if (codes.includes("201")) this.#unlock(room.jid);
  }

  #unlock(jid: string): void {
    const form = xml("query", { xmlns: ns.mucOwner }, xml("x", { xmlns: ns.dataForms, type: "submit" }));
    this.#iqs.ask("set", jid, form).catch((error: unknown) => this.#say(jid, `the room stays locked: ${String(error)}`));
  }

  #say(jid: string, text: string): void {
    this.#conversations.note(jid, { from: "", own: false, text });
  }

  #change(jid: string, room: Room | undefined): void {
    const all = new Map(this.all.value);
    if (room === undefined) all.delete(jid);
    else all.set(jid, room);
    this.all.value = all;
  }
}
