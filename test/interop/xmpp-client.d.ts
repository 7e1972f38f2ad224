/** As much of @xmpp/client 0.14 as the tests use: it brings no types. */
declare module "@xmpp/client" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";
  import type { WebSocket } from "ws";

  export interface XmlElement {
    readonly name: string;
    readonly attrs: Readonly<Record<string, string | undefined>>;
    is(name: string, xmlns?: string): boolean;
    text(): string;
    getChild(name: string, xmlns?: string): XmlElement | undefined;
    getChildren(name: string, xmlns?: string): readonly XmlElement[];
    getChildElements(): readonly XmlElement[];
    getChildText(name: string, xmlns?: string): string | null;
    toString(): string;
  }

  export interface Jid {
    toString(): string;
  }

  export interface ClientOptions {
    readonly service: string;
    readonly domain: string;
    readonly username?: string;
    readonly password?: string;
    /** Called to log in: with what, and by which mechanism, is its choice. */
    readonly credentials?: (
      authenticate: (
        credentials: { readonly username: string; readonly password: string; readonly token?: unknown }, mechanism: string, userAgent?: XmlElement,
      ) => Promise<void>,
      mechanisms: readonly string[],
      /** undefined where there are no tokens (XEP-0484). */
      fast?: { fetch(): Promise<unknown> } | null,
    ) => Promise<void>;
    readonly resource?: string;
    readonly lang?: string;
    /** Milliseconds that a step of connecting or closing may take. */
    readonly timeout?: number;
  }

  export interface Client extends EventEmitter {
    readonly status: string;
    readonly jid: Jid | null;
    /** The TLS socket lies within @xmpp/tls's own, and so does the WebSocket within @xmpp/websocket's. */
    readonly socket: (Socket & { readonly socket?: undefined }) | { readonly socket: Socket | WebSocket | null } | null;
    readonly reconnect: EventEmitter & { delay: number; start(): void; stop(): void };
    readonly iqCaller: {
      get(payload: XmlElement, to?: string, timeoutMs?: number): Promise<XmlElement | undefined>;
      set(payload: XmlElement, to?: string, timeoutMs?: number): Promise<XmlElement | undefined>;
      request(iq: XmlElement, timeoutMs?: number): Promise<XmlElement>;
    };
    readonly iqCallee: {
      get(xmlns: string, name: string, handler: (context: { readonly element: XmlElement; readonly stanza: XmlElement }) => XmlElement | undefined): void;
      set(xmlns: string, name: string, handler: (context: { readonly element: XmlElement; readonly stanza: XmlElement }) => XmlElement | true | undefined): void;
    };
    /** undefined until it was told of any (XEP-0484). */
    readonly fast: EventEmitter & { fetchToken(): Promise<unknown>; saveToken(token: unknown): Promise<void> };
    start(): Promise<Jid>;
    stop(): Promise<unknown>;
    send(element: XmlElement): Promise<void>;
    sendMany(elements: readonly XmlElement[]): Promise<void>;
  }

  export function client(options: ClientOptions): Client;
  export function xml(
    name: string,
    attrs?: string | Readonly<Record<string, string | undefined>>,
    ...children: readonly (XmlElement | string)[]
  ): XmlElement;
}
