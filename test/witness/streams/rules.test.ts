import { describe, expect, it } from "vitest";
import { actions, allowed, connected, moveBy, nowhere, possible, rules } from "../../../src/testing/oracle/stream-oracle.ts";
import { phases } from "../../../src/testing/oracle/stream-rules.ts";
import { sectionsOf } from "../../tidy/sections.ts";
import { nameOf } from "./play.ts";

describe("The rules for streams, as data", () => {
  it("say one thing of each action in each phase", () => {
    const names = rules.map(nameOf);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it("speak of every phase but the last, and of every action", () => {
    expect(phases.filter((phase) => !rules.some((rule) => rule.phase === phase))).toEqual(["closed"]);
    expect(Object.keys(actions).filter((action) => !rules.some((rule) => rule.action === action))).toEqual([]);
  });

  it("let every phase be reached, and the end from each", () => {
    const after = (phase: string) =>
      rules.filter((rule) => rule.phase === phase).flatMap(({ outcomes }) => outcomes.map(({ next }) => (next === "same" || next === "back" ? phase : next)));
    const reachable = (from: readonly string[]): ReadonlySet<string> => {
      const seen = new Set<string>(from);
      for (const phase of seen) for (const next of after(phase)) seen.add(next);
      return seen;
    };
    // A session is lost when its stream is closed.
    expect([...reachable(["opening", "opening over TLS", "lost"])].toSorted()).toEqual([...phases].toSorted());
    for (const phase of phases) expect(reachable([phase]), phase).toContain("closed");
  });

  it("stand in sections that there are", () => {
    for (const { source } of rules) {
      const [, document = "", section = ""] = /^((?:RFC|XEP)[- ]\d{4}) section ([\d.]+)$/.exec(source) ?? [];
      expect(sectionsOf(document), source).toContain(section);
    }
  });

  it("tell answers that differ from each other", () => {
    const world = connected(nowhere, "opening");
    for (const rule of possible(world, { stream: 0 })) {
      const answers = allowed(world, moveBy(world, { stream: 0 }, rule, "m1", "r1")).map(({ answer }) => answer.join());
      expect(new Set(answers).size, nameOf(rule)).toBe(answers.length);
    }
  });
});
