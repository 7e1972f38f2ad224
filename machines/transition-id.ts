/** A name for each transition of a machine, the same for a running actor, for a picture and for a recording. */
import type { AnyTransitionDefinition } from "xstate";

/**
 * `negotiating.offering/sasl.aborted/1`: the path of the state that has it (`*` for the whole machine), the event (empty for an eventless
 * one), and its place among that state's answers to that event, from 0.
 */
export function transitionId(transition: AnyTransitionDefinition): string {
  const { source, eventType } = transition;
  const answers = source.transitions.get(eventType) ?? source.always!;
  return `${source.path.join(".") || "*"}/${eventType}/${answers.indexOf(transition)}`;
}

/** What `@xstate.microstep` tells: the transitions that were taken. XState marks them as its own, and its types do not have them. */
export function transitionsOf(microstep: object): readonly string[] {
  const { _transitions: transitions } = microstep as { readonly _transitions?: readonly AnyTransitionDefinition[] };
  return (transitions ?? []).map(transitionId);
}
