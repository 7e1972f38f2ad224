/** What recording relies on, over generated lives. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fold, recordSnapshot, restoreSnapshot } from "../../machines/fold.ts";
import { sessionMachine } from "../../machines/session.ts";
import { createActor } from "xstate";
import { begin, policy, startAt, toConnected, toHibernating, timeOf } from "./telling.ts";
import { go, walks } from "./walks.ts";
import type { SessionEvent } from "../../machines/session-events.ts";

const bytesOf = (snapshot: Parameters<typeof recordSnapshot>[0]) => JSON.stringify(recordSnapshot(snapshot));

describe("Invariant 9: recording", () => {
  it("folds to the live state at each position, from the start and from each snapshot, to the same bytes", () => {
    fc.assert(
      fc.property(walks, fc.nat(39), (walk, cut) => {
        const { steps } = go(walk);
        const events = steps.map(({ event }) => event);
        const actor = createActor(sessionMachine, { input: { at: startAt, secure: walk.secure, policy } }).start();
        for (const { event, snapshot } of steps) {
          actor.send(event);
          expect(bytesOf(actor.getSnapshot())).toBe(bytesOf(snapshot));
        }
        const { snapshot: start } = begin({ secure: walk.secure });
        const whole = bytesOf(fold(start, events));
        expect(bytesOf(actor.getSnapshot())).toBe(whole);
        expect(bytesOf(fold(start, events))).toBe(whole);
        const at = Math.min(cut, events.length);
        const recorded = JSON.parse(bytesOf(fold(start, events.slice(0, at)))) as ReturnType<typeof recordSnapshot>;
        expect(bytesOf(fold(restoreSnapshot(recorded), events.slice(at)))).toBe(whole);
      }),
      { numRuns: 60 },
    );
  });

  it("restores the tags, and the end", () => {
    const events = [...toHibernating, { type: "account.removed" }].map((event, index) => ({ ...event, at: timeOf(index) }) as SessionEvent);
    for (let at = 0; at <= events.length; at++) {
      const live = fold(begin().snapshot, events.slice(0, at));
      const restored = restoreSnapshot(JSON.parse(bytesOf(live)) as ReturnType<typeof recordSnapshot>);
      expect([...restored.tags].toSorted()).toEqual([...live.tags].toSorted());
      expect(restored.status).toBe(live.status);
    }
  });

  it("stops at the end, whatever is written after it", () => {
    const events = [...toConnected, { type: "link.lost", why: "reset" }].map((event, index) => ({ ...event, at: timeOf(index) }) as SessionEvent);
    const ended = fold(begin().snapshot, events);
    const more: SessionEvent = { type: "stream.opened", at: timeOf(20), host: "localhost", from: null, version: 1 };
    expect(bytesOf(fold(ended, [more]))).toBe(bytesOf(ended));
  });
});
