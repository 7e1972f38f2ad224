/** Where the parts of a sequence diagram are drawn, in CSS pixels. */
import type { SequenceDiagram, SequenceStep } from "../model/sequence.ts";
import { newState } from "./timeline-words.ts";

export interface SequenceLayout {
  readonly width: number;
  readonly height: number;
  readonly laneWidth: number;
  /** The middle of each lane. */
  readonly lanes: readonly number[];
  readonly steps: readonly PlacedStep[];
}

export interface PlacedStep {
  readonly step: SequenceStep;
  /** Its label; of a state, what is new in it. */
  readonly text: string;
  /** Of its band, which a click anywhere in selects it. */
  readonly top: number;
  readonly height: number;
  /** How many characters its label can have. */
  readonly charsMax: number;
}

/** At the left, for the times. */
export const gutter = 70;
const laneWidthMin = 120;
const laneWidthMax = 260;
const arrowHeight = 34;
const noteHeight = 28;
const charWidth = 6.2;

/** `room`: the width that there is; narrow lanes are never narrower than their heads need, and scroll. */
export function sequenceLayout({ lanes, steps }: SequenceDiagram, room: number): SequenceLayout {
  const laneWidth = Math.max(laneWidthMin, Math.min(laneWidthMax, Math.floor((room - gutter) / lanes.length)));
  const placed: PlacedStep[] = [];
  let top = 4;
  let state: string | undefined;
  for (const step of steps) {
    const height = step.kind === "arrow" ? arrowHeight : noteHeight;
    const wide = step.kind === "arrow" ? Math.max(1, Math.abs(step.to - step.from)) * laneWidth - 16 : laneWidth * 2 - 24;
    const text = step.kind === "arrow" ? step.label : step.about === "state" ? newState(step.text, state) : step.text;
    if (step.kind === "note" && step.about === "state") state = step.text;
    placed.push({ step, text, top, height, charsMax: Math.floor(wide / charWidth) });
    top += height;
  }
  return {
    width: Math.max(room, gutter + laneWidth * lanes.length),
    height: top + 8,
    laneWidth,
    lanes: lanes.map((_, index) => gutter + laneWidth * index + laneWidth / 2),
    steps: placed,
  };
}

/** The last step at or before entry `index`; -1 if there is none. */
export function stepAt(steps: readonly SequenceStep[], index: number): number {
  return steps.findLastIndex((step) => step.index <= index);
}
