import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, root, sources } from "./sources.ts";
import { sectionsOf } from "./sections.ts";

const code = sources("machines", "src", "test", "diagrams");

describe("Citations", () => {
  it("name sections that exist", () => {
    const wrong = code.flatMap(({ path, text }) =>
      citations(text)
        .filter(({ document, section }) => sectionsOf(document)?.has(section) === false)
        .map(({ document, section }) => `${path}: ${document} has no section ${section}`),
    );
    expect(wrong).toEqual([]);
  });

  it("name documents whose sections are listed in test/tidy/sections.ts", () => {
    const unknown = code.flatMap(({ path, text }) =>
      citations(text)
        .filter(({ document }) => sectionsOf(document) === undefined)
        .map(({ document }) => `${path}: ${document}`),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });
});

describe("Words", () => {
  it("leave nothing unfinished", () => {
    const marks = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X"].join("|")})\\b`);
    expect(code.filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it("hold no path of a machine and no address of a registry", () => {
    const texts = [...code, ...documents()];
    const wrong = texts.filter(({ text }) => new RegExp(["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "registry\\.np" + "mjs"].join("|")).test(text));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it("keep every optional package in the lock file, for each kind of machine", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
    };
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)));
    expect(missing).toEqual([]);
  });

  it("keep the lock file free of download addresses", () => {
    expect(readFileSync(join(root, "package-lock.json"), "utf8")).not.toContain('"resolved"');
  });
});

describe("The top of the house", () => {
  it("holds the rooms that were agreed on and no others", () => {
    const folders = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && ![".git", "node_modules", "dist", "data", "coverage"].includes(entry.name))
      .map((entry) => entry.name);
    expect(folders.toSorted()).toEqual([".ci", "diagrams", "machines", "src", "test"]);
  });
});

interface Citation {
  readonly document: string;
  readonly section: string;
}

/** `RFC 6120 section 4.9.3`, `XEP-0198 sections 5 and 9.1`. */
function citations(text: string): readonly Citation[] {
  const number = "(?:\\d+(?:\\.\\d+)*|[A-Z](?:\\.\\d+)*(?![A-Za-z]))";
  const citation = new RegExp(`\\b(RFC \\d{4}|XEP-\\d{4}) sections? (${number}(?:(?:, | and | to )${number})*)`, "g");
  const found = text.matchAll(citation);
  return [...found].flatMap((match) =>
    (match[2] ?? "").split(/, | and | to /).map((section) => ({ document: match[1] ?? "", section })),
  );
}

function documents(): readonly { readonly path: string; readonly text: string }[] {
  const paths = ["README.md", "CHANGELOG.md", "package.json", ...filesBelow("diagrams"), ".ci/run"];
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}
