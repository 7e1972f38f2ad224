import { describe, expect, it } from "vitest";
import { createActor, createMachine } from "xstate";
import { chartOf } from "../../diagrams/chart.ts";
import { drawn } from "../../diagrams/generate.ts";
import { anyState, arrowsMax, eventName, lineOf, planOf } from "../../diagrams/plan.ts";
import type { Box } from "../../diagrams/plan.ts";
import { transitionsOf } from "../../machines/transition-id.ts";
import { everything, everyoneToEveryone, twoLamps } from "./machines.ts";

const machines = [...drawn.map(({ machine }) => machine), everything, twoLamps, everyoneToEveryone(6)];

function flatten(box: Box): Box[] {
  return [box, ...box.children.flatMap(flatten)];
}

function boxesOf(plan: ReturnType<typeof planOf>): Box[] {
  return [...plan.way, ...plan.ends].flatMap(flatten);
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

  it("has each transition in exactly one arrow or line, by name", () => {
    const lines = [...plan.arrows.flatMap(({ lines }) => lines), ...boxes.flatMap(({ notes }) => notes.flatMap(({ lines }) => lines))];
    const names = chart.transitions.map(({ id }) => id);
    expect(new Set(names).size).toBe(names.length);
    expect(lines.flatMap(({ transitions }) => transitions).toSorted()).toEqual(names.toSorted());
  });

  it("writes each line where its transitions begin, in their words", () => {
    const told = new Map(chart.transitions.map((transition) => [transition.id, transition]));
    const placed = [
      ...plan.arrows.flatMap(({ from, lines }) => lines.map((line) => ({ from, line }))),
      ...boxes.flatMap(({ id, notes }) => notes.flatMap(({ lines }) => lines.map((line) => ({ from: id, line })))),
    ];
    for (const { from, line } of placed) {
      for (const id of line.transitions) expect(told.get(id)?.source).toBe(from === anyState ? "" : from);
      const [only, another] = line.transitions.flatMap((id) => told.get(id) ?? []);
      if (only !== undefined && another === undefined) expect(line).toEqual(lineOf(only));
      if (another !== undefined) expect(line.event).toBe(`${line.transitions.length} events`);
    }
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
      [anyState, [{ event: "house.fell", guard: null, transitions: ["*/house.fell/0"] }]],
    ]);
  });

  it("are named inside the states that lead there", () => {
    const outside = plan.way.find(({ id }) => id === "outside");
    expect(outside?.notes.find(({ kind, heading }) => kind === "to" && heading === "gone")?.lines).toEqual([
      { event: "door.opened", guard: "and(isLate, not(isOpen))", transitions: ["outside/door.opened/1"] },
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

describe("the names of transitions", () => {
  it("are those that a running machine tells of", () => {
    const taken: string[] = [];
    const actor = createActor(everything, {
      inspect: (event) => {
        if (event.type === "@xstate.microstep") taken.push(...transitionsOf(event));
      },
    });
    actor.start();
    actor.send({ type: "door.opened" });
    actor.send({ type: "door.shut" });
    actor.stop();
    const known = new Set(chartOf(everything).transitions.map(({ id }) => id));
    expect(taken).toContain("outside/door.opened/0");
    expect(taken.filter((id) => !known.has(id))).toEqual([]);
  });
});

describe("what a state ignores", () => {
  it("is one line where it is much, and a line each where it is little", () => {
    const machine = (count: number) =>
      planOf(chartOf(createMachine({ initial: "only", states: { only: { on: Object.fromEntries(Array.from({ length: count }, (_, at) => [`call.${at}`, {}])) } } })));
    const lines = (count: number) => machine(count).way.find(({ id }) => id === "only")?.notes[0]?.lines ?? [];
    expect(lines(4).map(({ event }) => event)).toEqual(["call.0", "call.1", "call.2", "call.3"]);
    expect(lines(5)).toEqual([{ event: "5 events", guard: null, transitions: [0, 1, 2, 3, 4].map((at) => `only/call.${at}/0`) }]);
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
