/** A raw client that has logged in and bound a resource: it still sends what the test says, and reads whole stanzas. */
import { connectRaw, type RawClient } from "./raw-client.ts";
import { childOf, showXml, StreamReader, textOf, type Xml } from "./xml-reader.ts";

/** What a client needs to know of a server. */
export interface ServerAddress {
  readonly domain: string;
  readonly port: number;
  readonly tlsPort: number;
}

export interface LoginOptions {
  /** The localpart. */
  readonly user: string;
  /** Default: `secret`. */
  readonly password?: string;
  /** null: the server makes one. Default: `test`. */
  readonly resource?: string | null;
  /** Default: direct TLS. */
  readonly over?: "tls" | "starttls" | "plaintext";
  /** Attributes of both stream headers. */
  readonly header?: string;
}

export const streamHeader = (domain: string, attributes = "version='1.0'"): string =>
  `<?xml version='1.0'?><stream:stream to='${domain}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' ${attributes}>`;

export const startTls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

export const saslPlain = (user: string, password = "secret", authzid = ""): string => {
  const payload = Buffer.from(`${authzid}\0${user}\0${password}`).toString("base64");
  return `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${payload}</auth>`;
};

export const bindRequest = (resource: string | null, id = "bind"): string => {
  const child = resource === null ? "" : `<resource>${resource}</resource>`;
  return `<iq type='set' id='${id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>${child}</bind></iq>`;
};

/** Connects, with TLS as asked for; the first header is still to be sent. */
export async function connectSecure(server: ServerAddress, over: LoginOptions["over"] = "tls"): Promise<RawClient> {
  if (over === "tls") return connectRaw({ port: server.tlsPort, tls: "direct" });
  const client = await connectRaw({ port: server.port });
  if (over === "plaintext") return client;
  client.send(streamHeader(server.domain));
  await client.expect("</stream:features>");
  client.send(startTls);
  await client.expect("<proceed xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/>");
  await client.startTls();
  return client;
}

/** Connects and logs in; the header after that is answered, nothing is bound. */
export async function authenticate(server: ServerAddress, { user, password, over, header }: Omit<LoginOptions, "resource">): Promise<RawClient> {
  const client = await connectSecure(server, over);
  client.send(streamHeader(server.domain, header));
  await client.expect("</stream:features>");
  client.send(saslPlain(user, password));
  await client.expect(/<success [^>]*>/);
  client.send(streamHeader(server.domain, header));
  await client.expect("</stream:features>");
  return client;
}

export async function login(server: ServerAddress, options: LoginOptions): Promise<BoundClient> {
  const raw = await authenticate(server, options);
  const bound = new BoundClient(raw, server.domain);
  bound.send(bindRequest(options.resource === undefined ? "test" : options.resource));
  const answer = await bound.next();
  const jid = textOf(childOf(childOf(answer, "bind"), "jid"));
  if (jid === "") throw new Error(`binding failed: ${showXml(answer)}`);
  bound.jid = jid;
  return bound;
}

export class BoundClient {
  readonly raw: RawClient;
  /** The full JID. */
  jid = "";
  readonly #domain: string;
  readonly #reader = new StreamReader();
  /** How much of the received text was read. */
  #read: number;
  #requests = 0;

  /** `raw` has had its features after authentication. */
  constructor(raw: RawClient, domain: string) {
    this.raw = raw;
    this.#domain = domain;
    this.#read = raw.received.lastIndexOf("<?xml");
    this.#next();
    this.#reader.take();
  }

  get header(): Readonly<Record<string, string>> {
    return this.#reader.header ?? {};
  }

  get bare(): string {
    return this.jid.slice(0, this.jid.indexOf("/"));
  }

  send(text: string): void {
    this.raw.send(text);
  }

  /** The next first-level element. Rejects if none comes in time. */
  async next(timeoutMs = 5_000): Promise<Xml> {
    const taken = this.#next();
    if (taken !== undefined) return taken;
    const { raw } = this;
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        raw.socket.off("data", look).off("close", gone);
        finish();
      };
      const look = (): void => {
        try {
          const element = this.#next();
          if (element !== undefined) settle(() => resolve(element));
        } catch (error) {
          settle(() => reject(error as Error));
        }
      };
      const gone = (): void => settle(() => reject(new Error(`${this.jid}: the connection was closed before an element came`)));
      const timer = setTimeout(
        () => settle(() => reject(new Error(`${this.jid}: no element came in ${timeoutMs} ms`))), timeoutMs,
      );
      raw.socket.on("data", look).on("close", gone);
    });
  }

  /** Asks the server something and waits for the answer: what this client sent before is done, what was sent to it before is here. */
  async caughtUp(): Promise<readonly Xml[]> {
    const id = `caught-up-${++this.#requests}`;
    this.send(`<iq type='get' id='${id}' to='${this.#domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const before: Xml[] = [];
    for (;;) {
      const element = await this.next();
      if (element.name === "iq" && element.attrs["id"] === id) return before;
      before.push(element);
    }
  }

  /** Sends one stanza and returns all that came until the server has dealt with it. */
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

  #next(): Xml | undefined {
    const { received } = this.raw;
    if (received.length > this.#read) {
      this.#reader.write(received.slice(this.#read));
      this.#read = received.length;
    }
    return this.#reader.take();
  }
}
