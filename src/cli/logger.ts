/** The log of the server process, on standard error. */
import { type Logger, pino, stdTimeFunctions } from "pino";
import type { Config } from "../config/schema.ts";
import { style } from "./terminal.ts";

export interface ProcessLogger {
  readonly logger: Logger;
  /** Writes what is still in memory, before the process ends. */
  flush(): void;
}

export function createLogger({ level, format }: Config["log"]): ProcessLogger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters };
  if (format === "pretty" || (format === "auto" && process.stderr.isTTY)) {
    return { logger: pino(options, { write: (line: string) => void process.stderr.write(pretty(line)) }), flush: () => {} };
  }
  // Not synchronous: a reader that is slow to take the log must not stop the server.
  const destination = pino.destination({ fd: 2, sync: false });
  return { logger: pino(options, destination), flush: () => destination.flushSync() };
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
