/** What is said to be implemented: by each extension, by the core, in the table and in the DOAP file. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { declared, doapFile, specificationsPage } from "../../diagrams/specifications.ts";
import { membersOf } from "../../diagrams/declared.ts";
import { inCore } from "../../src/xep/core.ts";
import { extensions } from "../../src/xep/index.ts";
import { childOf, readXml, textOf, type Xml } from "../support/xml-reader.ts";
import { root } from "./sources.ts";

/** The versions of each XEP, by its revision history, the newest first. */
const revisions = JSON.parse(readFileSync(new URL("revisions.json", import.meta.url), "utf8")) as Readonly<Record<string, string>>;
const all = declared();
const xeps = all.filter(({ id }) => id.startsWith("XEP-"));

describe("A declared specification", () => {
  it.each(all)("$id is an RFC or a version of a XEP", ({ id, title, version }) => {
    expect(title).not.toBe("");
    if (id.startsWith("XEP-")) expect(revisions[id]?.split(" ")).toContain(version);
    else expect([id, version]).toEqual([expect.stringMatching(/^RFC \d{4}$/), undefined]);
  });

  it("says in sentences what is missing, or nothing", () => {
    for (const { id, missing } of [...extensions.map(({ specification }) => specification), ...inCore]) {
      if (missing === undefined) continue;
      expect(missing, id).not.toEqual([]);
      for (const sentence of missing) expect(sentence, id).toMatch(/^\S[^]*[^.]\.$/);
    }
  });

  it("is declared in a file of src/xep, each of which has the number of one, or by the core, and not by both", () => {
    const files = readdirSync(join(root, "src/xep")).filter((name) => !["index.ts", "core.ts"].includes(name));
    const numbers = files.map((name) => /^(xep|rfc)-\d{4}(?=-[a-z0-9-]+\.ts$)/.exec(name)?.[0] ?? `${name} has no number`);
    const numberOf = (id: string) => id.toLowerCase().replace(" ", "-");
    const declaredNumbers = new Set(extensions.map(({ specification }) => numberOf(specification.id)));
    expect(numbers.filter((number) => !declaredNumbers.has(number))).toEqual([]);
    // What belongs together may stand in one file, or in files with one number.
    const texts = files.map((name) => readFileSync(join(root, "src/xep", name), "utf8"));
    expect(extensions.map(({ specification }) => specification.id).filter((id) => !texts.some((text) => text.includes(`id: "${id}"`)))).toEqual([]);
    expect(inCore.map(({ id }) => numberOf(id)).filter((number) => numbers.includes(number))).toEqual([]);
    expect(new Set(inCore.map(({ id }) => id)).size).toBe(inCore.length);
  });

  it("cannot be declared in two versions, and misses what one of its extensions misses", () => {
    const one = { id: "XEP-0001", title: "One", version: "1.0" };
    expect(() => declared([one, { ...one, version: "1.1" }])).toThrow("XEP-0001 is declared twice, as One 1.0 and as One 1.1");
    expect(declared([one, { ...one, missing: ["This."] }, { ...one, missing: ["That.", "This."] }])).toEqual([{ ...one, missing: ["This.", "That."] }]);
  });
});

describe("The table of specifications", () => {
  const rows = specificationsPage(root).split("\n").filter((line) => line.startsWith("| ["));

  it("has a row for each, which is complete exactly where nothing is missing", () => {
    expect(rows).toHaveLength(all.length);
    for (const { id, version, missing } of all) {
      const row = rows.find((row) => row.startsWith(`| [${id.slice(4)}](`) && row.includes(id.startsWith("XEP-") ? "/xep-" : "/rfc"));
      expect(row).toMatch(missing === undefined ? /\| yes \|$/ : new RegExp(`\\| ${missing[0]!.slice(0, 20).replaceAll(/[()]/g, "\\$&")}`));
      if (version !== undefined) expect(row).toContain(`| ${version} |`);
    }
  });

  it("names the conversations that show it: those whose title names it", () => {
    const folder = join(root, "test/conversations");
    const titles = readdirSync(folder).filter((name) => name.endsWith(".play")).map((name) => ({ name, title: readFileSync(join(folder, name), "utf8").split("\n")[0]! }));
    for (const { id } of xeps) {
      const plays = titles.filter(({ title }) => title.includes(id)).map(({ name }) => `[${name.slice(0, -5)}](../test/conversations/${name})`).toSorted();
      expect(rows.find((row) => row.startsWith(`| [${id.slice(4)}](https://xmpp.org/`))).toContain(`| ${plays.join(", ")} |`);
      expect(plays.length > 0, `a play whose title names ${id}`).toBe(!unplayed.has(id));
    }
  });
});

/** Why nobody plays them. */
const unplayed: ReadonlyMap<string, string> = new Map([
  ["XEP-0124", "it is another way for the same stanzas"],
  ["XEP-0156", "clients ask for it before they connect, and not by XMPP"],
  ["XEP-0198", "what it is for comes after the connection was lost, where plays end"],
  ["XEP-0206", "it is another way for the same stanzas"],
  ["XEP-0227", "it is a file for operators"],
  ["XEP-0368", "it is how clients connect"],
  ["XEP-0445", "accounts are made with it before there is anybody to play"],
  ["XEP-0453", "it is a file about the project"],
  ["XEP-0474", "all of it is within the messages of SCRAM, which plays show as they are: no word of them stands still"],
  ["XEP-0478", "it is said in the features and shows only where a client is cut off"],
]);

describe("XEP-0453 section 4 the DOAP file", () => {
  const file = readXml(doapFile(root).replace(/^<\?xml[^>]*\?>\s*<!--[^]*?-->/, ""));
  const project = childOf(file, "Project");
  const implemented = (project?.children ?? []).filter((child): child is Xml => typeof child !== "string" && child.name === "implements");
  const supported = implemented.flatMap((element) => childOf(element, "SupportedXep") ?? []);
  const resource = (element: Xml | undefined) => Object.values(element?.attrs ?? {})[0];

  it("names the project in the namespaces of RDF and DOAP", () => {
    expect([file.name, file.xmlns, project?.xmlns]).toEqual(["RDF", "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://usefulinc.com/ns/doap#"]);
    expect(textOf(childOf(project, "name"))).toBe("refrain");
  });

  it("has each XEP with its address, status and version, and says what is missing of those that are partial", () => {
    const told = supported.map((element) => ({
      xmlns: element.xmlns,
      address: resource(childOf(element, "xep")),
      status: textOf(childOf(element, "status")),
      version: textOf(childOf(element, "version")),
      note: textOf(childOf(element, "note")),
    }));
    expect(told).toEqual(xeps.map(({ id, version, missing }) => ({
      xmlns: "https://linkmauve.fr/ns/xmpp-doap#",
      address: `https://xmpp.org/extensions/${id.toLowerCase()}.html`,
      status: missing === undefined ? "complete" : "partial",
      version,
      note: missing === undefined ? "" : missing.join(" "),
    })));
  });

  it("has each RFC with its address", () => {
    const addresses = implemented.filter((element) => childOf(element, "SupportedXep") === undefined).map(resource);
    expect(addresses).toEqual(all.filter((each) => !xeps.includes(each)).map(({ id }) => `https://www.rfc-editor.org/info/${id.toLowerCase().replace(" ", "")}`));
  });
});

describe("What the chapter on extensions tells of the types", () => {
  const told = [
    ["src/router/extension.ts", "Extension"], ["src/router/extension.ts", "IqHandler"], ["src/router/extension.ts", "IqRequest"], ["src/router/phases.ts", "Passage"],
    ["src/router/house.ts", "House"], ["src/router/account-data.ts", "AccountData"], ["src/router/archive.ts", "Archive"],
  ] as const;
  it.each(told)("has words for each member of %s: %s", (file, name) => {
    const members = membersOf(readFileSync(join(root, file), "utf8"), name);
    expect(members.filter(({ meaning }) => meaning === "").map((member) => member.name)).toEqual([]);
  });
});
