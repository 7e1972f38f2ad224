/** A client that does all that XEP-0198 asks of it, whatever happens to its links: what is said is said once, what is heard is counted. */
import type { BoundClient, ServerAddress } from "../support/login.ts";
import { bindRequest } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { ack, authenticated, enable, isStanza, management, request, resume } from "./support.ts";

export class Talker {
  readonly user: string;
  readonly jid: string;
  /** Bodies of messages, in the order in which they came. */
  readonly heard: string[] = [];
  /** `unavailable romeo@localhost/r`: presence of others. */
  readonly seen: string[] = [];
  #server: ServerAddress | undefined;
  #link: BoundClient | undefined;
  #id = "";
  #handled = 0;
  #sent = 0;
  #unacknowledged: { readonly number: number; readonly text: string }[] = [];

  constructor(user: string) {
    this.user = user;
    this.jid = `${user}@localhost/r`;
  }

  get linked(): boolean {
    return this.#link !== undefined;
  }

  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  async login(server: ServerAddress): Promise<void> {
    const link = await authenticated(server, { user: this.user });
    link.send(bindRequest("r") + enable("resume='true'"));
    await link.next();
    this.#id = (await link.next()).attrs["id"] ?? "";
    this.#begin(server, link);
    this.say("<presence/>");
  }

  /** Now, or when it is back. */
  say(stanza: string): void {
    this.#sent += 1;
    this.#unacknowledged.push({ number: this.#sent, text: stanza });
    this.#link?.send(stanza);
  }

  /** Tells the server what it has, and asks the same. */
  acknowledge(): void {
    this.#link?.send(ack(this.#handled) + request);
  }

  cut(): void {
    this.#link?.raw.destroy();
    this.#link = undefined;
  }

  /** Comes back and says again what was not taken. Returns false if the server dies meanwhile; throws if it refuses. */
  async resume(server: ServerAddress, dead: Promise<void>): Promise<boolean> {
    this.cut();
    const attempt = this.#attempt(server);
    return Promise.race([attempt.then(() => true), dead.then(() => attempt.catch(() => undefined)).then(() => false)]);
  }

  async #attempt(server: ServerAddress): Promise<void> {
    const link = await authenticated(server, { user: this.user });
    link.send(resume(this.#id, this.#handled));
    const answer = await link.next();
    if (answer.name !== "resumed") throw new Error(`${this.jid} was refused: ${link.raw.received.slice(-300)}`);
    this.#drop(answer);
    this.#begin(server, link);
    link.send(this.#unacknowledged.map(({ text }) => text).join("") + request);
  }

  #begin(server: ServerAddress, link: BoundClient): void {
    this.#server = server;
    this.#link = link;
    void this.#read(link);
  }

  /** What is read while the link is its own is handled; the rest never came. */
  async #read(link: BoundClient): Promise<void> {
    for (;;) {
      const element = await link.next(60_000).catch(() => undefined);
      if (element === undefined || this.#link !== link) return;
      if (isStanza(element)) this.#take(element);
      else if (element.xmlns === management && element.name === "a") this.#drop(element);
    }
  }

  #take(stanza: Xml): void {
    this.#handled += 1;
    const { from = "", type = "available" } = stanza.attrs;
    if (stanza.name === "message") this.heard.push(type === "error" ? `error ${textOf(stanza)}` : textOf(childOf(stanza, "body")));
    else if (stanza.name === "presence" && from !== this.jid) this.seen.push(`${type} ${from}`);
  }

  #drop({ attrs }: Xml): void {
    const h = Number(attrs["h"]);
    if (h > this.#sent) throw new Error(`${this.jid}: the server has ${h} of ${this.#sent} stanzas at ${this.#server?.port}`);
    this.#unacknowledged = this.#unacknowledged.filter(({ number }) => number > h);
  }
}
