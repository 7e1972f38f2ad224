/** The little that the store needs of an SQLite library, so that it can be either of two. */

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** One connection. Everything is synchronous and throws what `resultCode` can read. */
export interface Database {
  /** Runs statements that return nothing. */
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export interface Statement {
  run(...values: readonly Value[]): void;
  get(...values: readonly Value[]): Row | undefined;
  all(...values: readonly Value[]): readonly Row[];
}

export type DriverName = "node" | "libsql";
/** An empty name is a database that is gone when it is closed. `readOnly`: SQLite cannot write to the file, whatever it is asked. */
export type OpenDatabase = (file: string, readOnly?: boolean) => Database;

/** The primary result codes (sqlite.org/rescode.html) that are told apart. */
export const resultCodes = { error: 1, busy: 5, readOnly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** SQLite's primary result code, if the error is SQLite's. node:sqlite calls it errcode, libsql rawCode; both are extended codes. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errcode, rawCode } = error as { readonly errcode?: unknown; readonly rawCode?: unknown };
  const code = errcode ?? rawCode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** Node's own SQLite where it has one (from 22.13), else the optional package. Rejects with what the last one tried said. */
export async function loadDriver(name: DriverName | undefined): Promise<OpenDatabase> {
  if (name !== "libsql") {
    try {
      return (await import("./driver-node.ts")).openDatabase;
    } catch (error) {
      if (name === "node") throw error;
    }
  }
  return (await import("./driver-libsql.ts")).openDatabase;
}
