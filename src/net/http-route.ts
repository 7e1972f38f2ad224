/** What a room that answers HTTP requests says to the listener, without Node's own words. */
import type { Readable } from "node:stream";
import type { SecureLink } from "../ports.ts";
import type { FrameSocket } from "./frame-socket.ts";
import type { TextSocket } from "./text-socket.ts";

export interface HttpRoute {
  /** What is asked for, exactly as it comes, percent-encoded; with "/" at its end also everything below. The longest that fits is taken. */
  readonly path: string;
  /** What is there, for people who come by it with a browser. */
  readonly what?: string;
  /** On every answer that is given here, also where nobody was asked for it (404, 405, 500); what a handler names comes before it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers by method; HEAD is made from GET. Others get 405. */
  readonly methods?: Readonly<Partial<Record<"GET" | "POST" | "PUT" | "DELETE" | "OPTIONS", HttpHandler>>>;
  /** How long a request may take from its first byte to its last; without it as long as everywhere. At most `httpBodyMsMax`. */
  readonly requestMs?: number;
  /** Takes WebSockets (RFC 6455); a function is called with the one that is open then, for texts alone; a response refuses it. */
  readonly upgrade?: (request: HttpRequest) => WebSocketAnswer | Promise<WebSocketAnswer>;
}

/** What it throws is logged, and the client gets 500. */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export type WebSocketAnswer = HttpResponse | ((socket: TextSocket) => void) | FrameAnswer;

/** Takes a WebSocket for a protocol of its own. */
export interface FrameAnswer {
  /** Named in the handshake (RFC 6455 section 1.9); the client has offered it. */
  readonly subprotocol: string;
  /** Bytes of one message. */
  readonly messageBytesMax: number;
  accept(socket: FrameSocket): void;
}

/** A WebSocket that is to be opened. */
export interface WebSocketAcceptance extends Partial<Omit<FrameAnswer, "accept">>, Pick<FrameAnswer, "accept"> {
  readonly remoteAddress: string;
}

export interface HttpRequest {
  readonly method: string;
  /** Percent-encoded, without the query; begins with "/". */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Of the client, as far as trusted proxies tell. */
  readonly remoteAddress: string;
  /** The address of this machine that the client, or its proxy, reached. */
  readonly localAddress: string;
  /** The client is on this machine, and surely so (Asker.loopback). */
  readonly loopback: boolean;
  /** It looks so, as does whoever comes by a trusted proxy on this machine that names nobody: for what asks for a secret, too. */
  readonly seemsLoopback: boolean;
  /** Under TLS, also where that is the proxy's. */
  readonly secure: boolean;
  /** The TLS that the client has; null without. */
  readonly tls: SecureLink | null;
  /** By its name in lower case. */
  header(name: string): string | undefined;
  /** Reads it, once; undefined if it has more than `bytesMax` bytes. */
  body(bytesMax: number): Promise<Uint8Array | undefined>;
  /** The same as it comes, once, however long it is: the client waits while a piece is dealt with. Throws ClientGoneError. */
  pieces(): AsyncIterable<Uint8Array>;
}

export interface HttpResponse {
  readonly status: number;
  /** Besides and before those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is UTF-8, and `text/plain` unless a header says otherwise. */
  readonly body?: string | Uint8Array | LongBody;
}

/** What is read as it is sent. `open` is not called where only the headers are asked for. */
export interface LongBody {
  readonly bytes: number;
  open(): Readable;
}

/** For people who read the answer: a sentence, ended by a line break. */
export function textResponse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers, body: `${text}\n` };
}

/**
 * On every answer: nothing that comes from here is to be run, framed, guessed at or kept, unless who answers says so.
 */
export const commonHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** The headers of an answer, complete. */
export function headersOf({ status, headers = {}, body }: HttpResponse): Readonly<Record<string, string>> {
  const type = typeof body === "string" ? { "content-type": "text/plain; charset=utf-8" } : {};
  const bytes = typeof body === "string" ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.byteLength : (body?.bytes ?? 0);
  // RFC 9110 section 8.6: none where the status says that there is no content.
  const length = status === 204 ? {} : { "content-length": String(bytes) };
  return { ...commonHeaders, ...type, ...headers, ...length };
}
