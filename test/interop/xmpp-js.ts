/** @xmpp/client, ready for a test: what arrives is kept until it is asked for, and it stays away once it is disconnected. */
import { client, xml, type Client, type ClientOptions, type XmlElement } from "@xmpp/client";
import { WebSocket } from "ws";
import type { ServerAddress } from "../support/login.ts";

export { xml, type XmlElement } from "@xmpp/client";

// Node 20 has none of its own.
globalThis.WebSocket = WebSocket as unknown as typeof globalThis.WebSocket;

export const transports = ["STARTTLS", "direct TLS", "WebSocket"] as const;
export type Transport = (typeof transports)[number];

/** Where a server is reached, by whichever way. */
export interface Places extends ServerAddress {
  /** The HTTP listener; 0 without it. */
  readonly httpPort: number;
  /** It has TLS. Default: false. */
  readonly httpTls?: boolean;
}

export type Mechanism = "SCRAM-SHA-1" | "PLAIN";

export interface UserOptions {
  readonly username: string;
  readonly password?: string;
  /** Default STARTTLS. */
  readonly transport?: Transport;
  /** Default PLAIN: @xmpp/client needs 0.2 s for a SCRAM login. */
  readonly mechanism?: Mechanism;
  readonly resource?: string;
  readonly lang?: string;
  /** Default false: as a client that knows nothing of XEP-0388, so that the resource is the one that it asks for. */
  readonly sasl2?: boolean;
}

export const password = "correct horse";

export class XmppJsUser {
  readonly client: Client;
  /** Full JID, once it is online. */
  jid = "";
  /** What went wrong, stream errors included, in order. */
  readonly errors: (Error & { readonly condition?: string })[] = [];
  /** Names of the mechanisms that were begun. */
  readonly mechanisms: string[] = [];
  #arrived: XmlElement[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(server: Places, options: UserOptions) {
    const { username, transport = "STARTTLS", mechanism = "PLAIN", resource, lang, sasl2 = false } = options;
    const credentials: ClientOptions["credentials"] = async (authenticate, _, fast) =>
      authenticate({ username, password: options.password ?? password, token: await fast?.fetch() }, mechanism);
    this.client = client({
      service: serviceOf(server, transport),
      domain: server.domain,
      credentials,
      ...(resource === undefined ? {} : { resource }),
      ...(lang === undefined ? {} : { lang }),
    });
    this.client.reconnect.stop();
    if (!sasl2) this.client.prependListener("element", withoutSasl2);
    this.client.on("error", (error: Error) => {
      this.errors.push(error);
      this.#wake();
    });
    this.client.on("stanza", (stanza: XmlElement) => {
      this.#arrived.push(stanza);
      this.#wake();
    });
    this.client.on("disconnect", () => this.#wake());
    this.client.on("send", (element: XmlElement) => {
      if (element.name === "auth" || element.name === "authenticate") this.mechanisms.push(String(element.attrs["mechanism"]));
    });
  }

  /**
   * Rejects with what @xmpp/client rejects with. Its own `start()` begins to wait for the answer to its header when that is written, which
   * on a busy machine may be after the answer: then it waits in vain while the login goes on, and being online is what tells.
   */
  async start(): Promise<this> {
    let online: (() => void) | undefined;
    const isOnline = new Promise<void>((resolve) => this.client.once("online", (online = resolve)));
    const started = this.client.start();
    started.catch(() => undefined);
    try {
      await Promise.race([isOnline, started]);
    } finally {
      this.client.removeListener("online", online!);
    }
    this.jid = String(this.client.jid);
    return this;
  }

  get bareJid(): string {
    return this.jid.slice(0, this.jid.indexOf("/"));
  }

  get resource(): string {
    return this.jid.slice(this.jid.indexOf("/") + 1);
  }

  /** Sends presence and waits until the server has seen it. */
  async presence(...children: readonly XmlElement[]): Promise<this> {
    await this.client.send(xml("presence", {}, ...children));
    return this.settled();
  }

  /** Waits until the server has handled all that this client sent, and this client all that the server sent before. */
  async settled(): Promise<this> {
    await this.client.iqCaller.get(xml("ping", "urn:xmpp:ping"), "localhost");
    return this;
  }

  message(to: string | undefined, body: string, type = "chat"): Promise<void> {
    return this.client.send(xml("message", { to, type, id: body.slice(0, 32) }, xml("body", {}, body)));
  }

  /** The first stanza that fits, now or within 10 s; it is taken away. */
  async next(fits: (stanza: XmlElement) => boolean): Promise<XmlElement> {
    let found: XmlElement | undefined;
    await this.#until(() => {
      found = this.#arrived.find(fits);
      return found !== undefined;
    }, () => `expected a stanza, but there are only ${this.#arrived.map(String).join("") || "none"}`);
    this.#arrived = this.#arrived.filter((stanza) => stanza !== found);
    return found!;
  }

  nextMessage(): Promise<XmlElement> {
    return this.next((stanza) => stanza.name === "message");
  }

  /** Stanzas of this kind that arrived and were not taken. */
  arrived(name: "message" | "presence" | "iq"): readonly XmlElement[] {
    return this.#arrived.filter((stanza) => stanza.name === name);
  }

  /** Resolves when as many messages have arrived and were not taken. */
  async messages(count: number): Promise<readonly XmlElement[]> {
    await this.#until(
      () => this.arrived("message").length >= count,
      () => `expected ${count} messages, but ${this.arrived("message").length} are here`,
    );
    return this.arrived("message");
  }

  /** Its connection is gone from one moment to the next, and nobody was told. */
  abort(): void {
    // The TLS socket, and the WebSocket, lie within @xmpp/client's own.
    const { socket } = this.client;
    if (socket?.socket instanceof WebSocket) socket.socket.terminate();
    else socket?.socket?.destroy();
  }

  /** The condition of the stream error that ended the stream. */
  async disconnected(): Promise<string | undefined> {
    await this.#until(() => this.client.status === "disconnect", () => `it is still ${this.client.status}`);
    return this.errors.at(-1)?.condition;
  }

  async stop(): Promise<void> {
    this.client.reconnect.stop();
    if (this.client.status !== "offline") await this.client.stop();
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  async #until(holds: () => boolean, complaint: () => string, timeoutMs = 10_000): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`${this.jid}: ${complaint()}`));
      }, timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }
}

function serviceOf({ tlsPort, port, httpPort, httpTls = false }: Places, transport: Transport): string {
  switch (transport) {
    case "STARTTLS":
      return `xmpp://localhost:${port}`;
    case "direct TLS":
      return `xmpps://localhost:${tlsPort}`;
    case "WebSocket":
      return `${httpTls ? "wss" : "ws"}://localhost:${httpPort}/xmpp-websocket`;
  }
}

function withoutSasl2(element: XmlElement & { children: (XmlElement | string)[] }): void {
  if (element.name !== "stream:features") return;
  element.children = element.children.filter((child) => typeof child === "string" || !child.is("authentication", "urn:xmpp:sasl:2"));
}

export function bodies(stanzas: readonly XmlElement[]): (string | null)[] {
  return stanzas.map((stanza) => stanza.getChildText("body"));
}

/** The condition of a stanza error (RFC 6120 section 8.3.3), with its type. */
export function errorOf(stanza: XmlElement): { readonly type: string | undefined; readonly condition: string | undefined } {
  const error = stanza.getChild("error");
  const condition = error?.getChildElements().find((child) => child.name !== "text");
  return { type: error?.attrs["type"], condition: condition?.name };
}
