import { describe, expect, it } from "vitest";
import { chartOf } from "../../../diagrams/chart.ts";
import { sessionMachine } from "../../../machines/index.ts";
import { stateWords, transitionWords } from "../../../src/page/chart/transitions.ts";

const chart = chartOf(sessionMachine);

describe("what the page says of a transition", () => {
  it("is what the machine has, for each of them", () => {
    for (const { id, source, event, guard, otherwise, targets, actions } of chart.transitions) {
      const words = transitionWords(id);
      expect(words, id).toMatchObject({ name: id, from: source === "" ? "*" : source, event, to: targets[0] ?? null, actions });
      expect(words?.guard?.name ?? null, id).toBe(guard ?? (otherwise ? "else" : null));
      if (guard !== null) expect(words?.guard?.words, id).toMatch(/section/);
    }
  });

  it("is nothing for one of another version of the machine", () => {
    for (const name of ["", "nowhere/link.lost/0", "connected/link.gone/0", "connected.link.attached/link.lost/7", "constructor/x/0", "*/x"]) {
      expect(transitionWords(name), name).toBeUndefined();
    }
  });
});

describe("what the page says of a state", () => {
  it("is what the machine has, for each of them", () => {
    for (const { path, description, tags } of chart.states.filter(({ path }) => path !== "")) {
      expect(stateWords(path)).toEqual({ path, description, tags });
    }
    expect(stateWords("*")?.description).toMatch(/every state/);
  });

  it("is nothing for one that the machine does not have", () => {
    for (const path of ["nowhere", "connected.nowhere", "closed.deeper", "__proto__", "toString"]) expect(stateWords(path), path).toBeUndefined();
  });
});
