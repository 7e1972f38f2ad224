/** A client of BOSH that knows no XML: it posts bodies as the test says, and has their answers as text (XEP-0124). */
import { expect } from "vitest";

export interface BoshClientOptions {
  readonly port: number;
  /** Default: by HTTP on this machine. */
  readonly origin?: string;
  readonly rid?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export class BoshClient {
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;
  rid: number;
  sid = "";
  /** All answers so far. */
  readonly received: string[] = [];

  constructor({ port, origin = `http://127.0.0.1:${port}`, rid = 1_573_741_820, headers = {} }: BoshClientOptions) {
    this.#origin = origin;
    this.rid = rid;
    this.#headers = headers;
  }

  /** Any body at all. */
  async raw(body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
    const response = await fetch(`${this.#origin}/http-bind`, { method: "POST", body: body as string, headers: { ...this.#headers, ...headers } });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  /** A body of this session with that rid. */
  async post(rid: number, attributes = "", inside = ""): Promise<string> {
    const { status, text } = await this.raw(
      `<body rid='${rid}' sid='${this.sid}' xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' ${attributes}>${inside}</body>`,
    );
    expect(status).toBe(200);
    this.received.push(text);
    return text;
  }

  /** The next one. */
  next(inside = "", attributes = ""): Promise<string> {
    this.rid += 1;
    return this.post(this.rid, attributes, inside);
  }

  async begin(attributes = "wait='60' hold='1'", to = "localhost"): Promise<string> {
    const { text } = await this.raw(
      `<body rid='${this.rid}' to='${to}' ver='1.6' xml:lang='en' xmpp:version='1.0' ${attributes} xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh'/>`,
    );
    this.sid = / sid='([^']+)'/.exec(text)?.[1] ?? "";
    this.received.push(text);
    return text;
  }

  /** Sends, and asks until an answer matches. */
  async ask(inside: string, match: RegExp, attributes = ""): Promise<string> {
    let answer = await this.next(inside, attributes);
    for (let tries = 0; !match.test(answer) && tries < 5; tries += 1) answer = await this.next();
    expect(answer).toMatch(match);
    return answer;
  }

  /** Logged in by PLAIN, and not bound. */
  async login(username: string, password = "secret"): Promise<void> {
    await this.begin();
    await this.ask(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from(`\0${username}\0${password}`).toString("base64")}</auth>`, /<success/);
    await this.ask("", /<bind/, "xmpp:restart='true' to='localhost'");
  }

  /** Logged in and bound. */
  async bound(username: string, resource = "web"): Promise<string> {
    await this.login(username);
    const answer = await this.ask(
      `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`, /id="bind"/,
    );
    return /<jid>([^<]+)/.exec(answer)?.[1] ?? "";
  }
}
