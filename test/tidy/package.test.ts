import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./sources.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

describe("The package", () => {
  it("exports files that the build makes, with their types", () => {
    const files = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : [entry.types, entry.default]));
    expect([...files, ...Object.values(manifest.bin)].filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it("lets a user import the server, the machines and the test kit by name", async () => {
    const names = async (specifier: string) => Object.keys((await import(/* @vite-ignore */ specifier)) as object);
    expect(await names("refrain")).toEqual(expect.arrayContaining(["startServer", "loadConfig", "configSchema"]));
    expect(await names("refrain/machines")).toEqual(expect.arrayContaining(["sessionMachine", "fold", "stateName"]));
    expect(await names("refrain/testing")).toEqual(expect.arrayContaining(["startServer"]));
  });
});
