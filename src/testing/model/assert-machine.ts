/** `checkMachine` for a test. */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";
import { anyModelOf, checkMachine } from "./check-machine.ts";
import { requireOptions, type CheckOptions } from "./check-options.ts";
import type { AnyModel, Invariant, MachineModel } from "./machine-model.ts";
import type { AboutMachine, InvariantOf } from "./model-of.ts";
import { failureText } from "./print/failure-text.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Checks a model or a machine as `checkMachine` does, and throws an Error that says what does not hold: the rule, the shortest script
 * that breaks it, how the same is run again, and the end of the script as a conversation. `verdictText` says all that a check came to.
 * Throws TypeError or RangeError where `checkMachine` does.
 */
export function assertMachine<Snapshot extends AnyMachineSnapshot, Event extends AnyEventObject, Effect>(
  model: MachineModel<Snapshot, Event, Effect>,
  invariants?: readonly Invariant<Snapshot, Event, Effect>[],
  options?: CheckOptions,
): Verdict;
export function assertMachine<Machine extends AnyStateMachine>(
  machine: Machine,
  invariants?: readonly InvariantOf<Machine>[],
  options?: CheckOptions & AboutMachine<Machine>,
): Verdict;
export function assertMachine(
  modelOrMachine: AnyModel | AnyStateMachine,
  invariants: readonly Invariant[] = [],
  options: CheckOptions & AboutMachine<AnyStateMachine> = {},
): Verdict {
  requireOptions(options);
  const model = anyModelOf(modelOrMachine, invariants, options);
  const verdict = checkMachine(model, [], options);
  if (!verdict.ok) throw new Error(failureText(verdict, model));
  return verdict;
}
