/** Random walks of a session: most steps lead on, some are anything that can be told. */
import fc from "fast-check";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { likelySessionEvents, sessionEvents } from "../../src/testing/model/session-told.ts";
import { begin, startAt, tell, type Telling, type Told } from "./telling.ts";

export interface Pace {
  /** Which of what can be told. */
  readonly choice: number;
  readonly wild: boolean;
  /** Milliseconds since the event before. */
  readonly ms: number;
}

export interface Walk {
  readonly secure: boolean;
  readonly paces: readonly Pace[];
}

export const walks: fc.Arbitrary<Walk> = fc.record({
  secure: fc.boolean(),
  paces: fc.array(
    fc.record({
      choice: fc.nat(999),
      wild: fc.integer({ min: 0, max: 15 }).map((n) => n === 15),
      ms: fc.nat(2_000),
    }),
    { minLength: 16, maxLength: 40, size: "max" },
  ),
});

export interface WalkStep extends Told {
  readonly before: SessionSnapshot;
  readonly event: SessionEvent;
}

/** Goes the walk, to its end or the session's, after what was told already. */
export function go({ secure, paces }: Walk, ...told: readonly Telling[]): { readonly start: Told; readonly steps: readonly WalkStep[] } {
  const start = begin({ secure });
  const steps: WalkStep[] = [];
  let before = start.snapshot;
  let at = startAt;
  const take = (event: SessionEvent): void => {
    const step = tell(before, event);
    steps.push({ before, event, ...step });
    before = step.snapshot;
    // A deadline is told when it has come.
    at = event.at;
  };
  for (const telling of told) take({ ...telling, at: at + 1_000 } as SessionEvent);
  for (const { choice, wild, ms } of paces) {
    if (before.status !== "active") break;
    const events = (wild ? sessionEvents : likelySessionEvents)(before, at + ms);
    take(events[choice % events.length]!);
  }
  return { start, steps };
}
