/** What a server sends over one connection, in the words of the rules (src/testing/oracle), read by a parser that is not the server's. */
import type { Socket } from "node:net";
import type { RawClient } from "../../support/raw-client.ts";
import { childOf, StreamReader, textOf, type Xml } from "../../support/xml-reader.ts";

const streams = "http://etherx.jabber.org/streams";
const tls = "urn:ietf:params:xml:ns:xmpp-tls";
const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
const sasl2 = "urn:xmpp:sasl:2";
const management = "urn:xmpp:sm:3";
/** The features that the rules know; a server may have more. */
const known = ["bind", "mechanisms", "sm", "starttls"];

/** What a word leaves out. */
export interface Remembered {
  /** Each SM-ID with the name of its session in words: `s0`. */
  readonly sessions: Map<string, string>;
  /** Stream ids that were given out: each is new (RFC 6120 section 4.7.3). */
  readonly streamIds: Set<string>;
  readonly isAskedResource: (resource: string) => boolean;
}

export class Wire {
  readonly raw: RawClient;
  /** The data of the last challenge or success, decoded. */
  challenge = "";
  /** The full JID, once it is bound. */
  jid = "";
  /** The SM-ID that `<enabled/>` told, until it is remembered under a name. */
  id = "";
  readonly #remembered: Remembered;
  #reader = new StreamReader();
  #read = 0;
  /** Stanzas are counted, so that `<r/>` may come at any time and is no answer. */
  #counts = false;
  #headerTold = false;
  #endTold = false;
  #gone = false;
  readonly #words: string[] = [];
  #wake: () => void = () => undefined;

  constructor(raw: RawClient, remembered: Remembered) {
    this.raw = raw;
    this.#remembered = remembered;
    this.listen();
  }

  /** To the socket that the client has now: another one once TLS is there. */
  listen(): void {
    const { socket } = this.raw;
    const look = () => {
      if (socket === this.raw.socket) this.#wake();
    };
    const end = () => {
      if (socket === this.raw.socket) this.#gone = true;
      look();
    };
    socket.on("data", look).on("end", end).on("close", end);
    if (isOver(socket)) end();
  }

  send(text: string): void {
    this.raw.send(text);
  }

  /** What follows is a new stream, with a header of its own. */
  restart(): void {
    this.#reader = new StreamReader();
    this.#headerTold = false;
    this.#read = this.raw.received.length;
  }

  /** The next word; `gone` once the server has closed the connection; undefined if none comes in time. */
  async next(timeoutMs: number): Promise<string | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      this.#parse();
      const word = this.#words.shift();
      if (word !== undefined) return word;
      if (this.#gone) return "gone";
      const left = deadline - Date.now();
      if (left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Resolves when the server has closed the connection. What came is not looked at: it may be no XML. */
  async silentEnd(timeoutMs: number): Promise<boolean> {
    const from = this.raw.received.length;
    await this.raw.closed(timeoutMs);
    return !this.raw.received.slice(from).includes("</stream");
  }

  #parse(): void {
    const { received } = this.raw;
    if (received.length > this.#read) {
      this.#reader.write(received.slice(this.#read));
      this.#read = received.length;
    }
    const { header } = this.#reader;
    if (header !== undefined && !this.#headerTold) {
      this.#headerTold = true;
      this.#words.push(this.#headerWord(header));
    }
    for (let element = this.#reader.take(); element !== undefined; element = this.#reader.take()) {
      const word = this.#wordOf(element);
      if (word !== undefined) this.#words.push(word);
    }
    if (this.#reader.ended && !this.#endTold) {
      this.#endTold = true;
      this.#words.push("end");
    }
  }

  /** RFC 6120 sections 4.7.1 to 4.7.5: what a header has to hold; what is wrong with it is part of the word. */
  #headerWord({ from, to, id, version }: Readonly<Record<string, string>>): string {
    const { streamIds } = this.#remembered;
    const flaws = [from !== "localhost" && `from ${from}`, id === undefined && "without an id", id !== undefined && streamIds.has(id) && "with an old id"];
    if (id !== undefined) streamIds.add(id);
    const versioned = version === "1.0" ? false : version === undefined ? "without version" : `version ${version}`;
    return ["header", to !== undefined && `to ${to}`, versioned, ...flaws].filter((part) => part !== false).join(" ");
  }

  #wordOf(element: Xml): string | undefined {
    const { name, xmlns, attrs } = element;
    switch (`${xmlns} ${name}`) {
      case `${streams} features`:
        return ["features", ...known.filter((feature) => childOf(element, feature) !== undefined)].join(" ");
      case `${streams} error`:
        return streamErrorWord(element);
      case `${tls} proceed`:
        return "proceed";
      case `${tls} failure`:
        return "tls failure";
      case `${sasl} challenge`:
      case `${sasl2} challenge`:
      case `${sasl} success`:
        this.challenge = Buffer.from(textOf(element), "base64").toString();
        return name;
      case `${sasl2} success`:
        return this.#successWord(element);
      case `${sasl} failure`:
      case `${sasl2} failure`:
        return `failure ${firstOf(element)?.name}`;
      case `${management} r`:
        return this.#counts ? undefined : "r";
      case `${management} a`:
        return `a h=${attrs["h"]}`;
      case `${management} failed`:
        return ["failed", firstOf(element)?.name ?? "for no reason", attrs["h"] !== undefined && `h=${attrs["h"]}`].filter((part) => part !== false).join(" ");
      case `${management} enabled`:
        return this.#enabledWord(attrs);
      case `${management} resumed`:
        this.#counts = true;
        return `resumed ${this.#remembered.sessions.get(attrs["previd"] ?? "") ?? "nobody known"} h=${attrs["h"]}`;
      default:
        return xmlns === "jabber:client" ? this.#stanzaWord(element) : `<${name} xmlns='${xmlns}'/>`;
    }
  }

  /** XEP-0198 section 5: an id that was never given out before. */
  #enabledWord({ resume, id = "" }: Readonly<Record<string, string>>): string {
    this.#counts = true;
    if (resume === undefined) return "enabled";
    const fresh = id !== "" && !this.#remembered.sessions.has(id);
    this.id = id;
    return ["true", "1"].includes(resume) && fresh ? "enabled resumable" : `enabled resume='${resume}' with the id ${JSON.stringify(id)}`;
  }

  /** XEP-0388 section 2.6.1: with what else was done. */
  #successWord(success: Xml): string {
    const bound = childOf(success, "bound");
    if (bound !== undefined) this.jid = textOf(childOf(success, "authorization-identifier"));
    const done = [childOf(success, "resumed"), childOf(success, "failed"), childOf(bound, "enabled")].flatMap((element) => (element && this.#wordOf(element)) ?? []);
    return ["success", [...done, ...(bound === undefined ? [] : ["bound as one made here"])].join(", ")].filter((part) => part !== "").join(" ");
  }

  #stanzaWord(element: Xml): string {
    const { name, attrs: { type, id } } = element;
    const jid = textOf(childOf(childOf(element, "bind"), "jid"));
    if (name === "iq" && type === "result" && jid !== "") {
      this.jid = jid;
      const resource = jid.slice(jid.indexOf("/") + 1);
      return `bound ${id} as ${this.#remembered.isAskedResource(resource) ? resource : "one made here"}`;
    }
    const condition = type === "error" ? firstOf(childOf(element, "error"))?.name : undefined;
    const shown = name === "message" && type === "headline" ? undefined : type;
    return [name, shown, condition, id].filter((part) => part !== undefined).join(" ");
  }
}

function streamErrorWord(error: Xml): string {
  const condition = firstOf(error)?.name;
  const tooHigh = childOf(error, "handled-count-too-high");
  if (tooHigh === undefined) return `stream error ${condition}`;
  return `stream error ${condition} handled-count-too-high h=${tooHigh.attrs["h"]} send-count=${tooHigh.attrs["send-count"]}`;
}

function firstOf(element: Xml | undefined): Xml | undefined {
  return element?.children.find((child): child is Xml => typeof child !== "string");
}

const isOver = (socket: Socket): boolean => socket.destroyed || socket.readableEnded;
