/**
 * Makes a failing script smaller still. Numbers shrink well, but dropping one changes what the later ones mean; here the events stay
 * what they are, and only go.
 */
import type { AnyEventObject } from "xstate";
import { clockAfter } from "./clock.ts";
import type { Breach } from "./judge.ts";
import type { AnyModel, ModelStep } from "./machine-model.ts";
import { startOf, type LivedScript } from "./script.ts";
import type { Stepper } from "./stepper.ts";
import { eventJson } from "./wary-model.ts";

export interface Minimised {
  readonly events: readonly AnyEventObject[];
  readonly steps: readonly ModelStep[];
  readonly breach: Breach;
  /** How often something was left out. */
  readonly removals: number;
}

/** The same rule stays broken, and what was legal stays so. Throws if the script breaks none. */
export function minimised(model: AnyModel, stepper: Stepper, script: LivedScript, judge: (steps: readonly ModelStep[]) => Breach | undefined): Minimised {
  const first = judge(script.steps);
  if (first === undefined) throw new Error(`${model.name}: a script that failed holds now; let the rules depend on nothing but the steps`);
  const upTo = (events: readonly AnyEventObject[], steps: readonly ModelStep[], breach: Breach, removals: number): Minimised => ({
    events: events.slice(0, breach.step), steps: steps.slice(0, breach.step + 1), breach, removals,
  });
  let best = upTo(script.events, script.steps, first, 0);
  let illegal = script.illegal.slice(0, best.events.length);
  // Several in a row first: a way there and back goes only as a whole.
  for (let length = Math.ceil(best.events.length / 2); length > 0; length = nextLength(length)) {
    for (let at = 0; at + length <= best.events.length;) {
      const events = best.events.toSpliced(at, length);
      const flags = illegal.toSpliced(at, length);
      const steps = told(model, stepper, script.start, events, flags);
      const breach = steps && judge(steps);
      if (breach === undefined || breach.invariant.name !== first.invariant.name) at += 1;
      else {
        best = upTo(events, steps!, breach, best.removals + 1);
        illegal = flags.slice(0, best.events.length);
      }
    }
  }
  return best;
}

const smallLength = 4;

/** Halves, then one by one. */
function nextLength(length: number): number {
  return length > smallLength ? Math.max(smallLength, Math.floor(length / 2)) : length - 1;
}

/** undefined if a legal event is not one any more where it is told now. */
function told(model: AnyModel, stepper: Stepper, start: number, events: readonly AnyEventObject[], illegal: readonly boolean[]): readonly ModelStep[] | undefined {
  const steps = [stepper.begin(startOf(model, start).input)];
  let at = clockAfter(model.startAt, { type: "" });
  for (const [index, event] of events.entries()) {
    const { after, thrown } = steps.at(-1)!;
    if (after.status !== "active" || thrown !== undefined) return undefined;
    const when = typeof event["at"] === "number" ? event["at"] : at;
    const possible = (illegal[index] ? model.illegal : model.events)?.(after, when) ?? [];
    const text = eventJson(model, event);
    if (!possible.some((each) => each.type === event.type && eventJson(model, each) === text)) return undefined;
    steps.push(stepper.tell(after, event));
    at = clockAfter(at, event);
  }
  return steps;
}
