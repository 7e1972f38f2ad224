/** Invariant 9 over generated lives: what is committed folds to the live state, also when steps fail. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordSnapshot } from "../../machines/fold.ts";
import { liveIds } from "../../src/live.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import type { Clock } from "../../src/ports.ts";
import type { SessionInput } from "../../machines/session-context.ts";
import { SessionActor } from "../../src/session/actor.ts";
import { SessionLog } from "../../src/session/session-log.ts";
import { Batch } from "../../src/step/batch.ts";
import { policy, startAt } from "../machines/telling.ts";
import { go, walks } from "../machines/walks.ts";
import { bytesOf, foldAll } from "./watching.ts";

const stream = "session/localhost/s1";

/** A batch over the store without a disk; its time stands still, and it commits when the test says so. */
function batchOver(store: ReturnType<typeof createMemoryStore>): Batch {
  const clock: Clock = { now: () => startAt, at: () => ({ cancel: () => {} }), soon: () => {} };
  return new Batch({
    store, clock, ids: liveIds,
    onFailed: (error) => {
      throw error;
    },
    onPressure: () => {},
  });
}

function actorOf(input: SessionInput): SessionActor {
  return new SessionActor(new SessionLog("s1", () => ({ counts: null, lang: null })), { input });
}

describe("Invariant 9: the log of a live session", () => {
  it("folds to the live state at every commit, whichever steps fail, and begins with authentication", async () => {
    let recorded = 0;
    await fc.assert(
      fc.asyncProperty(walks, fc.array(fc.integer({ min: 0, max: 7 }).map((n) => n === 0), { minLength: 40, maxLength: 40 }), async (walk, failing) => {
        const store = createMemoryStore([]);
        const batch = batchOver(store);
        const actor = actorOf({ at: startAt, secure: walk.secure, policy });
        actor.start();
        const { steps } = go(walk);
        for (const [index, { event, snapshot }] of steps.entries()) {
          const tell = () =>
            batch.run(null, (step) => {
              actor.tell(step, event);
              if (failing[index]) throw new Error("a bug elsewhere in the step");
            });
          if (failing[index]) expect(tell).toThrow("a bug elsewhere");
          else tell();
          expect(bytesOf(actor.snapshot)).toBe(bytesOf(snapshot));
          await batch.settle();
          // Whichever host the walk went to: there is one session.
          const facts = await store.readAll(0, 1_000);
          const known = actor.snapshot.context.username !== null;
          // What a failed step has told is in the log as of the next step.
          if (!known || failing[index]) continue;
          recorded++;
          expect(facts[0]?.type).toBe("SessionSnapshotTaken");
          expect(bytesOf(foldAll(facts).at(-1)!)).toBe(bytesOf(actor.snapshot));
        }
        if (actor.snapshot.context.username === null) expect(await store.readAll(0, 10)).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(recorded).toBeGreaterThan(100);
  });

  it("holds another snapshot after every 64 events, equal to the fold of what is before it", async () => {
    const store = createMemoryStore([]);
    const batch = batchOver(store);
    const actor = actorOf({ at: startAt, secure: true, policy });
    actor.start();
    const tell = (event: object) => batch.run(null, (step) => actor.tell(step, { ...event, at: startAt } as Parameters<SessionActor["tell"]>[1]));
    tell({ type: "stream.opened", host: "localhost", from: null, version: 1 });
    tell({ type: "sasl.started", mechanism: "PLAIN" });
    tell({ type: "sasl.succeeded", username: "romeo", data: null });
    tell({ type: "stream.opened", host: "localhost", from: null, version: 1 });
    tell({ type: "bind.requested", id: "b", resource: null });
    tell({ type: "resource.bound", resource: "r", roster: { version: "0", items: 0 } });
    for (let n = 0; n < 130; n++) tell({ type: "presence.changed", priority: n % 100, digest: `d${n}` });
    await batch.settle();
    const facts = await store.read(stream, 0, 1_000);
    const snapshots = facts.filter(({ type }) => type === "SessionSnapshotTaken");
    expect(snapshots.map(({ version }) => version)).toEqual([1, 66, 131]);
    const states = foldAll(facts);
    for (const { version, data } of snapshots.slice(1)) {
      expect(data).toEqual({ ...JSON.parse(JSON.stringify(recordSnapshot(states[version - 2]!))), counts: null, lang: null });
      const tail = foldAll(facts.slice(version - 1));
      expect(bytesOf(tail.at(-1)!)).toBe(bytesOf(actor.snapshot));
    }
  });
});
