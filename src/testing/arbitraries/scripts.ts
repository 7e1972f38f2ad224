/** Lives of a machine: what hosts tell, and what none of them should. */
import fc from "fast-check";
import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { SessionEvent } from "../../../machines/session-events.ts";
import { clockAfter } from "../model/clock.ts";
import { asAnyModel, type AnyModel, type MachineModel } from "../model/machine-model.ts";
import { live, scriptArbitrary, type LivedScript } from "../model/script.ts";
import { sessionModel } from "../model/session-model.ts";
import { stepperOf } from "../model/stepper.ts";

/** How long a generated life is. */
export interface ScriptSize {
  /** Events at most. Default: 40. */
  readonly maxLength?: number;
}

/** What a session is told from its first byte on, in an order that its host could tell it. Shrinks to fewer and simpler events. */
export function sessionEvents(size: ScriptSize = {}): fc.Arbitrary<readonly SessionEvent[]> {
  return legalScript(sessionModel, size).map(({ events }) => events as readonly SessionEvent[]);
}

/** What a host could tell, each event in the state that the ones before it led to; and what became of the machine. */
export function legalScript<Snapshot extends AnyMachineSnapshot, Event extends AnyEventObject, Effect>(
  model: MachineModel<Snapshot, Event, Effect>,
  size: ScriptSize = {},
): fc.Arbitrary<LivedScript> {
  return scriptArbitrary(asAnyModel(model), { ...size, legalOnly: true });
}

/**
 * The same, with something at its end that no host tells in that state: for what has to withstand it. Throws RangeError if the model says
 * of nothing that it is illegal.
 */
export function illegalScript<Snapshot extends AnyMachineSnapshot, Event extends AnyEventObject, Effect>(
  model: MachineModel<Snapshot, Event, Effect>,
  { maxLength = 40 }: ScriptSize = {},
): fc.Arbitrary<LivedScript> {
  const any = asAnyModel(model);
  if (any.illegal === undefined) throw new RangeError(`illegalScript(): ${any.name} has nothing that is illegal; give its model \`illegal\``);
  const stepper = stepperOf(any.machine);
  return scriptArbitrary(any, { maxLength: maxLength - 1, legalOnly: true }, stepper)
    .map((script) => ({ script, ends: endsOf(any, script) }))
    .filter(({ ends }) => ends.length > 0)
    .chain(({ script: { start, events }, ends }) =>
      fc.constantFrom(...ends).chain(({ after, wrong }) =>
        fc.constantFrom(...wrong).map((event) => {
          const told = [...events.slice(0, after), event];
          return { start, events: told, steps: live(any, { start, events: told }, stepper), illegal: told.map((_, index) => index === after) };
        }),
      ),
    );
}

interface End {
  /** Events that come before. */
  readonly after: number;
  readonly wrong: readonly AnyEventObject[];
}

/** Where the script could go wrong, the earliest first. */
function endsOf(model: AnyModel, { steps, events }: LivedScript): readonly End[] {
  let at = clockAfter(model.startAt, { type: "" });
  return steps.flatMap((step, after) => {
    if (step.event !== undefined) at = clockAfter(at, events[after - 1]!);
    const wrong = step.after.status === "active" ? (model.illegal?.(step.after, at) ?? []) : [];
    return wrong.length === 0 ? [] : [{ after, wrong }];
  });
}
