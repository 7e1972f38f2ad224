/** An extension that was given, where it comes from, and how it is spoken of when something is wrong with it. */
import type { ConfigProblem } from "../config/errors.ts";
import type { Extension } from "../router/extension.ts";

export interface Given<Value = Extension> {
  readonly value: Value;
  /** `extensions[0]`, or `extensions[0][1]` where one file has several. */
  readonly path: string;
  /** `file /etc/refrain/my-extension.js`; undefined for the server's own. */
  readonly source: string | undefined;
}

export function problemOf({ path, source }: Given<unknown>, member: string, message: string, fix?: string): ConfigProblem {
  return { path: `${path}${member}`, message, source, fix };
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return isAsync(value) ? "an async function" : "a function";
  const text = typeof value === "object" && value !== null && !Array.isArray(value) ? "an object" : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export function isAsync(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object AsyncFunction]";
}
