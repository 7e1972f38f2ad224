import { describe, expect, it } from "vitest";
import { sequenceOf } from "../../../src/page/model/sequence.ts";
import { sequenceLayout, stepAt } from "../../../src/page/session/sequence-layout.ts";
import { toAvailable } from "../../machines/telling.ts";
import { recordingOf } from "./support.ts";

const { entries } = recordingOf(...toAvailable);
const diagram = sequenceOf(entries);

describe("A sequence diagram is laid out without overlaps", () => {
  it("puts one step below the other, each in a band of its own", () => {
    const { steps, height } = sequenceLayout(diagram, 600);
    expect(steps.length).toBe(diagram.steps.length);
    steps.forEach(({ top }, index) => expect(top).toBe(index === 0 ? 4 : steps[index - 1]!.top + steps[index - 1]!.height));
    expect(height).toBeGreaterThan(steps.at(-1)!.top + steps.at(-1)!.height);
  });

  it("fills the room, and scrolls where lanes would be narrower than their heads", () => {
    const lanes = Array.from({ length: 9 }, (_, index) => ({ key: `${index}`, kind: "other" as const, title: `user${index}@localhost` }));
    expect(sequenceLayout(diagram, 900).width).toBe(900);
    const narrow = sequenceLayout({ ...diagram, lanes }, 390);
    expect(narrow.laneWidth).toBe(120);
    expect(narrow.lanes.map((x, index) => x - narrow.lanes[0]! - 120 * index)).toEqual(lanes.map(() => 0));
    expect(narrow.width).toBeGreaterThan(390);
  });

  it("writes of a state what is new in it", () => {
    expect(sequenceLayout(diagram, 600).steps.at(-1)?.text).toBe("available");
  });

  it("finds the step that an entry belongs to", () => {
    expect(stepAt(diagram.steps, entries.length)).toBe(diagram.steps.length - 1);
    expect(stepAt(diagram.steps, -1)).toBe(-1);
  });
});
