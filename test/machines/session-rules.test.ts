/**
 * Rules that can fail: the session with one of its actions left out, or one of its guards turned round, breaks one in a life that is
 * told to it. One that survives may only need another life: more scripts, or another seed.
 */
import fc from "fast-check";
import { assign, enqueueActions } from "xstate";
import { describe, expect, it } from "vitest";
import { sessionMachine, type SessionMachine } from "../../machines/session.ts";
import { checkMachine, replayScript } from "../../src/testing/model/check-machine.ts";
import { scriptsOf } from "../../src/testing/model/script.ts";
import { sessionStartAt } from "../../src/testing/model/session-rules.ts";
import { sessionModel } from "../../src/testing/model/session-model.ts";
import type { Script } from "../../src/testing/model/verdict.ts";

type Changes = Parameters<SessionMachine["provide"]>[0];
type Guard = (args: unknown, params: unknown) => boolean;

const { actions, guards } = sessionMachine.implementations as unknown as { readonly actions: object; readonly guards: Readonly<Record<string, Guard>> };
const nothing = enqueueActions(() => {});

/** What few lives come to by chance: a login with a mechanism that is not there, and a stream that fails before it is opened anew. */
const at = sessionStartAt + 1;
const header = { type: "stream.opened", at, host: "localhost", from: null, version: 1 } as const;
const started = { type: "sasl.started", at, mechanism: "PLAIN" } as const;
const rare: readonly Script[] = [
  { start: 1, events: [header, started, { type: "sasl.failed", at, condition: "invalid-mechanism", text: null }] },
  { start: 1, events: [header, started, { type: "sasl.succeeded", at, username: "romeo", data: null }, { type: "stream.failed", at, condition: "reset", text: "" }] },
];
const lives: readonly Script[] = [...fc.sample(scriptsOf(sessionModel), { numRuns: 300, seed: 9 }), ...rare];

describe("The rules of a session", () => {
  it("hold in all of these lives as the session is", () => {
    expect(lives.map((script) => replayScript(sessionModel, script).breach).filter((breach) => breach !== undefined)).toEqual([]);
  });

  it.each(Object.keys(actions))("fail where it does not %s", (name) => {
    expect(brokenBy({ actions: { [name]: nothing } as never })).toBeDefined();
  });

  it.each(Object.entries(guards))("fail where the guard %s says the opposite", (name, guard) => {
    const opposite: Guard = (args, params) => !guard(args, params);
    expect(brokenBy({ guards: { [name]: opposite } as never })).toBeDefined();
  });

  it.each<readonly [change: string, rule: RegExp, changes: object]>([
    ["its first deadline is a minute late", /deadline stays/, {
      armNegotiation: enqueueActions(({ context, event, enqueue }, at: number | undefined) => {
        const { at: told } = event as unknown as { readonly at: number };
        const deadline = (at === undefined ? told : at + 60_000) + context.policy.negotiationMs;
        enqueue.assign({ timers: { ...context.timers, negotiation: deadline } });
        enqueue.emit({ type: "arm.timer", name: "negotiation", deadline } as never);
      }),
    }],
    ["every second failed login counts", /fail as often/, { countSaslFailure: assign({ saslFailures: ({ context }) => context.saslFailures + (context.saslRefusals % 2) }) }],
    ["an overflow leaves it resumable", /queue is full/, { loseResumption: nothing }],
    ["the answer to a bind has the id of no request", /answered once/, { rememberBind: assign({ bindId: "b0" }) }],
    ["each directed presence forgets those before it", /Directed presence/, {
      rememberDirected: assign({ directed: ({ event }) => [(event as { readonly to?: string }).to ?? ""] }),
    }],
  ])("say which of them fails where %s", (_, rule, changes) => {
    expect(brokenBy({ actions: changes as never })).toMatch(rule);
  });

  it("are what a check fails by", () => {
    const machine = sessionMachine.provide({ actions: { countSaslFailure: nothing } as never });
    const { ok, counterexample } = checkMachine({ ...sessionModel, machine }, [], { exhaustive: false, runs: 100, seed: 1 });
    expect(ok).toBe(false);
    expect(counterexample).toMatchObject({ invariant: { source: "RFC 6120 sections 6.4.5 and 7.7.3" } });
    expect(counterexample!.script.events.length).toBeLessThan(5);
  });
});

/** The name of the rule that the changed session breaks in the first of the lives that breaks one. */
function brokenBy(changes: Changes): string | undefined {
  const changed = { ...sessionModel, machine: sessionMachine.provide(changes) };
  for (const script of lives) {
    const { breach } = replayScript(changed, script);
    if (breach !== undefined) return breach.invariant.name;
  }
  return undefined;
}
