/** Loads the file of an extension, and says what is wrong with it to who wrote it. */
import { statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { ConfigProblem } from "../config/errors.ts";
import { problemOf, type Given } from "./problem.ts";
import { offerContract } from "./resolve.ts";

export interface LoadedFile {
  /** The default export, or what is in it if it is an array. Nobody has looked at it. */
  readonly given: readonly Given<unknown>[];
  readonly problems: readonly ConfigProblem[];
}

/** Runs the file. `file` is absolute; `path` is what names it in messages. */
export async function loadFile(file: string, path: string): Promise<LoadedFile> {
  const given = { value: undefined, path, source: `file ${file}` };
  const refused = (message: string, fix: string): LoadedFile => ({ given: [], problems: [problemOf(given, "", message, fix)] });
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return refused("no such file", "name a JavaScript file, relative to the configuration file");
  if (!stats.isFile()) return refused("is not a file", "name the JavaScript file in it");
  offerContract();
  const url = pathToFileURL(file).href;
  let module: { readonly default?: unknown };
  try {
    module = (await import(/* @vite-ignore */ url)) as typeof module;
  } catch (error) {
    return refused(`cannot be loaded, ${whatWentWrong(error, url)}`, fixFor(error));
  }
  const { default: exported } = module;
  if (!Array.isArray(exported)) return { given: [{ ...given, value: exported }], problems: [] };
  return { given: exported.map((value: unknown, index) => ({ ...given, value, path: `${path}[${index}]` })), problems: [] };
}

/** In one line, with the line of the file where Node tells it. */
function whatWentWrong(error: unknown, url: string): string {
  if (!(error instanceof Error)) return `it throws ${String(error)}`;
  const line = /^:(\d+)/.exec(error.stack?.split(url)[1] ?? "")?.[1];
  return `${error.name}: ${error.message.split("\n", 1)[0]}${line === undefined ? "" : `, in line ${line}`}`;
}

function fixFor(error: unknown): string {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") return "this Node takes JavaScript: build it first";
  if (code === "ERR_MODULE_NOT_FOUND") return "install what it imports in a folder above it; refrain/extension is there by itself";
  if (error instanceof SyntaxError) return "`node --check` shows where, if its name ends in .mjs; it has to be an ECMAScript module";
  return "mend it";
}
