/**
 * Everything that the simulation replaces: time, randomness, ids, the network and the store.
 * The live forms are in `live.ts`, `net/` and `log/`; nothing else reads a clock, draws a random number or opens a socket.
 */

import type { Json } from "./domain/json.ts";

export type { Json };

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Runs `task` once, at or after `deadline` (ms since 1970). A live timer keeps the process alive only if it is told to. */
  at(deadline: number, task: () => void, keepAlive?: boolean): Timer;
  /** Runs `task` after the input that is being handled now: the boundary of a batch. */
  soon(task: () => void): void;
}

export interface Timer {
  cancel(): void;
}

export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Uint8Array;
}

export interface Ids {
  /** 128 random bits as 22 characters of base64url. */
  next(): string;
}

/** Structured logging: fields first, then a sentence. Never a secret in either. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Net {
  /** Rejects with an `Error` whose `code` is Node's (EADDRINUSE, EACCES, EADDRNOTAVAIL …). */
  listen(spec: ListenSpec, accept: (connection: Connection) => void): Promise<Listener>;
}

export interface ListenSpec {
  /** An IP address or host name of this machine. */
  readonly address: string;
  /** 0 lets the system pick a free one. */
  readonly port: number;
  /** true: TLS from the first byte (XEP-0368). Certificates belong to the Net. */
  readonly directTls: boolean;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Stops accepting; connections live on. */
  close(): Promise<void>;
}

/** One byte stream with a peer, with or without TLS. */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The address of this machine that the peer reached. */
  readonly localAddress: string;
  /** null until a TLS handshake is complete. */
  readonly secure: SecureLink | null;
  /** Bytes that were written and that the system has not yet taken. */
  readonly bufferedBytes: number;
  /** Begins delivery of what arrives. Called once. */
  start(handler: ConnectionHandler): void;
  write(text: string): void;
  /** Stops reading, so that the peer feels it. Idempotent. */
  pause(): void;
  resume(): void;
  /**
   * Server side of a TLS handshake over this connection (STARTTLS). Whatever arrived in the clear and was not read is discarded,
   * so it is called in the same tick as the `write` that lets the peer begin. Rejects, and destroys the connection, if the
   * handshake fails. `hostName` chooses the certificate for a peer without SNI (RFC 6120 section 5.4.3.1).
   */
  startTls(hostName?: string): Promise<SecureLink>;
  /** Sends what is written, then closes this direction. */
  end(): void;
  /** Closes at once, both ways. */
  destroy(): void;
}

export interface ConnectionHandler {
  data(bytes: Uint8Array): void;
  /** The peer closed its direction. */
  ended(): void;
  /** Both directions are closed; nothing follows. Told exactly once. */
  closed(error: Error | undefined): void;
  /** `bufferedBytes` went back to 0. */
  drained(): void;
}

export interface SecureLink {
  /** `proxy`: the TLS is that of a proxy which is trusted to say so; then there is nothing to bind to. */
  readonly protocol: "TLSv1.2" | "TLSv1.3" | "proxy";
  /** What the client named in SNI. */
  readonly serverName: string | undefined;
  /** RFC 9266: 32 bytes of exported keying material; undefined below TLS 1.3. */
  readonly tlsExporter: Uint8Array | undefined;
  /** RFC 5929 section 4: the hash of the certificate that this server showed; undefined if its signature has no hash function. */
  readonly tlsServerEndPoint: Uint8Array | undefined;
}

/** One thing that happened, as it is handed to the store. */
export interface Fact {
  /** Past tense, `AccountCreated`. */
  readonly type: string;
  /** Version of the shape of `data`, from 1. */
  readonly v: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The step in which it happened, an id. */
  readonly step: string;
  /** The id of the step that led to it, if another did. */
  readonly cause: string | null;
  readonly data: Json;
  /**
   * What must never be in the log: kept beside it, one value for each (stream, type), replaced by the next and erased by null,
   * in the same commit as the fact.
   */
  readonly secret?: Json;
  /**
   * Texts that are kept beside the log for as long as something needs them, stanzas above all: one for each (stream, key), replaced
   * by the next with that key. What a fact itself says stays; what it carried can be erased.
   */
  readonly contents?: readonly Content[];
  /** Contents of this stream that are erased in the same commit, before those of this fact are kept. */
  readonly erases?: readonly (string | KeyRange)[];
  /** What is deleted in the same commit, before this fact is written. */
  readonly forgets?: readonly Forgotten[];
}

export interface Content {
  /** Ordered by its UTF-8 bytes. */
  readonly key: string;
  readonly text: string;
}

/** All keys from the one to the other, both included. */
export interface KeyRange {
  readonly from: string;
  readonly through: string;
}

/**
 * Earlier facts of a stream: those of `types`, those of `versions`, or without either all of them, with its contents and secrets.
 * Versions are never given twice.
 */
export interface Forgotten {
  readonly stream: string;
  readonly types?: readonly string[];
  readonly versions?: readonly number[];
  /** Nobody writes to the stream any more, so that its last version need not be remembered. */
  readonly final?: true;
}

export interface StoredFact extends Omit<Fact, "secret" | "contents" | "erases" | "forgets"> {
  /** Place in the whole log, from 1, without order gaps that matter. */
  readonly position: number;
  /** `session/HOST/ID` or `account/HOST/USER`. */
  readonly stream: string;
  /** Place in its stream, from 1. */
  readonly version: number;
}

export interface Append {
  readonly stream: string;
  /** The version that the stream must have before; 0 for a stream that must not exist yet. */
  readonly expectedVersion: number | "any";
  readonly facts: readonly Fact[];
}

/** The event log with the read models kept in step with it. */
export interface Store {
  /** Durable when it resolves. Rejects with ConcurrencyError if the stream is not at `expectedVersion`. */
  append(stream: string, expectedVersion: number | "any", facts: readonly Fact[]): Promise<{ version: number; position: number }>;
  /** All or nothing, in one commit. `position` is the last one written. */
  appendMany(batch: readonly Append[]): Promise<{ position: number }>;
  /** Facts of one stream with version > `after`, oldest first. */
  read(stream: string, after: number, limit: number): Promise<readonly StoredFact[]>;
  /** Facts of all streams with position > `after`, oldest first. */
  readAll(after: number, limit: number): Promise<readonly StoredFact[]>;
  /** Tells each fact with position > `after` once, in order, past ones first. Returns the way to end it. */
  subscribe(after: number, handler: (fact: StoredFact) => void): () => void;
  /** Reads a projection: a key-value table that is ordered by key. */
  query(projection: string, query: ProjectionQuery): Promise<readonly ProjectionRow[]>;
  /** The secret of (stream, type), if there is one. */
  secret(stream: string, type: string): Promise<Json | undefined>;
  /** Contents of a stream with keys > `after`, in the order of their keys. */
  contents(stream: string, after: string, limit: number): Promise<readonly Content[]>;
  /** The texts of contents of a stream, in the order of the keys that were asked for: at most 1,000. undefined where there is none. */
  texts(stream: string, keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** How much room everything takes. */
  stats(): Promise<LogStats>;
  /** Writes everything, as it is now, to a new file that can take this store's place. Rejects if the file exists, or for a store without one. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

/** Bytes are those of the values themselves, without what the engine adds. */
export interface LogStats {
  /** By type, the largest first. */
  readonly facts: readonly Size[];
  /** By the first part of the key. */
  readonly contents: readonly Size[];
  /** By name. */
  readonly projections: readonly Size[];
  readonly secrets: Size;
  /** Of the file, and of the write-ahead log beside it; 0 for a store without files. */
  readonly fileBytes: number;
  readonly walBytes: number;
  /** Of the file, what is in no use: it is filled before the file grows. */
  readonly freeBytes: number;
  readonly lastPosition: number;
}

export interface Size {
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
}

export type ProjectionQuery = { readonly key: string } | ProjectionRange;

/** Rows whose keys begin so, in the order of their keys' UTF-8 bytes. */
export interface ProjectionRange {
  readonly prefix: string;
  /** Only rows whose keys come after this one, and before that one. Neither need be there, or begin with the prefix. */
  readonly after?: string;
  readonly before?: string;
  /** The last ones first. */
  readonly reverse?: boolean;
  /** From 1. */
  readonly limit: number;
}

export interface ProjectionRow {
  readonly key: string;
  readonly value: Json;
}
