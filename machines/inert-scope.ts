/** What XState has to have beside a state and an event, where effects go nowhere. */
import { fromCallback, initialTransition } from "xstate";
import type { sessionMachine } from "./session.ts";

export type Scope = Parameters<typeof sessionMachine.transition>[2];

/**
 * XState makes one for each event of `transition`, with an actor and its initial state, which takes several times as long as the
 * event itself; nothing of it is changed by an event, so that one does for all.
 */
export function inertScope(): Scope {
  const idle = fromCallback(() => {});
  let made: unknown;
  initialTransition({
    ...idle,
    getInitialSnapshot: (given, input) => {
      made = given;
      return idle.getInitialSnapshot(given, input);
    },
  });
  return { ...(made as Scope), actionExecutor: () => undefined };
}
