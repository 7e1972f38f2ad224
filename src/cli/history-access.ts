/** What the commands that look into the past share. */
import type { ArchiveTransfer, UserAdmin } from "../admin/api.ts";
import type { ConfigFlags } from "../config/load.ts";
import { HistoryError } from "../history/errors.ts";
import type { HistorySource } from "../history/source.ts";
import type { Disagreement } from "../history/session-fold.ts";
import { withAccounts } from "./admin-access.ts";
import { load } from "./options.ts";
import { OperatorError, print, warn } from "./terminal.ts";

/** Lends `use` the log of the running server, or that of the data folder where none runs. */
export async function withHistory<T>(flags: ConfigFlags, use: (source: HistorySource & Pick<UserAdmin, "userList"> & Pick<ArchiveTransfer, "archivedId">, running: boolean) => Promise<T>): Promise<T> {
  try {
    return await withAccounts(load(flags), { makeFolder: false }, (source, { running }) => use(source, running));
  } catch (error) {
    throw error instanceof HistoryError ? new OperatorError(error.message) : error;
  }
}

/** A terminal must not obey what a client chose. */
export function visible(text: string): string {
  return text.replaceAll(/\p{C}/gu, "\u{FFFD}");
}

/** Waits for a slow reader, so that a long log is not in memory as a whole. Resolves with false when nobody reads any more. */
export async function printSlowly(text: string): Promise<boolean> {
  const { stdout } = process;
  print(text);
  if (stdout.writableNeedDrain && !stdout.destroyed) {
    await new Promise<void>((resolve) => {
      stdout.once("drain", resolve).once("close", resolve).once("error", () => resolve());
    });
  }
  return !stdout.destroyed && stdout.errored === null;
}

/** Says loudly what must not be. Returns whether there was anything. */
export function warnOf(session: string, disagreements: readonly Disagreement[]): boolean {
  for (const { position, what, folded, recorded } of disagreements) {
    warn(
      `session ${session}, position ${position}: the log does not agree with itself: ${what} is ${shown(recorded)} there, ` +
      `and ${shown(folded)} by the facts before it; a step of the server failed there, or the log is damaged`,
    );
  }
  return disagreements.length > 0;
}

/** Of any length, on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return "-";
  return visible(typeof value === "string" ? value : JSON.stringify(value));
}
