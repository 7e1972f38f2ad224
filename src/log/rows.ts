/**
 * Facts as the engines keep them: values are JSON text, so that nobody shares a mutable value with the log, and so that a fact
 * crosses the thread boundary and enters the file without being taken apart again.
 */

import type { Append, Fact, Json, ProjectionQuery, StoredFact } from "../ports.ts";
import { storable } from "./keys.ts";

export interface FactRow {
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly v: number;
  readonly at: number;
  readonly step: string;
  readonly cause: string | null;
  readonly data: string;
}

export interface NewFactRow extends Omit<FactRow, "position" | "stream" | "version"> {
  /** Absent: untouched. null: erased. */
  readonly secret?: string | null;
}

export interface AppendRows {
  readonly stream: string;
  readonly expectedVersion: number | "any";
  readonly facts: readonly NewFactRow[];
}

/** Throws TypeError for what no engine can keep. */
export function toRows({ stream, expectedVersion, facts }: Append): AppendRows {
  if (stream === "") throw new TypeError("stream: expected a name, got an empty one");
  if (expectedVersion !== "any") whole("expectedVersion", expectedVersion, 0);
  return { stream: storable("stream", stream), expectedVersion, facts: facts.map(toRow) };
}

export function toFact(row: FactRow): StoredFact {
  return { ...row, data: parse(row.data) };
}

/** For projections, most of which look at the type and go: the data is parsed when first read. */
export function toLazyFact(row: FactRow): StoredFact {
  let data: Json | undefined;
  return {
    ...row,
    get data() {
      return (data ??= parse(row.data));
    },
  };
}

export function parse(text: string): Json {
  return JSON.parse(text) as Json;
}

/** JSON text of `value`. Throws TypeError for what JSON has no text for. */
export function serialise(what: string, value: Json): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${what}: expected a JSON value, got ${typeof value}`);
  return text;
}

/** Throws RangeError for a page that no engine can read. */
export function checkPage(after: number, limit: number): void {
  whole("after", after, 0);
  whole("limit", limit, 1);
}

export function checkQuery(query: ProjectionQuery): void {
  if ("key" in query) {
    storable("key", query.key);
    return;
  }
  storable("prefix", query.prefix);
  if (query.after !== undefined) storable("after", query.after);
  whole("limit", query.limit, 1);
}

function toRow({ type, v, at, step, cause, data, secret }: Fact): NewFactRow {
  if (type === "") throw new TypeError("type: expected a name, got an empty one");
  whole("v", v, 1);
  whole("at", at, 0);
  storable("type", type);
  storable("step", step);
  if (cause !== null) storable("cause", cause);
  const row = { type, v, at, step, cause, data: serialise("data", data) };
  if (secret === undefined) return row;
  return { ...row, secret: secret === null ? null : serialise("secret", secret) };
}

function whole(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${what}: expected an integer from ${least}, got ${value}`);
}
