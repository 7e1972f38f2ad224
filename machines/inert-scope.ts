/** What XState has to have beside a state and an event, where effects go nowhere. */
import { transition, type AnyEventObject } from "xstate";
import type { sessionMachine } from "./session.ts";

export type Scope = Parameters<typeof sessionMachine.transition>[2];

/**
 * XState makes one for each event of `transition`, with an actor and its initial state, which takes several times as long as the
 * event itself; nothing of it is changed by an event, so that one does for all.
 */
export function inertScope(): Scope {
  let made: Scope | undefined;
  const curious = {
    config: {},
    getInitialSnapshot: () => state,
    getPersistedSnapshot: () => state,
    transition: (known: typeof state, _: AnyEventObject, given: unknown) => {
      made = given as Scope;
      return known;
    },
  };
  const state = { status: "active" as const, output: undefined, error: undefined };
  transition(curious, state, { type: "any" });
  return { ...made!, actionExecutor: () => undefined };
}
