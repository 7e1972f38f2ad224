/** Every state that can be reached, with everything that can be told in it: the invariants hold, all ends are near, nothing is dead. */
import { createActor } from "xstate";
import { beforeAll, describe, expect, it } from "vitest";
import type { SessionSnapshot } from "../../machines/fold.ts";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";
import { checkState, checkStep } from "./invariants.ts";
import { everything } from "./model.ts";
import { begin, policy, startAt, tell } from "./telling.ts";

interface Found {
  readonly snapshot: SessionSnapshot;
  readonly next: Set<string>;
}

type Definition = ReturnType<typeof sessionMachine.getTransitionData>[number];

/** By what distinguishes one from another as far as any guard can tell. */
const found = new Map<string, Found>();
const taken = new Set<Definition>();

function keyOf({ value, context }: SessionSnapshot): string {
  const { secure, headerSent, from, saslFailures, bindFailures, bindId, management, directed } = context;
  const connected = context.resource !== null;
  return JSON.stringify([
    stateName(value), context.username === null && [secure, from, saslFailures], headerSent, !connected && [bindFailures, bindId],
    connected && [management, directed.length > 0],
  ]);
}

beforeAll(() => {
  const queue: Found[] = [];
  const meet = (snapshot: SessionSnapshot): string => {
    // What has ended is one state, whatever it was.
    const key = snapshot.status === "done" ? "closed" : keyOf(snapshot);
    if (!found.has(key)) {
      const entry = { snapshot, next: new Set<string>() };
      found.set(key, entry);
      queue.push(entry);
    }
    return key;
  };
  for (const secure of [false, true]) meet(begin({ secure }).snapshot);
  for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
    const { snapshot, next } = entry;
    checkState(snapshot);
    for (const event of everything(snapshot, startAt + 1)) {
      for (const definition of sessionMachine.getTransitionData(snapshot as never, event as never)) taken.add(definition);
      const told = tell(snapshot, event);
      checkState(told.snapshot);
      checkStep(snapshot, event, told);
      next.add(meet(told.snapshot));
    }
  }
});

/** All transitions that the machine defines. */
function definitions(node = sessionMachine.root): readonly Definition[] {
  return [...[...node.transitions.values()].flat(), ...Object.values(node.states).flatMap((child) => definitions(child as never))] as Definition[];
}

function nameOf({ source, eventType, guard, target }: Definition): string {
  const guardName = guard === undefined ? "" : ` [${String((guard as { type?: string }).type ?? guard)}]`;
  return `${source.path.join(".") || "session"}: ${eventType}${guardName} → ${target?.map(({ path }) => path.join(".")).join(", ") ?? "itself"}`;
}

describe("The machine", () => {
  it("starts", () => {
    const actor = createActor(sessionMachine, { input: { at: startAt, secure: false, policy } }).start();
    expect(actor.getSnapshot().value).toBe("awaitingStream");
    actor.stop();
  });

  it("has no target that does not exist, and says of each state what it is", () => {
    const states: string[] = [];
    const visit = (node: typeof sessionMachine.root): void => {
      if (node.type !== "parallel" && Object.keys(node.states).length > 0) expect(Object.keys(node.states)).toContain(node.config.initial);
      if (node.type === "atomic" || node.type === "final") {
        expect(node.config.description, node.path.join(".")).toMatch(/^[A-Z].*\.$/);
        states.push(node.path.join("."));
      }
      for (const child of Object.values(node.states)) visit(child as never);
    };
    visit(sessionMachine.root);
    for (const { target } of definitions()) for (const { id } of target ?? []) expect(sessionMachine.getStateNodeById(id)).toBeDefined();
    expect(states).toHaveLength(16);
  });

  it("reaches each of its states", () => {
    const reached = new Set([...found.values()].map(({ snapshot }) => stateName(snapshot.value)));
    expect([...reached].toSorted()).toEqual([
      "authenticated.awaitingRestart", "authenticated.binding.idle", "authenticated.binding.pending", "authenticated.binding.resuming",
      "awaitingStream", "closed", "closing",
      ...["available", "unavailable"].flatMap((availability) =>
        ["interested", "uninterested"].flatMap((interest) => ["attached", "hibernating"].map((link) => `connected.${availability}+${interest}+${link}`))),
      "negotiating.authenticating", "negotiating.offering", "negotiating.securing",
    ].toSorted());
  });

  it("takes each of its transitions", () => {
    const all = definitions();
    expect(all.filter((definition) => !taken.has(definition)).map(nameOf)).toEqual([]);
    expect(all.length).toBeGreaterThan(100);
  });
});

describe("Invariant 14: each state has a way to its end", () => {
  it("in one event", () => {
    for (const [key, { next }] of found) if (key !== "closed") expect(next, key).toContain("closed");
  });

  it("by nothing but its deadline, and the one that follows, where a deadline runs", () => {
    for (const { snapshot } of found.values()) {
      let state = snapshot;
      for (let steps = 0; state.status === "active" && Object.keys(state.context.timers).length > 0; steps++) {
        expect(steps, stateName(state.value)).toBeLessThan(2);
        const [[name, deadline]] = Object.entries(state.context.timers) as [["negotiation", number]];
        state = tell(state, { type: "timer.expired", at: deadline, name, deadline }).snapshot;
      }
      if (Object.keys(snapshot.context.timers).length > 0) expect(state.status, stateName(snapshot.value)).toBe("done");
    }
  });

  it("and no way back", () => {
    const closed = found.get("closed")!.snapshot;
    expect([closed.status, everything(closed, startAt)]).toEqual(["done", []]);
  });
});
