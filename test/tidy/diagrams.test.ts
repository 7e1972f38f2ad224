import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chartOf, eventsOf } from "../../diagrams/chart.ts";
import { messagesOf } from "../../diagrams/contract.ts";
import { drawn, generated, projectRoot, staleFiles } from "../../diagrams/generate.ts";
import { sectionsOf } from "./sections.ts";

const files = await generated();

describe("diagrams/ is what the machines say", () => {
  it("holds every generated file as it is generated now (else: npm run diagrams)", () => {
    expect(staleFiles(files)).toEqual([]);
  });

  it("is generated the same each time", async () => {
    expect(await generated()).toEqual(files);
  });

  it("holds no picture of a machine that is gone", () => {
    const names = new Set(files.keys());
    const pictures = readdirSync(join(projectRoot, "diagrams")).filter((name) => /\.(svg|mmd|layout\.json|md|doap)$/.test(name));
    expect(pictures.filter((name) => !names.has(`diagrams/${name}`))).toEqual([]);
  });
});

describe.each(drawn)("the contract of the machine $machine.id", ({ machine, contract }) => {
  it("declares exactly the events that the machine answers", () => {
    const told = messagesOf(readFileSync(join(projectRoot, contract.source), "utf8"), contract.told).map(({ name }) => name);
    const answered = eventsOf(chartOf(machine)).filter((event) => event !== "*" && !event.startsWith("xstate."));
    expect(answered.toSorted()).toEqual(told.toSorted());
  });

  it("gives every state of the machine a description with a section in it", () => {
    const silent = chartOf(machine).states.filter(({ path, description }) => path !== "" && !/\b(section|sections|appendix) \S+.*\)\.$/.test(description ?? ""));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});

describe.each(drawn)("the words of the guards of the machine $machine.id", ({ machine, guards }) => {
  it("are there for each guard that is asked, and for no other", () => {
    const asked = chartOf(machine).transitions.flatMap(({ guard }) => guard ?? []);
    expect(Object.keys(guards).toSorted()).toEqual([...new Set(asked)].toSorted());
    expect(Object.keys(guards).toSorted()).toEqual(Object.keys(machine.implementations.guards).toSorted());
  });

  it.each(Object.entries(guards))("name a section that exists: %s", (_, words) => {
    const cited = [...words.matchAll(/((?:RFC \d{4}|XEP-\d{4})) section (\d+(?:\.\d+)*)/g)];
    expect(cited.length).toBeGreaterThan(0);
    for (const [, document = "", section = ""] of cited) expect(sectionsOf(document), words).toContain(section);
    expect(words).toMatch(/^[A-Z][^]*\)\.$/);
  });
});

describe("elkjs", () => {
  it("is imported by diagrams/elk.ts alone, so users of the library never load it", () => {
    const importers = ["machines", "src", "diagrams"].flatMap((folder) =>
      readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name).replaceAll("\\", "/"))
        .filter((name) => /from "elkjs/.test(readFileSync(join(projectRoot, name), "utf8"))),
    );
    expect(importers).toEqual(["diagrams/elk.ts"]);
  });
});
