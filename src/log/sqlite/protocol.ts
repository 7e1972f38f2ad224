/** What the main thread and the store's thread say to each other. Everything is a value that a structured clone carries whole. */

import type { Content, LogStats, ProjectionQuery } from "../../ports.ts";
import { BackupError, ConcurrencyError, StoreLockedError, StoreOpenError } from "../errors.ts";
import type { StoreOpenCode } from "../errors.ts";
import type { AppendRows } from "../rows.ts";
import type { DriverName } from "./driver.ts";

export interface EngineOptions {
  /** Absolute path. */
  readonly file: string;
  readonly durability: "full" | "process";
  readonly driver: DriverName | undefined;
  /** Bytes that the database may grow to; undefined for as many as the disk has. */
  readonly fileBytesMax: number | undefined;
  /** URL of a module that exports `projections`; undefined for the server's own. */
  readonly projections: string | undefined;
  /** Milliseconds from a commit until the read models of the file come up to it, if nobody asks for them earlier. */
  readonly modelsRestMs: number;
}

/** Those of one turn cross together, in their order, and so do replies: that is what takes the time where there are many. */
export type Requests = readonly Request[];
export type Replies = readonly Reply[];

export type Request = { readonly id: number } & Question;

export type Question =
  | { readonly kind: "commit"; readonly group: readonly (readonly AppendRows[])[] }
  | { readonly kind: "read"; readonly stream: string; readonly after: number; readonly limit: number }
  | { readonly kind: "readAll"; readonly after: number; readonly limit: number }
  | { readonly kind: "query"; readonly projection: string; readonly query: ProjectionQuery }
  | { readonly kind: "secret"; readonly stream: string; readonly type: string }
  | { readonly kind: "contents"; readonly stream: string; readonly after: string; readonly limit: number }
  | { readonly kind: "texts"; readonly stream: string; readonly keys: readonly string[] }
  | { readonly kind: "stats" }
  | { readonly kind: "backup"; readonly file: string }
  | { readonly kind: "close" };

export interface Answers {
  readonly commit: readonly Outcome[];
  /** See `fromText`. */
  readonly read: string;
  readonly readAll: string;
  readonly query: readonly TextRow[];
  readonly secret: string | null;
  readonly contents: readonly Content[];
  readonly texts: readonly (string | undefined)[];
  readonly stats: LogStats;
  readonly backup: null;
  readonly close: null;
}

/** What became of one member of a group. `versions` are those of its streams after it, in its order. */
export type Outcome =
  | { readonly position: number; readonly versions: readonly number[] }
  | { readonly refused: WireError };

export interface TextRow {
  readonly key: string;
  /** JSON. */
  readonly value: string;
}

export type Reply =
  | { readonly kind: "opened" }
  | { readonly kind: "refused"; readonly error: WireError }
  | { readonly kind: "answer"; readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly kind: "error"; readonly id: number; readonly error: WireError }
  /** The last thing a failed engine says. */
  | { readonly kind: "failed"; readonly error: WireError };

export type WireError =
  | { readonly is: "concurrency"; readonly stream: string; readonly expected: number; readonly actual: number }
  | { readonly is: "locked"; readonly file: string }
  | { readonly is: "backup"; readonly message: string }
  | { readonly is: "open"; readonly code: StoreOpenCode; readonly file: string; readonly message: string }
  | { readonly is: "other"; readonly message: string; readonly stack: string | undefined };

/** A structured clone keeps of an error's class only the built-in ones. */
export function toWire(error: unknown): WireError {
  if (error instanceof ConcurrencyError) {
    return { is: "concurrency", stream: error.stream, expected: error.expected, actual: error.actual };
  }
  if (error instanceof StoreLockedError) return { is: "locked", file: error.file };
  if (error instanceof BackupError) return { is: "backup", message: error.message };
  if (error instanceof StoreOpenError) return { is: "open", code: error.code, file: error.file, message: error.message };
  if (error instanceof Error) return { is: "other", message: error.message, stack: error.stack };
  return { is: "other", message: String(error), stack: undefined };
}

export function fromWire(error: WireError): Error {
  if (error.is === "concurrency") return new ConcurrencyError(error.stream, error.expected, error.actual);
  if (error.is === "locked") return new StoreLockedError(error.file);
  if (error.is === "backup") return new BackupError(error.message);
  const made = error.is === "open" ? new StoreOpenError(error.code, error.file, error.message) : new Error(error.message);
  if (error.is === "other" && error.stack !== undefined) made.stack = error.stack;
  return made;
}
