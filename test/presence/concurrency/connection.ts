/** One login of a resource: what it sent, and what it has received, in order. */
import type { BoundClient } from "../../support/login.ts";
import { childOf, showXml, StreamReader, textOf, type Xml } from "../../support/xml-reader.ts";
import type { Act } from "./scripts.ts";

/** One stanza that a script has sent. */
export interface Said {
  readonly act: Act;
  /** The address that it is about: whom it goes to, or who is blocked. Empty for none, "localhost" for everybody. */
  readonly about: string;
  /** Presence: its status; messages: the body. Unique in a run. */
  readonly mark: string;
}

export type End = "kill" | "close" | "replace";

export class Connection {
  /** The full JID. */
  readonly jid: string;
  readonly bare: string;
  /** The id of the first stanza that it sends. */
  readonly hello: string;
  readonly said: Said[] = [];
  /** Without answers to `caughtUp`. */
  readonly received: Xml[] = [];
  /** How the script ended it. */
  ended: End | undefined;
  readonly #client: BoundClient;
  readonly #log: (line: string) => void;
  readonly #reader = new StreamReader();
  #read: number;
  #bound = false;
  #pings = 0;
  #answered: (() => void) | undefined;
  #refused: ((error: unknown) => void) | undefined;

  constructor(client: BoundClient, hello: string, log: (line: string) => void) {
    this.#client = client;
    this.jid = client.jid;
    this.bare = client.bare;
    this.hello = hello;
    this.#log = log;
    this.#read = client.raw.received.lastIndexOf("<?xml");
    client.raw.socket.on("data", () => this.#take());
    client.raw.socket.on("end", () => client.raw.destroy());
    client.raw.socket.on("close", () => this.#refused?.(new Error(`${this.jid}: the server closed the connection`)));
    this.#take();
  }

  get live(): boolean {
    return this.ended === undefined;
  }

  send(text: string): void {
    this.#log(`${this.jid} sends ${text}`);
    this.#client.send(text);
  }

  /** Before "replace" another has taken the resource. What is still told is read until the server closes. */
  async end(how: End): Promise<void> {
    this.ended = how;
    this.#log(`${this.jid} ${how === "kill" ? "drops its connection" : how === "close" ? "closes its stream" : "is replaced"}`);
    if (how === "close") this.#client.send("</stream:stream>");
    if (how !== "kill") await this.#client.raw.closed();
    this.destroy();
  }

  destroy(): void {
    this.#client.raw.destroy();
  }

  /** What it sent before is done, and what it was sent before is here. */
  async caughtUp(): Promise<void> {
    const id = `caught-up-${++this.#pings}`;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.jid}: no answer in 5 s`)), 5_000);
      this.#answered = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#refused = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      this.#client.send(ping(this.jid, id));
    });
    this.#answered = this.#refused = undefined;
  }

  #take(): void {
    const { received } = this.#client.raw;
    if (received.length === this.#read) return;
    this.#reader.write(received.slice(this.#read));
    this.#read = received.length;
    for (let stanza = this.#reader.take(); stanza !== undefined; stanza = this.#reader.take()) this.#note(stanza);
  }

  #note(stanza: Xml): void {
    if (!this.#bound) {
      this.#bound = stanza.name === "iq" && stanza.attrs["id"] === "bind";
    } else if (stanza.name === "iq" && stanza.attrs["id"] === `caught-up-${this.#pings}`) {
      this.#answered?.();
    } else {
      this.#log(`${this.jid} receives ${showXml(stanza)}`);
      this.received.push(stanza);
    }
  }
}

/** Its answer stands in what is received where the server has dealt with what was sent before it. */
export function ping(jid: string, id: string): string {
  return `<iq type='get' id='${id}' to='${jid.slice(jid.indexOf("@") + 1, jid.indexOf("/"))}'><ping xmlns='urn:xmpp:ping'/></iq>`;
}

export function markOf(stanza: Xml): string {
  return textOf(childOf(stanza, stanza.name === "message" ? "body" : "status"));
}

export function isDelayed(stanza: Xml): boolean {
  return childOf(stanza, "delay") !== undefined;
}
