/** The states and transitions that a machine defines, by the names that coverage tells of them. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { transitionId } from "../../../machines/transition-id.ts";

/** Every state below the machine itself, parents before their children. */
export function statesOf(machine: AnyStateMachine): readonly AnyStateNode[] {
  const below = (node: AnyStateNode): AnyStateNode[] => Object.values(node.states).flatMap((child) => [child, ...below(child)]);
  return below(machine.root);
}

/** Every transition, eventless ones and those of the machine as a whole among them, by its name (`transitionId`). */
export function transitionsOfMachine(machine: AnyStateMachine): ReadonlyMap<string, AnyTransitionDefinition> {
  const all = [machine.root as AnyStateNode, ...statesOf(machine)].flatMap((node) => [...[...node.transitions.values()].flat(), ...(node.always ?? [])]);
  return new Map(all.map((transition) => [transitionId(transition), transition]));
}

/** What its guard is called; undefined where it has none. */
export function guardNameOf({ guard }: AnyTransitionDefinition): string | undefined {
  if (guard === undefined) return undefined;
  if (typeof guard === "string") return guard;
  const { type, name } = guard as { readonly type?: string; readonly name?: string };
  return type ?? (name !== undefined && name !== "" && name !== "guard" ? name : "(inline guard)");
}

/** Whether a state's answers to `descriptor` (`*`, `timer.*`, or an event's own type) are for this type of event too. */
export function hears(descriptor: string, type: string): boolean {
  if (descriptor === type || descriptor === "*") return true;
  return descriptor.endsWith(".*") && `${type}.`.startsWith(descriptor.slice(0, -1));
}
