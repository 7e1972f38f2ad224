/** Somebody who is signed in on this page: a session of the server, seen from its client. */
import { batch, signal } from "@preact/signals";
import { Contacts } from "./contacts.ts";
import { Conversations } from "./conversations.ts";
import { Iqs } from "./iqs.ts";
import { bareOf } from "./jid.ts";
import type { Resumption } from "./management.ts";
import { Rooms } from "./rooms.ts";
import { Stream, type Account, type StreamParts } from "./stream.ts";
import type { XmlElement } from "./xml.ts";

export class Person {
  /** The bare JID that was asked for, or, once it is known, as the server writes it. */
  readonly bare = signal("");
  /** `lost`: the link is, and the server keeps the session. `refused`: the name or the password is wrong. */
  readonly state = signal<"connecting" | "online" | "lost" | "ended" | "refused">("connecting");
  /** Why it ended, for people; "" for nothing. */
  readonly why = signal("");
  /** Full; of the session that was bound last. */
  readonly jid = signal<string | undefined>(undefined);
  /** The id of that session, once it is known. */
  readonly session = signal<string | undefined>(undefined);
  readonly conversations: Conversations;
  readonly contacts: Contacts;
  readonly rooms: Rooms;
  readonly account: Account;
  readonly #parts: StreamParts;
  readonly #iqs: Iqs;
  #stream: Stream | undefined;
  #resumption: Resumption | undefined;

  constructor(parts: StreamParts, account: Account) {
    this.#parts = parts;
    this.account = account;
    this.bare.value = `${account.username}@${account.domain}`;
    const send: Send = (stanza) => this.#stream?.send(stanza);
    this.#iqs = new Iqs(send);
    this.conversations = new Conversations(send, parts.clock);
    this.contacts = new Contacts(send, this.#iqs);
    this.rooms = new Rooms(send, this.#iqs, this.conversations, account);
    this.signIn();
  }

  /** Again, too: to the session that is kept, if one is. */
  signIn(): void {
    const resumption = this.#resumption;
    this.#resumption = undefined;
    batch(() => {
      this.state.value = "connecting";
      this.why.value = "";
      if (resumption === undefined) this.jid.value = this.session.value = undefined;
    });
    const stream = new Stream(this.#parts, this.account, {
      online: (jid) => this.#online(jid),
      stanza: (stanza) => batch(() => this.#take(stanza)),
      resumed: () => void (this.state.value = "online"),
      ended: (why, refused, kept) => batch(() => {
        this.#resumption = kept;
        this.state.value = kept !== undefined ? "lost" : refused ? "refused" : "ended";
        this.why.value = why;
        if (kept === undefined) this.#forget();
      }),
    }, resumption);
    this.#stream = stream;
  }

  signOut(): void {
    this.#stream?.close();
  }

  /** As when the network goes away. */
  cut(): void {
    this.#stream?.cut();
  }

  /** What was known by a session that is gone. */
  #forget(): void {
    this.#iqs.end();
    this.contacts.ended();
    this.rooms.ended();
  }

  #online(jid: string): void {
    batch(() => {
      this.#forget();
      this.session.value = undefined;
      this.jid.value = jid;
      this.bare.value = bareOf(jid);
      this.#iqs.own = jid;
      this.state.value = "online";
    });
    this.contacts.begin();
  }

  #take(stanza: XmlElement): void {
    switch (stanza.name) {
      case "iq":
        if (this.#iqs.take(stanza)) this.contacts.push(stanza);
        return;
      case "presence":
        if (!this.rooms.presence(stanza)) this.contacts.presence(stanza);
        return;
      case "message":
        if (!this.rooms.message(stanza)) this.conversations.message(stanza, this.bare.peek());
    }
  }
}

export type Send = (stanza: { readonly markup: string }) => void;
