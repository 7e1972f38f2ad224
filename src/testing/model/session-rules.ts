/** The rules of a session have these types. */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionEffect, SessionEvent } from "../../../machines/session-events.ts";
import type { Invariant, ModelStep } from "./machine-model.ts";

export type SessionInvariant = Invariant<SessionSnapshot, SessionEvent, SessionEffect>;
export type SessionStep = ModelStep<SessionSnapshot, SessionEvent, SessionEffect>;

/** When each life of the session's model begins, in milliseconds since 1970. */
export const sessionStartAt = 1_000_000;

/** What was asked for of this type, in order. */
export function asked<Type extends SessionEffect["type"]>({ effects }: SessionStep, type: Type): readonly Extract<SessionEffect, { type: Type }>[] {
  return effects.filter((effect) => effect.type === type) as Extract<SessionEffect, { type: Type }>[];
}

/** A rule about an event, whatever the start does. */
export function afterEvent(check: (before: SessionSnapshot, event: SessionEvent, after: SessionSnapshot, step: SessionStep) => string | undefined) {
  return (step: SessionStep): string | undefined => {
    const { before, event, after } = step;
    return before === undefined || event === undefined ? undefined : check(before, event, after, step);
  };
}
