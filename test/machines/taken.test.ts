import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createActor, createMachine } from "xstate";
import { sessionMachine } from "../../machines/session.ts";
import { transitionsTaken } from "../../machines/taken.ts";
import { transitionsOf } from "../../machines/transition-id.ts";
import { opened, policy, startAt, given, toHibernating, linkAttached } from "./telling.ts";
import { go, walks } from "./walks.ts";

describe("The transitions that an event takes, found out from a recording", () => {
  it("are those that the inspection of a live session tells, for whatever it is told", () => {
    fc.assert(
      fc.property(walks, (walk) => {
        const actor = createActor(sessionMachine, { input: { at: startAt, secure: walk.secure, policy } });
        actor.start();
        let told: string[] = [];
        actor.system.inspect((inspected) => {
          if (inspected.type === "@xstate.microstep") told.push(...transitionsOf(inspected));
        });
        for (const { before, event } of go(walk).steps) {
          told = [];
          actor.send(event);
          expect(transitionsTaken(before, event)).toEqual(told);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("are told apart by their guards", () => {
    const state = given().when().told.snapshot;
    expect(transitionsTaken(state, { ...opened, at: startAt })).toEqual(["awaitingStream/stream.opened/2"]);
    expect(transitionsTaken(state, { ...opened, host: null, at: startAt })).toEqual(["awaitingStream/stream.opened/0"]);
  });

  it("are those of the state that answers, where several could", () => {
    const hibernating = given(...toHibernating).when().told.snapshot;
    expect(transitionsTaken(hibernating, { ...linkAttached, at: startAt })).toEqual(["connected.link.hibernating/link.attached/0"]);
  });

  it("have names in any machine: of an event, of any event, of none, and of an end within", () => {
    const machine = createMachine({
      initial: "here",
      states: {
        here: { on: { go: "between", "*": { actions: () => undefined } } },
        between: { always: [{ guard: () => false, target: "here" }, { target: "there" }] },
        there: { initial: "done", states: { done: { type: "final" } }, onDone: { target: "#over" } },
        over: { id: "over", type: "final" },
      },
      id: "any",
    });
    const told: (readonly string[])[] = [];
    const inspect = (inspected: { readonly type: string }) => {
      if (inspected.type === "@xstate.microstep") told.push(transitionsOf(inspected));
    };
    const actor = createActor(machine, { inspect }).start();
    for (const type of ["stay", "go"]) actor.send({ type });
    expect(told).toEqual([["here/*/0"], ["here/go/0"], ["between//1"], ["there/xstate.done.state.any.there/0"]]);
    expect(transitionsOf({ type: "@xstate.event" })).toEqual([]);
  });

  it("are none after the end", () => {
    const over = given(opened).when({ type: "link.lost", why: "reset" }).told.snapshot;
    expect(over.status).toBe("done");
    expect(transitionsTaken(over, { ...opened, at: startAt })).toEqual([]);
  });
});
