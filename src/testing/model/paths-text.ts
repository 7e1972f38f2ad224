/** The shortest way by which each transition is taken, to be read and compared. */
import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import { stateName } from "../../../machines/state-name.ts";
import { explore, type Exploration } from "./explore.ts";
import { asAnyModel, type AnyModel, type MachineModel, type ModelStep } from "./machine-model.ts";
import { startOf } from "./script.ts";
import { transitionsOfMachine } from "./transitions.ts";
import { waysTo } from "./ways.ts";

/**
 * A block for each transition, in the order in which the machine defines them: its name, the start, and each event with the state that it
 * led to. The same for the same machine and model.
 */
export function pathsText<Snapshot extends AnyMachineSnapshot, Event extends AnyEventObject, Effect>(
  given: MachineModel<Snapshot, Event, Effect>,
  exploration: Exploration = explore(asAnyModel(given)),
): string {
  const model = asAnyModel(given);
  const ways = waysTo(exploration);
  const blocks = [...transitionsOfMachine(model.machine).keys()].map((id) => {
    const way = ways.get(id);
    if (way === undefined) return `${id}\n  no way leads here\n`;
    const { script, path } = way.reached;
    const lines = [...path.slice(1), way.edge.step].map((step) => `  ${eventText(model, step.event!)} → ${stateText(step)}`);
    return [id, `  ${startOf(model, script.start).name} → ${stateText(path[0]!)}`, ...lines, ""].join("\n");
  });
  return blocks.join("\n");
}

function stateText({ after }: ModelStep): string {
  return stateName(after.value);
}

/** When it was told is left out; other times are said from the start on. */
function eventText({ startAt }: AnyModel, event: AnyEventObject): string {
  const { type, at: _, ...data } = event;
  const fields = Object.entries(data).map(([name, value]) => `${name} ${isTime(value, startAt) ? `${value - startAt} ms` : JSON.stringify(value)}`);
  return [type, fields.join(", ")].filter((part) => part !== "").join(" ");
}

/** Within a day of the start, where lives begin later than 1970. */
function isTime(value: unknown, startAt: number): value is number {
  return typeof value === "number" && startAt > 0 && value >= startAt && value < startAt + dayMs;
}

const dayMs = 86_400_000;
