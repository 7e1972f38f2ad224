/** What the tests of stream management share: a client that counts, cuts its link and comes back, and people to play with. */
import { connect as connectTcp } from "node:net";
import { expect } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { Stage, until } from "../presence/support.ts";
import { bindRequest, BoundClient, saslPlain, startTls, streamHeader, type LoginOptions, type ServerAddress } from "../support/login.ts";
import { RawClient, type RawOptions } from "../support/raw-client.ts";
import { childOf, StreamReader, textOf, type Xml } from "../support/xml-reader.ts";

export const management = "urn:xmpp:sm:3";
export const enable = (attributes = ""): string => `<enable xmlns='${management}' ${attributes}/>`;
export const request = `<r xmlns='${management}'/>`;
export const ack = (h: number | string): string => `<a xmlns='${management}' h='${h}'/>`;
export const resume = (id: string, h: number | string): string => `<resume xmlns='${management}' previd='${id}' h='${h}'/>`;

/** Where and how a client connects. */
export interface Way {
  /** Default: plaintext. */
  readonly over?: LoginOptions["over"];
  /** The address to connect from. Default: the system's choice. */
  readonly from?: string;
}

export interface Person extends Way {
  /** A bare JID, or a localpart of the server's domain. The password is `secret`. */
  readonly user: string;
  readonly resource?: string;
}

/** A stream that is authenticated and has nothing bound. */
export async function authenticated(server: ServerAddress, { user, over = "plaintext", from }: Person): Promise<BoundClient> {
  const raw = await connectFrom({ port: over === "tls" ? server.tlsPort : server.port, tls: over === "tls" ? "direct" : "none" }, from);
  if (over === "starttls") {
    raw.send(streamHeader(server.domain) + startTls);
    await raw.expect('<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>');
    await raw.startTls();
  }
  raw.send(streamHeader(server.domain));
  await raw.expect("</stream:features>");
  raw.send(saslPlain(localpart(user)));
  await raw.expect(/<success [^>]*>/);
  raw.send(streamHeader(server.domain));
  await raw.expect("</stream:features>");
  return new BoundClient(raw, server.domain);
}

async function connectFrom(options: RawOptions, localAddress: string | undefined): Promise<RawClient> {
  const target = { port: options.port, host: "127.0.0.1", noDelay: true };
  const socket = connectTcp(localAddress === undefined ? target : { ...target, localAddress });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const raw = new RawClient(socket, options);
  if (options.tls === "direct") await raw.startTls();
  return raw;
}

/**
 * A client with a resource, on one stream after the other. It counts what it reads and what it sends, asks and acknowledges only when
 * it is told to, and keeps what it should send again to itself: that is for the test to say.
 */
export class ManagedClient {
  readonly person: Person;
  jid = "";
  /** The SM-ID, once resumption is enabled. */
  id = "";
  /** Stanzas that were read since management is enabled: its `h`. */
  handled = 0;
  /** Stanzas that were sent since then. */
  sent = 0;
  /** What came that is no stanza, by name: `r`, `a 3`. */
  readonly nonzas: string[] = [];
  #server: ServerAddress;
  #link: BoundClient;
  #outgoing = new OutgoingCount();
  /** What was read while the client looked for something else. */
  readonly #waiting: Xml[] = [];

  constructor(server: ServerAddress, person: Person, link: BoundClient) {
    this.#server = server;
    this.person = person;
    this.#link = link;
  }

  static async login(server: ServerAddress, person: Person): Promise<ManagedClient> {
    const client = new ManagedClient(server, person, await authenticated(server, person));
    await client.bind();
    return client;
  }

  get link(): BoundClient {
    return this.#link;
  }

  get raw(): RawClient {
    return this.#link.raw;
  }

  get bare(): string {
    return this.jid.slice(0, this.jid.indexOf("/"));
  }

  async bind(): Promise<void> {
    this.#link.send(bindRequest(this.person.resource ?? "phone"));
    const answer = await this.#link.next();
    this.jid = textOf(childOf(childOf(answer, "bind"), "jid"));
    if (this.jid === "") throw new Error(`binding failed: ${this.raw.received}`);
  }

  /** Both counts begin. Returns the answer. */
  async enable(attributes = "resume='true'"): Promise<Xml> {
    this.send(enable(attributes));
    this.sent = 0;
    for (;;) {
      const element = await this.#link.next();
      if (element.xmlns !== management) this.#waiting.push(element);
      else if (element.name === "enabled") {
        this.id = element.attrs["id"] ?? "";
        this.handled = 0;
        return element;
      } else return element;
    }
  }

  send(text: string): void {
    this.sent += this.#outgoing.of(text);
    this.#link.send(text);
  }

  /** The next first-level element, counted if it is a stanza. */
  async next(timeoutMs?: number): Promise<Xml> {
    const element = this.#waiting.shift() ?? (await this.#read(timeoutMs));
    return element;
  }

  async #read(timeoutMs?: number): Promise<Xml> {
    const element = await this.#link.next(timeoutMs);
    if (isStanza(element)) this.handled++;
    else this.nonzas.push(element.attrs["h"] === undefined ? element.name : `${element.name} ${element.attrs["h"]}`);
    return element;
  }

  /** The stanzas that came until the server has taken all that was sent. */
  async caughtUp(): Promise<readonly Xml[]> {
    const id = `caught-up-${this.sent}`;
    this.send(`<iq type='get' id='${id}' to='${this.#server.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    return this.#until(({ name, attrs }) => name === "iq" && attrs["id"] === id);
  }

  /** The same, and messages that waited for the user are here too: the account answers when they are delivered. */
  async settled(): Promise<readonly Xml[]> {
    const id = `settled-${this.sent}`;
    this.send(`<iq type='get' id='${id}' to='${this.bare}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    return this.#until(({ name, attrs }) => name === "iq" && attrs["id"] === id);
  }

  async #until(isLast: (element: Xml) => boolean): Promise<readonly Xml[]> {
    const stanzas: Xml[] = [];
    for (;;) {
      const element = await this.next();
      if (isLast(element)) return stanzas;
      if (element.name === "error" && !isStanza(element)) throw new Error(`${this.jid}: stream error ${this.raw.received.slice(-300)}`);
      if (isStanza(element)) stanzas.push(element);
    }
  }

  /** Sends something and returns the stanzas that came until the server has dealt with it. */
  async ask(text: string): Promise<readonly Xml[]> {
    this.send(text);
    return this.caughtUp();
  }

  /** What the server says to have handled: the `h` of its answer to a request. Other elements stay to be read. */
  async count(): Promise<number> {
    this.send(request);
    for (;;) {
      const element = await this.#read();
      if (element.name === "a" && element.xmlns === management) return Number(element.attrs["h"]);
      if (isStanza(element)) this.#waiting.push(element);
    }
  }

  ack(h: number = this.handled): void {
    this.send(ack(h % 2 ** 32));
  }

  /** Drops the link without a word. */
  cut(): void {
    this.raw.destroy();
  }

  /** Drops it and waits until the server has seen it. */
  async vanish(server: TestServer): Promise<void> {
    this.cut();
    await hibernating(server, this.jid);
  }

  /** A new link that has not asked for anything yet. */
  async reconnect(server: ServerAddress = this.#server, way: Way = {}): Promise<BoundClient> {
    return authenticated(server, { ...this.person, ...way });
  }

  /** Takes this link, on which `<resumed/>` was read. */
  adopt(link: BoundClient, server: ServerAddress = this.#server): void {
    this.#server = server;
    this.#link = link;
    this.#outgoing = new OutgoingCount();
    this.#waiting.length = 0;
  }

  /** Comes back. Returns the `h` of `<resumed/>`; throws if that is not the answer. */
  async resume(options: Way & { readonly at?: ServerAddress; readonly h?: number } = {}): Promise<number> {
    const { at = this.#server, h = this.handled, ...way } = options;
    const link = await this.reconnect(at, way);
    link.send(resume(this.id, h % 2 ** 32));
    const answer = await link.next();
    if (answer.name !== "resumed") throw new Error(`${this.jid} was not resumed: ${link.raw.received.slice(-300)}`);
    expect(answer).toMatchObject({ xmlns: management, attrs: { previd: this.id } });
    this.adopt(link, at);
    // What was said so is known to the server: it comes again from there on.
    this.handled = h;
    return Number(answer.attrs["h"]);
  }

  /** Closes in order and waits until the server has closed too. */
  async close(): Promise<void> {
    this.#link.send("</stream:stream>");
    await this.raw.closed();
    this.cut();
  }
}

/** Stanzas in what a client sends, whatever the pieces. */
class OutgoingCount {
  readonly #reader = new StreamReader();

  constructor() {
    this.#reader.write(streamHeader("any"));
  }

  of(text: string): number {
    this.#reader.write(text);
    let count = 0;
    for (let element = this.#reader.take(); element !== undefined; element = this.#reader.take()) if (isStanza(element)) count++;
    return count;
  }
}

export const isStanza = ({ name, xmlns }: Xml): boolean => xmlns === "jabber:client" && ["message", "presence", "iq"].includes(name);

/** New people for each test, and clients that are cut after it. */
export class ManagedStage extends Stage {
  readonly #managed: ManagedClient[] = [];

  /** Logs in; nothing is enabled. */
  async bound(user: string, resource = "phone", way: Way & { readonly at?: ServerAddress } = {}): Promise<ManagedClient> {
    const { at = this.server, ...rest } = way;
    const client = await ManagedClient.login(at, { user, resource, ...rest });
    this.#managed.push(client);
    return client;
  }

  /** Logs in and can resume; with presence if that is given, whose copy is taken. */
  async resumable(user: string, resource = "phone", presence?: string, at: ServerAddress = this.server): Promise<ManagedClient> {
    const client = await this.bound(user, resource, { at });
    expect(await client.enable()).toMatchObject({ name: "enabled", attrs: { resume: "true" } });
    if (presence !== undefined) await client.ask(presence);
    return client;
  }

  override clear(): void {
    super.clear();
    for (const client of this.#managed.splice(0)) client.cut();
  }
}

/** Its session lives on without a link. */
export async function hibernating(server: TestServer, jid: string): Promise<void> {
  await until(() => {
    const session = server.session(jid);
    return session !== undefined && session.conn === undefined;
  });
}

export async function gone(server: TestServer, jid: string): Promise<void> {
  await until(() => server.session(jid) === undefined);
}

export const chat = (to: string, body: string, type = "chat"): string => `<message to='${to}' type='${type}' id='${body}'><body>${body}</body></message>`;

export const bodies = (stanzas: readonly Xml[]): readonly string[] =>
  stanzas.filter(({ name }) => name === "message").map((message) => textOf(childOf(message, "body")));

/** `message one`, `presence unavailable`, `iq set push-1`: each stanza in a few words. */
export const words = (stanzas: readonly Xml[]): readonly string[] =>
  stanzas.map((stanza) => [stanza.name, stanza.attrs["type"], stanza.attrs["id"]].filter((word) => word !== undefined).join(" "));

/** When a message was first on its way, ms since 1970; undefined without a delay. It has at most one. */
export function delayOf(message: Xml | undefined): number | undefined {
  const delays = (message?.children ?? []).filter((child) => typeof child !== "string" && child.name === "delay" && child.xmlns === "urn:xmpp:delay");
  expect(delays.length).toBeLessThanOrEqual(1);
  const [delay] = delays as readonly Xml[];
  return delay === undefined ? undefined : Date.parse(delay.attrs["stamp"] ?? "");
}

export function localpart(jid: string): string {
  return jid.includes("@") ? jid.slice(0, jid.indexOf("@")) : jid;
}

/** `<failed/>` with this condition, and nothing else in it. */
export function expectFailed(element: Xml, condition: string, h?: number): void {
  expect(element).toEqual({
    name: "failed",
    xmlns: management,
    attrs: h === undefined ? {} : { h: String(h) },
    children: [{ name: condition, xmlns: "urn:ietf:params:xml:ns:xmpp-stanzas", attrs: {}, children: [] }],
  });
}
