/** How the command line speaks: results on standard output, everything else on standard error. */
import { AdminError } from "../admin/errors.ts";
import { DataFolderError } from "../config/data-folder.ts";
import { ConfigError } from "../config/errors.ts";
import { StoreFailedError, StoreOpenError } from "../log/errors.ts";

export const exitOk = 0;
export const exitFailed = 1;
export const exitUsage = 2;

/** The command was called wrongly: exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something else that an operator can mend; the message names the thing, the value and the fix. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

/** The command has already said what failed: exit status 1. */
export class SaidError extends Error {
  override readonly name = "SaidError";
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Says something that is no result: scripts that read standard output do not see it. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function warn(text: string): void {
  note(`${style("33", "warning:", process.stderr)} ${text}`);
}

/** Says what went wrong, a line for each thing, and returns the exit status. A stack trace only with REFRAIN_DEBUG=1. */
export function reportError(error: unknown): number {
  if (error instanceof SaidError) return exitFailed;
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  const label = style("31", "error:", process.stderr);
  for (const line of message.split("\n")) note(`${label} ${line}`);
  if (process.env["REFRAIN_DEBUG"] === "1") note(stack ?? "");
  else if (!isForOperators(error)) note("REFRAIN_DEBUG=1 shows where it comes from");
  return error instanceof UsageError || (error instanceof ConfigError && error.isUsage) ? exitUsage : exitFailed;
}

/** Applies an SGR code if the stream is a terminal that wants colour (https://no-color.org). */
export function style(code: string, text: string, stream: NodeJS.WriteStream): string {
  const plain = !stream.isTTY || Boolean(process.env["NO_COLOR"]) || process.env["TERM"] === "dumb";
  return plain ? text : `\u001B[${code}m${text}\u001B[0m`;
}

/** Columns padded to their widest cell. Control characters are made visible: a terminal must not obey what a client chose. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll(/\p{C}/gu, "\u{FFFD}")));
  const widths = header.map((_, column) => Math.max(...clean.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
  return clean.map((row, index) => (index === 0 ? style("1", line(row), process.stdout) : line(row))).join("\n");
}

/** Errors whose message already names the thing, the value and the fix. */
function isForOperators(error: unknown): boolean {
  const kinds = [UsageError, OperatorError, ConfigError, DataFolderError, AdminError, StoreOpenError, StoreFailedError];
  return kinds.some((kind) => error instanceof kind);
}
