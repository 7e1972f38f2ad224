/** Scripts: what is told, in the states that it leads to. */
import fc from "fast-check";
import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import { clockAfter } from "./clock.ts";
import { asAnyModel, type AnyModel, type MachineModel, type ModelStep } from "./machine-model.ts";
import { stepperOf, type Stepper } from "./stepper.ts";
import type { Script } from "./verdict.ts";

/** A script, and what became of the machine. */
export interface LivedScript<Step = ModelStep> extends Script {
  /** The start, then one for each event. */
  readonly steps: readonly Step[];
  /** By event: whether no host tells it in that state. */
  readonly illegal: readonly boolean[];
}

/** How long scripts are, and whether something illegal is in them. */
export interface ScriptOptions {
  /** Events at most. Default: 60. */
  readonly maxLength?: number;
  /** Without what no host tells. Default: false. */
  readonly legalOnly?: boolean;
}

/** `scriptArbitrary`, with what is known of the model's steps. */
export function scriptsOf<Snapshot extends AnyMachineSnapshot, Event extends AnyEventObject, Effect>(
  model: MachineModel<Snapshot, Event, Effect>,
  options: ScriptOptions = {},
): fc.Arbitrary<LivedScript<ModelStep<Snapshot, Event, Effect>>> {
  return scriptArbitrary(asAnyModel(model), options) as fc.Arbitrary<LivedScript<ModelStep<Snapshot, Event, Effect>>>;
}

/**
 * Lives of the machine: each event is one of those that are possible in the state that the ones before it led to. Most of them lead on
 * (`likely`), some are anything that can be told (`events`), about one in twenty is illegal, if the model has such.
 *
 * Shrinks to fewer events, and to those that the model names first.
 */
export function scriptArbitrary(model: AnyModel, { maxLength = 60, legalOnly = false }: ScriptOptions = {}, stepper = stepperOf(model.machine)): fc.Arbitrary<LivedScript> {
  const start = fc.nat(model.starts.length - 1);
  const numbers = fc.array(fc.nat((legalOnly ? illegalFrom : numbersEnd) - 1), { maxLength, size: "max" });
  return fc.noBias(fc.tuple(start, numbers)).map(([first, wishes]) => decode(model, stepper, first, wishes));
}

/** Tells the events of a script, one after the other, whatever they are; ends with the machine. */
export function live(model: AnyModel, { start, events }: Script, stepper: Stepper = stepperOf(model.machine)): readonly ModelStep[] {
  const steps = [stepper.begin(startOf(model, start).input)];
  for (const event of events) {
    const { after, thrown } = steps.at(-1)!;
    if (after.status !== "active" || thrown !== undefined) break;
    steps.push(stepper.tell(after, event));
  }
  return steps;
}

export function startOf(model: AnyModel, start: number): AnyModel["starts"][number] {
  const found = model.starts[start];
  if (found === undefined) throw new Error(`script.start: expected 0–${model.starts.length - 1} for ${model.name}, got ${start}`);
  return found;
}

// Numbers below this are one of the likely events, from the first to the last; then one of all; then an illegal one.
const allFrom = 9_000;
const illegalFrom = 9_500;
const numbersEnd = 10_000;

function decode(model: AnyModel, stepper: Stepper, start: number, numbers: readonly number[]): LivedScript {
  const steps = [stepper.begin(startOf(model, start).input)];
  const events: AnyEventObject[] = [];
  const illegal: boolean[] = [];
  let at = clockAfter(model.startAt, { type: "" });
  for (const number of numbers) {
    const { after, thrown } = steps.at(-1)!;
    if (after.status !== "active" || thrown !== undefined) break;
    const choice = chosen(model, after, at, number);
    if (choice === undefined) break;
    events.push(choice.event);
    illegal.push(choice.illegal);
    steps.push(stepper.tell(after, choice.event));
    at = clockAfter(at, choice.event);
  }
  return { start, events, steps, illegal };
}

type Snapshot = ModelStep["after"];

function chosen(model: AnyModel, state: Snapshot, at: number, number: number): { readonly event: AnyEventObject; readonly illegal: boolean } | undefined {
  if (number >= illegalFrom) {
    const event = pick(model.illegal?.(state, at) ?? [], number - illegalFrom, numbersEnd - illegalFrom);
    if (event !== undefined) return { event, illegal: true };
  }
  const likely = number < allFrom ? pick(model.likely?.(state, at) ?? [], number, allFrom) : undefined;
  if (likely !== undefined) return { event: likely, illegal: false };
  const [from, end] = number < allFrom ? [0, allFrom] : number < illegalFrom ? [allFrom, illegalFrom] : [illegalFrom, numbersEnd];
  const event = pick(model.events(state, at), number - from, end - from);
  return event && { event, illegal: false };
}

/** Smaller numbers give earlier events. */
function pick(events: readonly AnyEventObject[], number: number, end: number): AnyEventObject | undefined {
  return events[Math.floor((number / end) * events.length)];
}
