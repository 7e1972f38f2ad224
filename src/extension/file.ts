/** Loads the file of an extension, and says what is wrong with it to who wrote it. */
import { statSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { ConfigProblem } from "../config/errors.ts";
import { problemOf, type Given } from "./problem.ts";
import { offerContract } from "./resolve.ts";
import { whereIn } from "./where.ts";

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
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    return refused(`cannot be loaded, ${whatWentWrong(error, file)}`, fixFor(error, file));
  }
  const { default: exported } = module;
  if (exported === undefined && Object.keys(module).length > 0) {
    return refused(`has no default export, only ${Object.keys(module).join(", ")}`, "write `export default` before the extension");
  }
  if (!Array.isArray(exported)) return { given: [{ ...given, value: exported }], problems: [] };
  return { given: exported.map((value: unknown, index) => ({ ...given, value, path: `${path}[${index}]` })), problems: [] };
}

/** In one line, with the place where that can be told. */
function whatWentWrong(error: unknown, file: string): string {
  if (!(error instanceof Error)) return `it throws ${String(error).split("\n", 1)[0]}`;
  const where = whereIn(error, file);
  return `${error.name}: ${error.message.split("\n", 1)[0]}${where === undefined ? "" : `, at ${where}`}`;
}

function fixFor(error: unknown, file: string): string {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
    return [".ts", ".mts", ".cts"].includes(extname(file))
      ? `this Node (${process.version}) takes no TypeScript: name the JavaScript that it is built to, or start the server with Node 22.18 or later`
      : "name a file of JavaScript: .js, .mjs or .cjs";
  }
  if (code === "ERR_MODULE_NOT_FOUND") return "install what it imports in a folder above it; refrain/extension is there by itself";
  return "mend it";
}
