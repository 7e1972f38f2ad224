/** A client in virtual time that says what the test tells it to: everything it said and heard is kept, with the time. */
import { ScramLogin } from "../../../src/testing/virtual/scram-login.ts";
import type { VirtualLink, VirtualNetwork } from "../../../src/testing/virtual/virtual-net.ts";
import type { VirtualTime } from "../../../src/testing/virtual/virtual-time.ts";

export interface World {
  readonly time: VirtualTime;
  readonly network: VirtualNetwork;
  readonly port: number;
  /** Everything that is said and heard, in order. */
  readonly lines: string[];
}

const patienceMs = 120_000;

export class Client {
  readonly name: string;
  readonly #world: World;
  #link: VirtualLink | undefined;
  #heard = "";
  #counter = 0;
  /** `id` of `<enabled/>`. */
  resumption = "";
  /** Stanzas handled since then. */
  handled = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
  }

  get link(): VirtualLink {
    if (this.#link === undefined) throw new Error(`${this.name} has no link`);
    return this.#link;
  }

  connect(port = this.#world.port): void {
    this.#heard = "";
    this.#link = this.#world.network.connect(port, {
      data: (text) => {
        this.#heard += text;
        this.#note("<", text);
      },
      secured: () => this.#note("*", "secured"),
      closed: () => this.#note("*", "closed"),
    });
    if (this.#link === undefined) throw new Error(`${this.name}: refused`);
  }

  say(text: string): void {
    this.#note(">", text);
    this.link.write(text);
  }

  /** What was heard until then, which is forgotten: all until the first match. Time passes meanwhile. */
  async hear(pattern: RegExp): Promise<RegExpExecArray> {
    const { time } = this.#world;
    for (const until = time.now() + patienceMs; ; ) {
      const found = pattern.exec(this.#heard);
      if (found !== null) {
        const whole = this.#heard.slice(0, found.index + found[0].length);
        this.handled += whole.match(/<(message|presence|iq)[ >]/g)?.length ?? 0;
        this.#heard = this.#heard.slice(whole.length);
        return found;
      }
      if (!(await time.step(until))) throw new Error(`${this.name} waits for ${pattern} and has heard ${this.#heard}`);
    }
  }

  async open(): Promise<void> {
    this.say("<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
    await this.hear(/<\/stream:features>/);
  }

  async secure(): Promise<void> {
    this.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await this.hear(/<proceed[^>]*>/);
    this.link.startTls();
    await this.open();
  }

  async authenticate(password = "secret"): Promise<void> {
    const nonce = `${this.name}${(this.#counter += 1)}`;
    const { tlsExporter } = this.link;
    const login = new ScramLogin({
      username: this.name,
      password,
      nonce,
      ...(tlsExporter === undefined ? { mechanism: "SCRAM-SHA-256" } : { mechanism: "SCRAM-SHA-1-PLUS", channelBinding: { type: "tls-exporter", data: tlsExporter } }),
    });
    this.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${login.mechanism}'>${login.initial}</auth>`);
    const [, challenge] = await this.hear(/<challenge[^>]*>([^<]*)<\/challenge>/);
    this.say(`<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${login.respond(challenge!)}</response>`);
    const [, success] = await this.hear(/<success[^>]*>([^<]*)<\/success>/);
    if (!login.isVerified(success!)) throw new Error(`${this.name}: the server does not know the password`);
    await this.open();
  }

  async bind(): Promise<void> {
    this.say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>");
    await this.hear(/<\/iq>/);
    this.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    const [, id] = await this.hear(/<enabled[^>]* id="([^"]*)"[^>]*>/);
    this.resumption = id!;
    this.handled = 0;
    this.say("<presence/>");
  }

  async login(): Promise<void> {
    this.connect();
    await this.open();
    await this.authenticate();
    await this.bind();
  }

  async resume(): Promise<void> {
    this.connect();
    await this.open();
    await this.authenticate();
    this.say(`<resume xmlns='urn:xmpp:sm:3' previd='${this.resumption}' h='${this.handled}'/>`);
    await this.hear(/<resumed[^>]*>/);
  }

  #note(way: string, text: string): void {
    this.#world.lines.push(`${this.#world.time.now()} ${this.name} ${way} ${text}`);
  }
}
