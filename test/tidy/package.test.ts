import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./sources.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

describe("The package", () => {
  it("exports files that the build makes, with their types", () => {
    const files = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : [entry.types, entry.default]));
    expect([...files, ...Object.values(manifest.bin)].filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it("lets a user import the server, the contract for extensions, the machines and the test kit by name", async () => {
    const names = async (specifier: string) => Object.keys((await import(/* @vite-ignore */ specifier)) as object);
    expect(await names("refrain")).toEqual(expect.arrayContaining(["startServer", "loadConfig", "configSchema"]));
    expect(await names("refrain/extension")).toEqual(expect.arrayContaining(["defineExtension", "el", "sessionState"]));
    expect(await names("refrain/machines")).toEqual(expect.arrayContaining(["sessionMachine", "fold", "stateName"]));
    expect(await names("refrain/testing")).toEqual(expect.arrayContaining(["startServer"]));
  });

  it("publishes nothing that imports what its users do not have", () => {
    // On Windows npm is a script.
    const shell = process.platform === "win32";
    const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8", stdio: "pipe", shell });
    const [{ files }] = JSON.parse(output) as [{ readonly files: readonly { readonly path: string }[] }];
    // The inspector's page has everything in it that it needs: the build takes no import that it cannot follow.
    const code = files.map(({ path }) => path).filter((path) => /\.[cm]?[jt]s$/.test(path) && !path.startsWith("dist/page/"));
    expect(code).toEqual(expect.arrayContaining(["dist/src/cli/main.js", "dist/machines/index.js", "dist/src/index.d.ts"]));
    const known = new Set([manifest.name, ...builtinModules, ...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })]);
    const unknown = code.flatMap((path) =>
      importsIn(readFileSync(join(root, path), "utf8"))
        .filter((name) => !known.has(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

/** The packages that a file imports, by name. What stands within a text that it writes is none. */
function importsIn(text: string): readonly string[] {
  const statements = text.matchAll(/^\s*(?:import|export)\b(?:[^"'`;]*\bfrom)?\s*["']([\w@./:-]+)["']/gm);
  const specifiers = [...statements, ...text.matchAll(/\bimport\(\s*["']([\w@./:-]+)["']/g)].map((match) => match[1] ?? "");
  return specifiers
    .filter((specifier) => !/^[./]|^node:/.test(specifier))
    .map((specifier) => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/"));
}
