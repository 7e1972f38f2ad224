import { describe, expect, it } from "vitest";
import { createActor } from "xstate";

/** Within tests: a machine that cannot even be made fails one of them, and not the reading of all files that begin with it. */
describe("A machine", () => {
  it("of a session is made, and begins by awaiting a stream", async () => {
    const { sessionMachine } = await import("../../machines/session.ts");
    const policy = { negotiationMs: 1, closingMs: 1, resumptionMs: 1, saslTriesMax: 2, bindTriesMax: 2 };
    const actor = createActor(sessionMachine, { input: { at: 0, secure: false, policy } }).start();
    expect([actor.getSnapshot().machine.id, actor.getSnapshot().value, actor.getSnapshot().status]).toEqual(["session", "awaitingStream", "active"]);
    actor.stop();
  });

  it("of a subscription is made, and begins with none", async () => {
    const { subscriptionMachine } = await import("../../machines/subscription.ts");
    const actor = createActor(subscriptionMachine).start();
    expect([actor.getSnapshot().machine.id, actor.getSnapshot().value, actor.getSnapshot().context]).toEqual(["subscription", "None", { approved: false }]);
    actor.stop();
  });

  it("of a room is made, and begins locked", async () => {
    const { roomMachine } = await import("../../machines/room.ts");
    const actor = createActor(roomMachine, { input: { persistent: true } }).start();
    expect([actor.getSnapshot().machine.id, actor.getSnapshot().value, actor.getSnapshot().context]).toEqual(["room", "locked", { occupants: 0, persistent: true }]);
    actor.stop();
  });

  it("is folded and looked into without a live session", async () => {
    const [{ fold, recordSnapshot, restoreSnapshot }, { transitionsTaken }] = await Promise.all([import("../../machines/fold.ts"), import("../../machines/taken.ts")]);
    const { sessionMachine } = await import("../../machines/session.ts");
    const { initialContext } = await import("../../machines/session-context.ts");
    const policy = { negotiationMs: 1, closingMs: 1, resumptionMs: 1, saslTriesMax: 2, bindTriesMax: 2 };
    const start = sessionMachine.resolveState({ value: "awaitingStream", context: initialContext({ at: 0, secure: false, policy }) });
    const lost = { type: "link.lost", at: 1, why: "reset" } as const;
    expect(transitionsTaken(start, lost)).toEqual(["*/link.lost/0"]);
    const over = fold(start, [lost, { ...lost, why: "again" }]);
    expect([over.value, over.context.reason, over.output]).toEqual(["closed", "reset", { reason: "reset" }]);
    expect(transitionsTaken(over, lost)).toEqual([]);
    expect(restoreSnapshot(recordSnapshot(over)).output).toEqual({ reason: "reset" });
    expect(restoreSnapshot(recordSnapshot(start)).output).toBeUndefined();
  });
});
