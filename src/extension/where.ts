/** Where in somebody's file an error is: Node tells it in several ways, and of syntax errors in modules not at all. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { extensionFilesMax } from "../domain/limits.ts";

/** `FILE:LINE:COLUMN`, from 1; undefined where it cannot be told. `file` is absolute, and was being loaded when it was thrown. */
export function whereIn(error: Error, file: string): string | undefined {
  const stack = error.stack ?? "";
  return marked(stack) ?? framed(stack, file) ?? (error instanceof SyntaxError ? parsed(error.message, file) : undefined);
}

/** `FILE:LINE`, the line, and a mark below the column, which the end of a file has not: before the error itself. */
function marked(text: string): string | undefined {
  const [, file, line, below = ""] = /^(\S.*?):(\d+)\n.*\n( *)\^*\n/.exec(text) ?? [];
  return file === undefined ? undefined : `${pathOf(file)}:${line}:${below.length + 1}`;
}

/** The innermost call in the file itself, else in any other that is no part of Node. */
function framed(stack: string, file: string): string | undefined {
  const frames = [...stack.matchAll(/^ +at .*?(file:\/\/.+?):(\d+):(\d+)\)?$/gm)].map(([, url = "", line, column]) => ({ path: pathOf(url), line, column }));
  const frame = frames.find(({ path }) => path === file) ?? frames[0];
  return frame && `${frame.path}:${frame.line}:${frame.column}`;
}

/**
 * Node is asked to read, and not to run, the file and what it imports by a relative path, until it says the same of one of them.
 * It takes a moment for each; nothing else is left to be done then.
 */
function parsed(message: string, file: string): string | undefined {
  const files = new Set([file]);
  for (const next of files) {
    const text = textIn(next);
    if (text === undefined) continue;
    const { NODE_OPTIONS: _, ...env } = process.env;
    const { stderr, error } = spawnSync(process.execPath, ["--check", "--input-type=module", "-"], { input: text, encoding: "utf8", env });
    // Where no process may be started it cannot be told.
    if (error !== undefined) return undefined;
    if (stderr.includes(`\nSyntaxError: ${message}`)) return marked(stderr)?.replace("[stdin]", () => next);
    for (const [, path = ""] of text.matchAll(/\b(?:from|import)\s*["'](\.{1,2}\/[^"']+)["']/g)) {
      if (files.size < extensionFilesMax) files.add(fileURLToPath(new URL(path, pathToFileURL(next))));
    }
  }
  return undefined;
}

function textIn(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function pathOf(place: string): string {
  return place.startsWith("file://") ? fileURLToPath(place) : place;
}
