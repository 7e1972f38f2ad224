/**
 * A client that keeps its session over lost links with stream management (XEP-0198): it counts what it handles, keeps what it sent until
 * that is acknowledged, comes back by itself and resumes.
 */
import { bindRequest, saslPlain, streamHeader } from "../../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import { counted, CountError, Outgoing } from "./counting.ts";
import type { Decisions } from "./decisions.ts";
import { Link, LinkLost } from "./link.ts";
import type { Transcript } from "./transcript.ts";

const managementNamespace = "urn:xmpp:sm:3";
/** Milliseconds between tries to connect: the first and the longest. */
const backOffMinMs = 15;
const backOffMaxMs = 250;
/** Milliseconds after which a client asks for what it has not seen acknowledged. */
const askMs = 150;

/** How a client goes about its acknowledgements. */
export interface Habits {
  /** Milliseconds at most until it has handled a stanza. What it has not when the link goes is forgotten: the server must send it again. */
  readonly handleMs: number;
  /** Milliseconds at most for which a request of the server waits. */
  readonly answerMs: number;
  /** Stanzas after which it acknowledges unasked; 0: it does not. */
  readonly acknowledgeEvery: number;
  /** Stanzas after which it asks the server. */
  readonly askEvery: number;
}

/** Something that was sent and shall be taken by the server. */
export interface Sending {
  readonly text: string;
  /** The server has taken responsibility for it. */
  accepted(): void;
}

export interface ClientEvents {
  resumed(): void;
  /** The server no longer knows the session, long before it may forget it. */
  sessionLost(reason: string): void;
  /** After that: there is another session, with nothing but what was not acknowledged in the one before. */
  begunAgain(): void;
  /** A stanza was handled; it is counted. */
  stanza(element: Xml): void;
  /** The server did what no server may. */
  fault(text: string): void;
}

export interface ClientSettings {
  /** The localpart, and the password. */
  readonly name: string;
  readonly domain: string;
  readonly port: number;
  readonly habits: Habits;
  readonly decisions: Decisions;
  readonly transcript: Transcript;
  readonly events: ClientEvents;
}

export class Client {
  readonly #settings: ClientSettings;
  #hasLost = false;
  #session: { readonly id: string; readonly jid: string } | undefined;
  #outgoing = new Outgoing<Sending>();
  #handled = 0;
  #link: Link | undefined;
  /** The stream is negotiated: stanzas may be sent. */
  #isUp = false;
  #isWanted = false;
  #living: Promise<void> = Promise.resolve();
  #sentSinceAsked = 0;
  #handledSinceAcknowledged = 0;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
  }

  /** The id under which the session can be resumed. */
  get session(): string | undefined {
    return this.#session?.id;
  }

  get jid(): string {
    if (this.#session === undefined) throw new Error(`${this.#settings.name} has no session`);
    return this.#session.jid;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Stanzas that the server has not acknowledged. */
  get waiting(): number {
    return this.#outgoing.waiting.length;
  }

  /** What both sides have counted, as far as this one knows. */
  get told(): { readonly handledThere: number; readonly handledHere: number } {
    return { handledThere: this.#outgoing.acknowledged, handledHere: this.#handled };
  }

  /** Comes, and comes back whenever the link is lost. */
  come(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#living = this.#living.then(() => this.#live());
  }

  /** Stays away until it is told to come: only its link goes. */
  leave(): void {
    this.#isWanted = false;
    this.#link?.drop("away");
  }

  /** Loses its link, at whatever point it is. */
  cut(how: "drop" | "abandon"): void {
    if (how === "drop") this.#link?.drop("cut");
    else this.#link?.abandon("abandoned");
  }

  /** Ends the session in order, with a last acknowledgement. */
  async close(): Promise<void> {
    const link = this.#link;
    if (link !== undefined && this.#isUp) {
      this.acknowledge();
      this.#isUp = false;
      this.#isWanted = false;
      await link.close();
    }
    this.leave();
    await this.#living;
  }

  /** Sends it now, or as soon as there is a link, until the server has it. */
  send(sending: Sending): void {
    this.#outgoing.push(sending);
    if (!this.#isUp) return;
    this.#write(sending);
    if (++this.#sentSinceAsked >= this.#settings.habits.askEvery) this.ask();
  }

  /** Asks what has arrived, and says what has arrived here. */
  ask(): void {
    if (!this.#isUp || this.#link === undefined) return;
    this.#sentSinceAsked = 0;
    this.#link.send(`<r xmlns='${managementNamespace}'/>`);
  }

  /** Says what has arrived here, unasked. */
  acknowledge(): void {
    if (this.#link !== undefined) this.#acknowledge(this.#link);
  }

  async #live(): Promise<void> {
    const { port, transcript, events } = this.#settings;
    for (let tries = 0; this.#isWanted; tries++) {
      let asking: NodeJS.Timeout | undefined;
      try {
        const link = await Link.connect(port);
        this.#link = link;
        if (!this.#isWanted) link.drop("away");
        await this.#negotiate(link);
        tries = 0;
        this.#isUp = true;
        asking = setInterval(() => this.waiting > 0 && this.ask(), askMs);
        await this.#converse(link);
      } catch (error) {
        if (this.#isUp || this.#link !== undefined) transcript.note("stream", `-- link lost: ${(error as Error).message}`);
        if (!(error instanceof LinkLost)) events.fault((error as Error).message);
        this.#link?.drop("lost");
      }
      clearInterval(asking);
      this.#isUp = false;
      this.#link = undefined;
      if (this.#isWanted) await pause(Math.min(backOffMaxMs, backOffMinMs * 2 ** tries) * (0.5 + this.#settings.decisions.fraction()));
    }
  }

  async #negotiate(link: Link): Promise<void> {
    const { name, domain } = this.#settings;
    link.send(streamHeader(domain));
    await expected(link, "features");
    link.send(saslPlain(name, name));
    await expected(link, "success");
    link.restart(streamHeader(domain));
    await expected(link, "features");
    if (this.#session !== undefined && (await this.#resume(link, this.#session.id))) return;
    await this.#begin(link);
  }

  async #resume(link: Link, id: string): Promise<boolean> {
    const { transcript, events } = this.#settings;
    transcript.note("stream", `-> resume h=${this.#handled} previd=${id}`);
    link.send(`<resume xmlns='${managementNamespace}' h='${this.#handled}' previd='${id}'/>`);
    const answer = await expected(link, "resumed", "failed");
    transcript.note("stream", `<- ${showXml(answer)}`);
    if (answer.name === "failed") {
      this.#session = undefined;
      this.#hasLost = true;
      events.sessionLost(showXml(answer));
      return false;
    }
    if (answer.attrs["previd"] !== id) throw new Error(`${id} was to be resumed, and the answer is ${showXml(answer)}`);
    this.#accept(answer.attrs["h"]);
    const again = this.#outgoing.waiting;
    if (again.length > 0) transcript.note("stream", `-> ${again.length} stanzas that have not arrived, or were never sent`);
    this.#isUp = true;
    for (const sending of again) this.#write(sending);
    this.ask();
    events.resumed();
    return true;
  }

  /** A session of its own. What another one has not acknowledged is sent in it. */
  async #begin(link: Link): Promise<void> {
    const { transcript, events } = this.#settings;
    link.send(bindRequest("phone"));
    const bound = await expected(link, "iq");
    const jid = textOf(childOf(childOf(bound, "bind"), "jid"));
    link.send(`<enable xmlns='${managementNamespace}' resume='true'/>`);
    const enabled = await expected(link, "enabled");
    const { id, resume } = enabled.attrs;
    if (jid === "" || id === undefined || !["true", "1"].includes(resume ?? "")) throw new Error(`no session that can be resumed: ${showXml(enabled)}`);
    transcript.note("stream", `<- ${jid} ${showXml(enabled)}`);
    const unsent = this.#outgoing.waiting;
    this.#session = { id, jid };
    this.#handled = 0;
    this.#handledSinceAcknowledged = 0;
    this.#outgoing = new Outgoing();
    this.#isUp = true;
    if (this.#hasLost) events.begunAgain();
    for (const sending of unsent) this.send(sending);
  }

  /** Never resolves; rejects with the link. */
  async #converse(link: Link): Promise<never> {
    const { habits, decisions, transcript, events } = this.#settings;
    for (;;) {
      const element = await link.next();
      if (habits.handleMs > 0) {
        await pause(decisions.fraction() * habits.handleMs);
        if (link.isLost) throw new LinkLost("lost before what came was handled");
      }
      if (element.xmlns === managementNamespace) this.#counts(link, element);
      else if (element.xmlns === "jabber:client") {
        this.#handled = counted(this.#handled);
        transcript.note("stanza", `<- ${this.#handled} ${showXml(element)}`);
        events.stanza(element);
        if (++this.#handledSinceAcknowledged === habits.acknowledgeEvery) this.#acknowledge(link);
      } else throw new Error(`what came is no stanza: ${showXml(element)}`);
    }
  }

  #counts(link: Link, element: Xml): void {
    const { habits, decisions } = this.#settings;
    if (element.name === "a") this.#accept(element.attrs["h"]);
    else if (element.name !== "r") throw new Error(`nobody asked for ${showXml(element)}`);
    else if (habits.answerMs === 0) this.#acknowledge(link);
    else setTimeout(() => this.#acknowledge(link), decisions.fraction() * habits.answerMs).unref();
  }

  #acknowledge(link: Link): void {
    if (link !== this.#link || link.isLost || !this.#isUp) return;
    this.#handledSinceAcknowledged = 0;
    this.#settings.transcript.note("count", `-> a h=${this.#handled}`);
    link.send(`<a xmlns='${managementNamespace}' h='${this.#handled}'/>`);
  }

  #accept(h: string | undefined): void {
    const { transcript } = this.#settings;
    if (h === undefined || !/^\d+$/.test(h)) throw new CountError(`expected the number of stanzas that were handled, got h='${h}'`);
    transcript.note("count", `<- h=${h}`);
    for (const sending of this.#outgoing.acknowledge(Number(h))) sending.accepted();
  }

  #write(sending: Sending): void {
    this.#settings.transcript.note("stanza", `-> ${sending.text}`);
    this.#link?.send(sending.text);
  }
}

/** The next element, which must be one of these. */
async function expected(link: Link, ...names: readonly string[]): Promise<Xml> {
  const element = await link.soon();
  if (names.includes(element.name)) return element;
  throw new Error(`expected <${names.join("/> or <")}/>, got ${showXml(element)}`);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
