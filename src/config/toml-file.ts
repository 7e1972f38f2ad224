/** Reads a TOML file, and knows on which line each key stands. */
import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { ConfigError } from "./errors.ts";

export interface TomlFile {
  readonly values: Readonly<Record<string, unknown>>;
  /** Path of a key or table (`hosts[0].domain`) → its line, from 1. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Throws ConfigError naming the file as `label`, with line and column where it is no TOML. */
export function readTomlFile(file: string, label: string): TomlFile {
  const text = readText(file, label);
  try {
    return { values: parse(text), lines: findLines(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    const line = text.split("\n")[error.line - 1]?.trim() ?? "";
    throw problem(`${label}:${error.line}:${error.column}`, `not TOML, ${reason}: ${line}`, "see https://toml.io for the grammar");
  }
}

function readText(file: string, label: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") throw problem(label, "no such file", "name the configuration file with --config or REFRAIN_CONFIG");
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") throw problem(label, "not UTF-8 text", "save it as UTF-8");
    throw problem(label, `cannot be read (${code ?? String(error)})`, "give this user the right to read it");
  }
}

function problem(path: string, message: string, fix: string): ConfigError {
  return new ConfigError([{ path, message, source: undefined, fix }]);
}

const header = /^\s*(\[{1,2})\s*([^[\]]+?)\s*\]{1,2}\s*(#.*)?$/;
const assignment = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/;

/**
 * The parser keeps no positions, so the lines are found by reading headers and keys again. Keys of inline tables are not found;
 * whoever asks falls back on the table. Multi-line strings are skipped.
 */
function findLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const items = new Map<string, number>();
  let table = "";
  let openQuote: string | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (openQuote !== undefined) {
      if (line.includes(openQuote)) openQuote = undefined;
      continue;
    }
    const section = header.exec(line);
    const key = assignment.exec(line);
    if (section !== null) {
      table = section[1] === "[[" ? nextItem(items, plain(section[2]!)) : plain(section[2]!);
      lines.set(table, index + 1);
    } else if (key !== null) {
      lines.set(table === "" ? plain(key[1]!) : `${table}.${plain(key[1]!)}`, index + 1);
      openQuote = ['"""', "'''"].find((quote) => line.split(quote).length === 2);
    }
  }
  return lines;
}

function nextItem(items: Map<string, number>, list: string): string {
  const index = items.get(list) ?? 0;
  items.set(list, index + 1);
  return `${list}[${index}]`;
}

function plain(key: string): string {
  return key
    .split(".")
    .map((part) => part.trim().replaceAll(/^["']|["']$/g, ""))
    .join(".");
}
