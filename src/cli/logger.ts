/** The log of the server process, on standard error. */
import { constants, openSync } from "node:fs";
import { type Logger, pino, stdSerializers, stdTimeFunctions } from "pino";
import type { Config } from "../config/schema.ts";
import type { Clock } from "../ports.ts";
import { LogDestination } from "./log-destination.ts";
import { style } from "./terminal.ts";

export interface ProcessLogger {
  readonly logger: Logger;
  /** Writes what is still in memory, before the process ends. Takes half a second at most. */
  flush(): Promise<void>;
}

export function createLogger({ level, format }: Config["log"], clock: Clock): ProcessLogger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters, serializers: { err: described } };
  const isPretty = format === "pretty" || (format === "auto" && process.stderr.isTTY);
  const shown = isPretty ? pretty : (line: string) => line;
  const destination = new LogDestination({
    fd: logDescriptor(),
    clock,
    lostLines: (count) => shown(lossLine(count, clock.now())),
  });
  process.once("exit", () => destination.flushNow());
  return { logger: pino(options, { write: (line: string) => destination.write(shown(line)) }), flush: () => destination.flush() };
}

/** pino adds the message of each cause to that of the error; most of ours say it themselves. All stacks are in its own. */
export function described(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const fields = { ...stdSerializers.err(error) };
  return error.cause instanceof Error && error.message.endsWith(error.cause.message) ? { ...fields, message: error.message } : fields;
}

/**
 * A terminal that was stopped (Ctrl-S) would hold a thread in the middle of a write, and the end of the process with it: one that
 * is opened anew, unlike the one that the shell shares, can be asked to answer EAGAIN instead.
 */
function logDescriptor(): number {
  const { fd, isTTY } = process.stderr;
  if (!isTTY) return fd;
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}

/** As pino would write it, but past its level: a log that is not whole always says so. */
function lossLine(count: number, at: number): string {
  const msg = `log: ${count === 1 ? "a line is" : `${count} lines are`} lost here, because standard error did not take them; see to its disk or its reader`;
  return `${JSON.stringify({ level: "warn", time: new Date(at).toISOString(), event: "log.lost", lost: count, msg })}\n`;
}

const colours: Readonly<Record<string, string>> = { trace: "2", debug: "2", info: "32", warn: "33", error: "31", fatal: "31;1" };

function pretty(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const label = style(colours[String(level)] ?? "0", String(level).padEnd(5), process.stderr);
  const show = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const details = Object.entries(rest).map(([key, value]) => `${key}=${show(value)}`);
  const stack = (err as { stack?: unknown } | undefined)?.stack;
  const dim = details.length === 0 ? [] : [style("2", details.join(" "), process.stderr)];
  const text = [String(time).slice(11, 23), label, String(msg ?? ""), ...dim].join(" ");
  return stack === undefined ? `${text}\n` : `${text}\n${String(stack)}\n`;
}
