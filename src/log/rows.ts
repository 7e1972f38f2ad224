/**
 * Facts as the engines keep them: values are JSON text, so that nobody shares a mutable value with the log, and so that a fact
 * crosses the thread boundary and enters the file without being taken apart again.
 */

import type { Append, Content, Fact, Forgotten, Json, KeyRange, ProjectionQuery, StoredFact } from "../ports.ts";
import { storable } from "./keys.ts";
import { upcast, versionRead } from "./upcasts.ts";

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
  readonly contents?: readonly Content[];
  readonly erases?: readonly (string | KeyRange)[];
  readonly forgets?: readonly Forgotten[];
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
  const { type, v, data } = row;
  return { ...row, v: versionRead(type, v), data: upcast(type, v, parse(data)) };
}

/**
 * Facts as one JSON text: an array of arrays, each with the columns of `FactRow` in their order and what the fact says not as text but
 * as it is. So it crosses the thread boundary without being taken apart, and is parsed once.
 */
export function fromText(text: string): readonly StoredFact[] {
  return (JSON.parse(text) as readonly TextFact[]).map(([position, stream, version, type, v, at, step, cause, data]) => ({
    position, stream, version, type, v: versionRead(type, v), at, step, cause, data: upcast(type, v, data),
  }));
}

type TextFact = readonly [number, string, number, string, number, number, string, string | null, Json];

/** For projections, most of which look at the type and go: the data is parsed when first read. */
export function toLazyFact(row: FactRow): StoredFact {
  const { type, v } = row;
  let data: Json | undefined;
  return {
    ...row,
    v: versionRead(type, v),
    get data() {
      return (data ??= upcast(type, v, parse(row.data)));
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

/** Throws TypeError or RangeError for a page that no engine can read. */
export function checkContentsPage(after: string, limit: number): void {
  storable("after", after);
  whole("limit", limit, 1);
}

/** Keys of one call of Store.texts. */
const textsMax = 1_000;

/** Throws TypeError or RangeError for keys that no engine looks for. */
export function checkKeys(keys: readonly string[]): void {
  if (keys.length > textsMax) throw new RangeError(`keys: expected at most ${textsMax}, got ${keys.length}`);
  for (const key of keys) storable("keys", key);
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
  if (query.before !== undefined) storable("before", query.before);
  whole("limit", query.limit, 1);
}

function toRow({ type, v, at, step, cause, data, secret, contents, erases, forgets }: Fact): NewFactRow {
  if (type === "") throw new TypeError("type: expected a name, got an empty one");
  whole("v", v, 1);
  whole("at", at, 0);
  storable("type", type);
  storable("step", step);
  if (cause !== null) storable("cause", cause);
  contents?.forEach(checkContent);
  erases?.forEach(checkErased);
  forgets?.forEach(checkForgotten);
  return {
    type, v, at, step, cause,
    data: serialise("data", data),
    ...(secret === undefined ? {} : { secret: secret === null ? null : serialise("secret", secret) }),
    ...(contents === undefined ? {} : { contents }),
    ...(erases === undefined ? {} : { erases }),
    ...(forgets === undefined ? {} : { forgets }),
  };
}

function checkContent({ key, text }: Content): void {
  if (key === "") throw new TypeError("content: expected a key, got an empty one");
  storable("content", key);
  storable(`content ${key}`, text);
}

function checkErased(keys: string | KeyRange): void {
  if (typeof keys === "string") storable("erases", keys);
  else storable("erases", keys.from + keys.through);
}

function checkForgotten({ stream, types = [], versions = [] }: Forgotten): void {
  storable("forgets", [stream, ...types].join(" "));
  for (const version of versions) whole("forgets", version, 1);
}

function whole(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`${what}: expected an integer from ${least}, got ${value}`);
}
