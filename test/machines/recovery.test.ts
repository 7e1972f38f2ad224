/** What a session is after its server was lost, over generated lives. */
import fc from "fast-check";
import { createActor } from "xstate";
import { describe, expect, it } from "vitest";
import { recordSnapshot, restoreSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import { sessionMachine } from "../../machines/session.ts";
import type { SessionEffect, SessionEvent } from "../../machines/session-events.ts";
import { checkState } from "./holds.ts";
import { isHibernating } from "../../src/testing/model/session-told.ts";
import { begin, disarm, linkAttached, linkLost, recovered, resend, tell, toAvailable, toResumable, type Told } from "./telling.ts";
import { go, walks } from "./walks.ts";

const written = (snapshot: SessionSnapshot) => JSON.parse(JSON.stringify(recordSnapshot(snapshot))) as ReturnType<typeof recordSnapshot>;

/** All but how long it is waited for. */
function butDeadlines({ snapshot: { value, context, tags } }: Told): unknown {
  return { value, context: { ...context, timers: Object.keys(context.timers) }, tags: [...tags].toSorted() };
}

const broadcasts = ({ effects }: Told) => effects.filter(({ type }) => type === "broadcast.presence");

/** At each point of a life: the state, and when what follows is told. */
function points(walk: Parameters<typeof go>[0], ...before: Parameters<typeof go>[1][]): readonly { readonly state: SessionSnapshot; readonly at: number }[] {
  const { start, steps } = go(walk, ...before);
  return [{ state: start.snapshot, at: 0 }, ...steps.map(({ snapshot, event }) => ({ state: snapshot, at: event.at + 500 }))];
}

const canResume = (state: SessionSnapshot) => state.hasTag("connected") && state.context.management === "resumable";

describe("Invariant 10: a crash of the server", () => {
  it("is to a resumable session, wherever it comes, what the loss of its link is: nobody hears of it, and it goes on the same", () => {
    let resumed = 0;
    fc.assert(
      fc.property(walks, fc.nat(200_000), (walk, ms) => {
        for (const { state, at } of points(walk, ...toResumable).filter(({ state }) => canResume(state))) {
          resumed++;
          const lost = tell(state, { ...linkLost, at });
          const crashed = tell(restoreSnapshot(written(state)), { ...recovered, at: at + ms, until: at + ms + 1_000 });
          expect(butDeadlines(crashed)).toEqual(butDeadlines(lost));
          expect([...broadcasts(crashed), ...broadcasts(lost)]).toEqual([]);
          expect(isHibernating(crashed.snapshot)).toBe(true);
          checkState(crashed.snapshot);

          const [afterLoss, afterCrash] = [lost, crashed].map(({ snapshot }) => tell(snapshot, { ...linkAttached, at: at + ms + 2_000 })) as [Told, Told];
          expect(written(afterCrash.snapshot)).toEqual(written(afterLoss.snapshot));
          expect(afterCrash.effects).toEqual([disarm("resumption"), resend]);
          expect(afterLoss.effects).toEqual(afterCrash.effects);
          // Nor does it matter how often the server is lost before the client is back.
          const again = tell(restoreSnapshot(written(crashed.snapshot)), { ...recovered, at: at + ms + 1, until: at + ms + 1 });
          expect(butDeadlines(again)).toEqual(butDeadlines(crashed));
          expect(broadcasts(again)).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
    expect(resumed).toBeGreaterThan(200);
  });

  it("ends every other session, with a word to those who saw it", () => {
    fc.assert(
      fc.property(walks, fc.boolean(), (walk, connected) => {
        for (const { state, at } of points(walk, ...(connected ? toAvailable : []))) {
          if (state.status === "done" || canResume(state)) continue;
          const told = tell(restoreSnapshot(written(state)), { ...recovered, at: at + 10 });
          expect(told.snapshot.status).toBe("done");
          checkState(told.snapshot);
          const known = state.hasTag("available") || state.context.directed.length > 0;
          expect(broadcasts(told)).toMatchObject(known ? [{ available: false, directed: state.context.directed }] : []);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("A session that is taken up from a snapshot", () => {
  it("goes on live as it is folded, and asks for nothing twice", () => {
    fc.assert(
      fc.property(walks, fc.nat(60), fc.boolean(), (walk, cut, connected) => {
        const { steps } = go(walk, ...(connected ? toResumable : []));
        const at = Math.min(cut, steps.length);
        const state = at === 0 ? begin({ secure: walk.secure }).snapshot : steps[at - 1]!.snapshot;
        let effects: SessionEffect[] = [];
        const actor = createActor(sessionMachine, { snapshot: restoreSnapshot(written(state)), input: undefined as never });
        actor.on("*", (effect) => effects.push(effect));
        actor.start();
        expect(effects).toEqual([]);
        expect(written(actor.getSnapshot())).toEqual(written(state));
        for (const { event, ...told } of steps.slice(at)) {
          effects = [];
          actor.send(event satisfies SessionEvent);
          const live = actor.getSnapshot();
          expect(effects).toEqual(told.effects);
          expect({ ...written(live), status: live.status, output: live.output, tags: [...live.tags].toSorted() }).toEqual({
            ...written(told.snapshot), status: told.snapshot.status, output: told.snapshot.output, tags: [...told.snapshot.tags].toSorted(),
          });
        }
      }),
      { numRuns: 100 },
    );
  });
});
