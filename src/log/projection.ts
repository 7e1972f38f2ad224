/** Read models: tables that facts alone decide, kept in step with the log in the same commit. */

import type { Json, ProjectionRange, ProjectionRow, StoredFact } from "../ports.ts";

export interface Projection {
  readonly name: string;
  /** From 1. A new one makes the table anew from all facts when the store is opened. */
  readonly version: number;
  /**
   * The name of a number in its values by which rows are counted: it grows by one from row to row where keys differ after their last "/"
   * alone, and where it begins says nothing.
   */
  readonly counts?: string;
  /**
   * Pure: reads the fact and its own table and nothing else, so that a table can be made again. May throw only for a fact that
   * cannot be: it refuses the whole append.
   */
  apply(fact: StoredFact, table: ProjectionTable): void;
}

/** Keys are text without U+0000 and lone surrogates, ordered by their UTF-8 bytes. */
export interface ProjectionTable {
  get(key: string): Json | undefined;
  rows(range: ProjectionRange): readonly ProjectionRow[];
  /** The last of the rows whose keys are `prefix`, which ends with "/", and something without a "/". No key may go on with more than that. */
  last(prefix: string): ProjectionRow | undefined;
  set(key: string, value: Json): void;
  delete(key: string): void;
  /** Removes every key with this prefix. */
  clear(prefix: string): void;
}

/** Applies a fact, and says which projection failed at which fact if one does; `cause` is what it threw. */
export function project(projection: Projection, fact: StoredFact, table: ProjectionTable): void {
  try {
    projection.apply(fact, table);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`projection ${projection.name} failed at ${fact.type} ${fact.version} of ${fact.stream}: ${why}`, { cause });
  }
}

export function unknownProjection(name: string): Error {
  return new Error(`projection ${name}: there is none of that name in this store`);
}
