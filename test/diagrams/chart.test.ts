import { describe, expect, it } from "vitest";
import { chartOf, childrenOf, eventsOf, isInside } from "../../diagrams/chart.ts";
import { sessionMachine } from "../../machines/index.ts";
import { everything, twoLamps } from "./machines.ts";

const chart = chartOf(everything);

function state(path: string) {
  return chart.states.find((state) => state.path === path);
}

function transitions(source: string, event: string) {
  return chart.transitions.filter((transition) => transition.source === source && transition.event === event);
}

describe("the states of a chart", () => {
  it("stand in document order, the root first", () => {
    expect(chart.states.map(({ path }) => path)).toEqual([
      "", "outside", "inside", "inside.hall", "inside.kitchen", "inside.left", "inside.before",
      "both", "both.reading", "both.reading.first", "both.reading.second", "both.listening", "gone",
    ]);
    expect(childrenOf(chart, "inside").map(({ key }) => key)).toEqual(["hall", "kitchen", "left", "before"]);
  });

  it("say what kind they are and what is entered first", () => {
    expect(chart.states.map(({ path, kind, initial }) => [path, kind, initial])).toEqual([
      ["", "compound", "outside"],
      ["outside", "atomic", null],
      ["inside", "compound", "inside.hall"],
      ["inside.hall", "atomic", null],
      ["inside.kitchen", "atomic", null],
      ["inside.left", "final", null],
      ["inside.before", "history", null],
      ["both", "parallel", null],
      ["both.reading", "compound", "both.reading.first"],
      ["both.reading.first", "atomic", null],
      ["both.reading.second", "atomic", null],
      ["both.listening", "atomic", null],
      ["gone", "final", null],
    ]);
    expect(chartOf(twoLamps).states[0]).toMatchObject({ path: "", kind: "parallel", initial: null });
  });

  it("carry their words, their tags and what is done on entry and exit", () => {
    const words = { description: "In front of the door.", tags: ["cold"], entry: ["knock"], exit: ["ring", "knock"] };
    expect(state("outside")).toMatchObject(words);
    expect(state("gone")).toMatchObject({ description: null, tags: [], entry: [], exit: [] });
  });
});

describe("the transitions of a chart", () => {
  it("keep the order in which guards are asked, and say which one is left over", () => {
    expect(transitions("outside", "door.opened").map(({ guard, otherwise, targets }) => [guard, otherwise, targets])).toEqual([
      ["isOpen", false, ["inside"]],
      ["and(isLate, not(isOpen))", false, ["gone"]],
      [null, true, []],
    ]);
  });

  it("tell staying from ignoring, and both from coming back", () => {
    expect(transitions("", "dog.barked")).toMatchObject([{ targets: [], actions: ["ring"], ignored: false }]);
    expect(transitions("outside", "rain.fell")).toMatchObject([{ targets: [], actions: [], ignored: true }]);
    expect(transitions("outside", "bell.rung")).toMatchObject([{ targets: ["outside"], reenter: true, ignored: false }]);
  });

  it("include those without an event, after a time and after an end", () => {
    expect(transitions("inside.hall", "")).toMatchObject([{ guard: "isLate", targets: ["inside.kitchen"] }]);
    expect(transitions("outside", "xstate.after.1000.everything.outside")).toMatchObject([{ targets: ["inside"] }]);
    expect(transitions("inside", "xstate.done.state.everything.inside")).toMatchObject([{ targets: ["outside"] }]);
  });

  it("name every event of the session once", () => {
    const events = eventsOf(chartOf(sessionMachine));
    expect(events).toContain("stream.opened");
    expect(new Set(events).size).toBe(events.length);
  });
});

describe("paths", () => {
  it("lie inside the states around them, not inside namesakes", () => {
    expect(isInside("inside.hall", "inside")).toBe(true);
    expect(isInside("inside", "")).toBe(true);
    expect(isInside("insideout", "inside")).toBe(false);
    expect(isInside("inside", "inside")).toBe(false);
  });
});
