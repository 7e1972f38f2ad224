/** A client in a race: what it says arrives when it is let, in its order. */
import { ScramLogin } from "../../src/testing/virtual/scram-login.ts";
import type { VirtualLink } from "../../src/testing/virtual/virtual-net.ts";
import { bindRequest, streamHeader } from "../support/login.ts";
import { childOf, showXml, StreamReader, textOf, type Xml } from "../support/xml-reader.ts";
import type { Race } from "./race.ts";

const managementNamespace = "urn:xmpp:sm:3";

export class Player {
  readonly user: string;
  readonly #race: Race;
  readonly #turn: (label: string) => Promise<void> | undefined;
  #link: VirtualLink | undefined;
  #reader = new StreamReader();
  #logins = 0;
  /** The first-level elements of this stream since it was restarted. */
  heard: Xml[] = [];
  /** No link, or no longer. */
  isClosed = true;
  /** Stanzas handled since management was enabled. */
  handled = 0;
  /** What has left, in order. */
  readonly written: string[] = [];
  resumption = "";
  #saying: Promise<void> = Promise.resolve();

  constructor(race: Race, user: string, turn: (label: string) => Promise<void> | undefined) {
    this.#race = race;
    this.user = user;
    this.#turn = turn;
  }

  get bare(): string {
    return `${this.user}@localhost`;
  }

  /** The condition that the stream was closed with. */
  get streamError(): string | undefined {
    const error = this.heard.find(({ name, xmlns }) => name === "error" && xmlns === "http://etherx.jabber.org/streams");
    return error?.children.map((child) => (typeof child === "string" ? "" : child.name)).find((name) => name !== "" && name !== "text");
  }

  say(text: string): void {
    const turn = this.#turn(`${this.user}: ${text}`);
    const link = this.#link;
    const write = (): void => {
      this.written.push(text);
      link?.write(text);
    };
    if (turn === undefined) write();
    else this.#saying = this.#saying.then(() => turn).then(write);
  }

  /** The first element heard for which it holds, from now or before. Time passes meanwhile. */
  async hear(what: string, wanted: (element: Xml) => boolean): Promise<Xml> {
    for (let steps = 0; ; steps++) {
      const found = this.heard.find(wanted);
      if (found !== undefined) return found;
      if (steps > 5_000 || !(await this.#race.time.step())) {
        throw new Error(`${this.user} waits for ${what} and has heard ${this.heard.map((element) => showXml(element)).join("")}`);
      }
    }
  }

  /** A stream up to where a resource can be bound; not part of the race. */
  async authenticate(): Promise<this> {
    this.#connect();
    this.#open();
    await this.hear("features", ({ name }) => name === "features");
    const login = new ScramLogin({ mechanism: "SCRAM-SHA-256", username: this.user, password: "secret", nonce: `${this.user}${++this.#logins}` });
    this.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${login.mechanism}'>${login.initial}</auth>`);
    const challenge = await this.hear("challenge", ({ name }) => name === "challenge");
    this.say(`<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${login.respond(textOf(challenge))}</response>`);
    await this.hear("success", ({ name }) => name === "success");
    this.#open();
    await this.hear("features", ({ name }) => name === "features");
    return this;
  }

  bind(resource: string): void {
    this.say(bindRequest(resource));
  }

  enable(): void {
    this.say(`<enable xmlns='${managementNamespace}' resume='true'/>`);
  }

  resume(previd: string, h: number): void {
    this.say(`<resume xmlns='${managementNamespace}' previd='${previd}' h='${h}'/>`);
  }

  /** With a resource, interested in the roster and available; able to resume. */
  async login(resource: string): Promise<this> {
    await this.authenticate();
    this.bind(resource);
    await this.hear("its resource", ({ attrs }) => attrs["id"] === "bind");
    this.enable();
    this.resumption = (await this.hear("enabled", ({ name }) => name === "enabled")).attrs["id"] ?? "";
    this.handled = 0;
    this.say("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>");
    await this.ping();
    return this;
  }

  /** What was sent before is done when this is answered. */
  async ping(): Promise<void> {
    const id = `ping${++this.#logins}`;
    this.say(`<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await this.hear("an answer", ({ attrs }) => attrs["id"] === id);
  }

  /** What becomes of the stream is nobody's matter any more. */
  cut(): void {
    this.#link?.cut();
    this.isClosed = true;
  }

  /** The JID that was bound on this stream. */
  get jid(): string | undefined {
    const bound = this.heard.find(({ attrs }) => attrs["id"] === "bind" && attrs["type"] === "result");
    return bound && textOf(childOf(childOf(bound, "bind"), "jid"));
  }

  get bodies(): readonly string[] {
    return this.heard.filter(({ name, attrs }) => name === "message" && attrs["type"] !== "error").map((message) => textOf(childOf(message, "body")));
  }

  /** Full JID → the last presence heard of it: its status, or `unavailable`. */
  get seen(): Readonly<Record<string, string>> {
    const presences = this.heard.filter(({ name, attrs }) => name === "presence" && [undefined, "unavailable"].includes(attrs["type"]));
    return Object.fromEntries(presences.map((presence) => [presence.attrs["from"] ?? "", presence.attrs["type"] ?? textOf(childOf(presence, "status"))]));
  }

  #connect(): void {
    this.isClosed = false;
    this.#link = this.#race.network.connect(this.#race.server.port, {
      data: (text) => this.#read(text),
      closed: () => {
        this.isClosed = true;
      },
    });
    if (this.#link === undefined) throw new Error(`${this.user}: nobody listens`);
  }

  #open(): void {
    this.#reader = new StreamReader();
    this.heard = [];
    this.say(streamHeader("localhost"));
  }

  #read(text: string): void {
    this.#reader.write(text);
    for (let element = this.#reader.take(); element !== undefined; element = this.#reader.take()) {
      if (["message", "presence", "iq"].includes(element.name)) this.handled++;
      this.heard.push(element);
    }
  }
}
