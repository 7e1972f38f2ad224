/** The project's own files, as the tidy tests see them. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

export const root = new URL("../../", import.meta.url).pathname;

export interface Source {
  /** From the top of the project: `src/net/tls.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** A path from the top of the project, or a package's name. */
  readonly target: string;
  readonly local: boolean;
  /** `import type`: gone at run time. */
  readonly typeOnly: boolean;
}

/** All TypeScript files below these folders. */
export function sources(...folders: readonly string[]): readonly Source[] {
  return folders.flatMap((folder) => filesBelow(folder)).filter((path) => /\.tsx?$/.test(path)).map(read);
}

/** All files below a folder, by path. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .toSorted();
}

function read(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, imports: importsOf(path, text) };
}

function importsOf(path: string, text: string): readonly Import[] {
  const statement = /^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;
  const dynamic = /\bimport\("([^"]+)"\)/g;
  return [
    ...[...text.matchAll(statement)].map((match) => toImport(path, match[2] ?? "", match[1] !== undefined)),
    ...[...text.matchAll(dynamic)].map((match) => toImport(path, match[1] ?? "", false)),
  ];
}

function toImport(path: string, specifier: string, typeOnly: boolean): Import {
  const local = specifier.startsWith(".");
  return { target: local ? normalize(join(dirname(path), specifier)) : specifier, local, typeOnly };
}

/** The room of a file: `machines`, or a folder or file of src. */
export function roomOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "src" ? second.replace(/\.ts$/, "") : top;
}
