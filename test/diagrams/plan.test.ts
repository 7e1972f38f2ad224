import { describe, expect, it } from "vitest";
import { chartOf } from "../../diagrams/chart.ts";
import { drawn } from "../../diagrams/generate.ts";
import { anyState, arrowsMax, eventName, lineOf, planOf } from "../../diagrams/plan.ts";
import type { Box, Line } from "../../diagrams/plan.ts";
import { everything, everyoneToEveryone, twoLamps } from "./machines.ts";

const machines = [...drawn.map(({ machine }) => machine), everything, twoLamps, everyoneToEveryone(6)];

function flatten(box: Box): Box[] {
  return [box, ...box.children.flatMap(flatten)];
}

function boxesOf(plan: ReturnType<typeof planOf>): Box[] {
  return [...plan.way, ...plan.ends].flatMap(flatten);
}

function sentence(source: string, { event, guard }: Line): string {
  return `${source} ${event} ${guard}`;
}

describe.each(machines)("the plan of the machine $id", (machine) => {
  const chart = chartOf(machine);
  const plan = planOf(chart);
  const boxes = boxesOf(plan);

  it("draws every state once", () => {
    const states = chart.states.map(({ path }) => path).filter((path) => path !== "");
    const ids = boxes.filter(({ kind }) => kind !== "initial" && kind !== "any").map(({ id }) => id);
    expect(ids.toSorted()).toEqual(states.toSorted());
  });

  it("has each transition in exactly one arrow or line", () => {
    const inArrows = plan.arrows.flatMap(({ from, lines }) => lines.map((line) => sentence(from, line)));
    const inBoxes = boxes.flatMap(({ id, notes }) =>
      notes.filter(({ kind }) => kind !== "does").flatMap(({ lines }) => lines.map((line) => sentence(id, line))),
    );
    const all = chart.transitions.map((transition) => sentence(transition.source || anyState, lineOf(transition)));
    expect([...inArrows, ...inBoxes].toSorted()).toEqual(all.toSorted());
  });

  it("has one arrow at most from one box to another, and both boxes of each", () => {
    const pairs = plan.arrows.map(({ from, to }) => `${from} > ${to}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    const ids = new Set(boxes.map(({ id }) => id));
    expect(plan.arrows.filter(({ from, to }) => !ids.has(from) || !ids.has(to))).toEqual([]);
  });
});

describe("the ends of a machine", () => {
  const plan = planOf(chartOf(everything));

  it("stand apart, with the box of any state", () => {
    expect(plan.ends.map(({ id, kind }) => [id, kind])).toEqual([[anyState, "any"], ["gone", "final"]]);
    expect(plan.arrows.filter(({ to }) => to === "gone").map(({ from, lines }) => [from, lines])).toEqual([
      [anyState, [{ event: "house.fell", guard: null }]],
    ]);
  });

  it("are named inside the states that lead there", () => {
    const outside = plan.way.find(({ id }) => id === "outside");
    expect(outside?.notes.find(({ kind, heading }) => kind === "to" && heading === "gone")?.lines).toEqual([
      { event: "door.opened", guard: "and(isLate, not(isOpen))" },
    ]);
  });

  it("are none where the root has no answers", () => {
    expect(planOf(chartOf(twoLamps)).ends).toEqual([]);
  });
});

describe("arrows that would be too many", () => {
  const few = planOf(chartOf(everyoneToEveryone(5)));
  const many = planOf(chartOf(everyoneToEveryone(6)));
  const places = ({ arrows }: typeof few) => arrows.filter(({ lines }) => lines.length > 0).map(({ from, to }) => [from, to].map((id) => Number(id.slice("state".length))));

  it("are left out where they lead back, and written in the box they come from", () => {
    expect(places(many).length).toBe(15);
    expect(places(many).filter(([from = 0, to = 0]) => from > to)).toEqual([]);
    const last = many.way.find(({ id }) => id === "state5");
    expect(last?.notes.map(({ kind, heading }) => [kind, heading])).toEqual([0, 1, 2, 3, 4].map((to) => ["to", `state${to}`]));
  });

  it("are all drawn up to that number", () => {
    expect(places(few).length).toBe(20);
    expect(places(few).length).toBeLessThanOrEqual(arrowsMax);
  });
});

describe("lines inside a box", () => {
  const outside = planOf(chartOf(everything)).way.find(({ id }) => id === "outside");

  it("tell staying, coming back and ignoring apart", () => {
    const headings = outside?.notes.map(({ heading, lines }) => [heading, lines.map(({ event }) => event)]);
    expect(headings).toEqual([
      ["entry", ["knock"]],
      ["exit", ["ring", "knock"]],
      ["stays", ["door.opened"]],
      ["enters again", ["bell.rung"]],
      ["ignores", ["rain.fell"]],
      ["gone", ["door.opened"]],
    ]);
  });
});

describe("names of events", () => {
  it.each([
    ["sasl.failed", "sasl.failed"],
    ["", "always"],
    ["*", "any other event"],
    ["xstate.after.1000.everything.outside", "after 1000 ms"],
    ["xstate.after.slow.everything.outside", "after slow"],
    ["xstate.done.state.everything.inside", "done(inside)"],
    ["xstate.done.actor.fetcher", "done(fetcher)"],
    ["xstate.error.actor.fetcher", "error(fetcher)"],
  ])("%j is written %s", (event, name) => {
    expect(eventName(event)).toBe(name);
  });
});
