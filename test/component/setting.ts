/** What the tests of components share: a component that knows no XML, and what it is told in a few words. */
import { createHash } from "node:crypto";
import type { TestServer } from "../../src/testing/start-server.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { showXml, StreamReader, type Xml } from "../support/xml-reader.ts";

export const secret = "swordfish & <co>";
export const namespace = "jabber:component:accept";

export const header = (to: string | undefined, xmlns = namespace): string =>
  `<stream:stream xmlns='${xmlns}' xmlns:stream='http://etherx.jabber.org/streams'${to === undefined ? "" : ` to='${to}'`}>`;

export const handshake = (id: string, known = secret): string => `<handshake>${createHash("sha1").update(id + known).digest("hex")}</handshake>`;

export type ComponentServer = Pick<TestServer, "componentPort">;

/** A connection on which this was sent; the answer is still to be read. */
export async function said(server: ComponentServer, text: string): Promise<RawClient> {
  const raw = await connectRaw({ port: server.componentPort });
  raw.send(text);
  return raw;
}

/** One whose header was answered, with the id of its stream. */
export async function greeted(server: ComponentServer, domain: string): Promise<{ readonly raw: RawClient; readonly id: string }> {
  const raw = await said(server, header(domain));
  const text = await raw.expect(/<stream:stream [^>]*>/);
  return { raw, id: /id='([^']+)'/.exec(text)?.[1] ?? "" };
}

export class Component {
  readonly raw: RawClient;
  readonly domain: string;
  readonly #reader = new StreamReader();
  #read = 0;
  #requests = 0;

  private constructor(raw: RawClient, domain: string) {
    this.raw = raw;
    this.domain = domain;
  }

  static async connect(server: ComponentServer, domain: string, known = secret): Promise<Component> {
    const { raw, id } = await greeted(server, domain);
    raw.send(handshake(id, known));
    const component = new Component(raw, domain);
    const first = await component.next();
    if (first.name !== "handshake" || first.xmlns !== namespace) throw new Error(`expected a handshake, got ${showXml(first)}`);
    return component;
  }

  send(text: string): void {
    this.raw.send(text);
  }

  /** The next first-level element. */
  async next(timeoutMs = 5_000): Promise<Xml> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { received } = this.raw;
      if (received.length > this.#read) {
        this.#reader.write(received.slice(this.#read));
        this.#read = received.length;
      }
      const element = this.#reader.take();
      if (element !== undefined) return element;
      if (Date.now() > deadline) throw new Error(`${this.domain}: no element came in ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** What it sent before is done, what was sent to it before is here. */
  async caughtUp(): Promise<readonly Xml[]> {
    const id = `caught-up-${++this.#requests}`;
    this.send(`<iq type='get' id='${id}' from='${this.domain}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const before: Xml[] = [];
    for (;;) {
      const element = await this.next();
      if (element.name === "iq" && element.attrs["id"] === id) return before;
      before.push(element);
    }
  }

  async ask(text: string): Promise<readonly Xml[]> {
    this.send(text);
    return this.caughtUp();
  }

  /** Closes in order and waits until the server has closed too. */
  async close(): Promise<void> {
    this.send("</stream:stream>");
    await this.raw.closed();
    this.raw.destroy();
  }

  /** Drops the connection without a word. */
  cut(): void {
    this.raw.destroy();
  }
}

/** `message chat from → to`, with the condition of an error. */
export function words(stanza: Xml): string {
  const { from = "", to = "", type } = stanza.attrs;
  const condition = conditionOf(stanza);
  return `${stanza.name}${type === undefined ? "" : ` ${type}`} ${plain(from)} → ${plain(to)}${condition === undefined ? "" : `: ${condition}`}`;
}

export function conditionOf(stanza: Xml): string | undefined {
  const error = stanza.children.find((child): child is Xml => typeof child !== "string" && child.name === "error");
  const condition = error?.children.find((child): child is Xml => typeof child !== "string" && child.name !== "text");
  return condition?.name;
}

/** Without the numbers that make names of tests unique. */
function plain(jid: string): string {
  return jid.replace(/-\d+@localhost/, "@localhost");
}
