import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMachine } from "xstate";
import { chartOf } from "../../diagrams/chart.ts";
import { layoutOf } from "../../diagrams/layout.ts";
import { overlapsOf } from "../../diagrams/overlaps.ts";
import { planOf } from "../../diagrams/plan.ts";

const statesMax = 6;

/** Where each event of a state leads, and what is inside the state. */
const shape = fc.record({
  answers: fc.dictionary(fc.constantFrom("call.made", "call.lost", "line.cut", "tone.heard"), fc.nat(statesMax - 1)),
  inside: fc.constantFrom("nothing", "nothing", "steps", "regions"),
  way: fc.nat(statesMax - 1),
});

const anyMachine = fc
  .record({ shapes: fc.array(shape, { minLength: 2, maxLength: statesMax }), hasEnds: fc.boolean() })
  .map(({ shapes, hasEnds }) => {
    const target = (index: number) => `#any.state${index % shapes.length}`;
    const states = shapes.map(({ answers, inside, way }, index) => {
      const on = Object.fromEntries(Object.entries(answers).map(([event, to]) => [event, { target: target(to) }]));
      return [`state${index}`, { on, ...contents(inside, target(way)) }];
    });
    const on = hasEnds ? { "house.fell": { target: target(shapes.length - 1) } } : {};
    return createMachine({ id: "any", initial: "state0", states: Object.fromEntries(states), on });
  });

function contents(inside: string, out: string): object {
  const steps = { initial: "one", states: { one: { on: { "step.taken": "two" } }, two: { on: { "step.taken": "one", "way.left": out } } } };
  if (inside === "steps") return steps;
  return inside === "regions" ? { type: "parallel", states: { left: steps, middle: {}, right: steps } } : {};
}

describe("the picture of any machine", () => {
  it("has nothing that lies on anything else", async () => {
    await fc.assert(
      fc.asyncProperty(anyMachine, async (machine) => {
        expect(overlapsOf(await layoutOf(planOf(chartOf(machine))))).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });
});
