/** Rules that can fail: the subscription with any one cell of its table changed, in any one way, breaks one. */
import { describe, expect, it } from "vitest";
import { subscriptionMachine } from "../../machines/subscription.ts";
import { subscription } from "../../machines/subscription-parts.ts";
import { subscriptionStates } from "../../src/domain/subscription.ts";
import { checkMachine, replayScript } from "../../src/testing/model/check-machine.ts";
import { explore } from "../../src/testing/model/explore.ts";
import { asAnyModel } from "../../src/testing/model/machine-model.ts";
import { subscriptionModel } from "../../src/testing/model/subscription-model.ts";
import type { Script } from "../../src/testing/model/verdict.ts";

interface Answer {
  readonly guard?: string;
  readonly target?: string;
  readonly actions?: readonly (string | { readonly type: string; readonly params: unknown })[];
}
type Table = Readonly<Record<string, { readonly on: Readonly<Record<string, Answer | readonly Answer[]>> }>>;

const table = subscriptionMachine.config.states as unknown as Table;
/** The shortest way to each cell: the state, with or without an approval, and the stanza. */
const lives = [...explore(asAnyModel(subscriptionModel)).states.values()].flatMap(({ snapshot, script, edges }) =>
  edges.map(({ step }) => ({ state: snapshot.value as string, type: step.event!.type, script: { start: script.start, events: [...script.events, step.event!] } as Script })));

interface Mutant {
  readonly change: string;
  readonly state: string;
  readonly type: string;
  readonly machine: typeof subscriptionMachine;
}

const mutants = Object.entries(table).flatMap(([state, { on }]) =>
  Object.entries(on).flatMap(([type, cell]) => {
    const answers = [cell].flat() as readonly Answer[];
    return answers.flatMap((answer, index) =>
      changesOf(state, answer).map(([change, changed]): Mutant => ({
        change: `${type} in ${state}${answer.guard === undefined ? "" : " approved"}: ${change}`, state, type,
        machine: machineWith(state, type, answers.map((other, place) => (place === index ? changed : other))),
      })));
  }));

describe("RFC 6121 sections A.2 and A.3: the rules of a subscription", () => {
  it("hold in every cell as it is, also of a machine that is built anew", () => {
    const machine = machineWith("None", "inbound.subscribe", [table["None"]!.on["inbound.subscribe"]!].flat() as readonly Answer[]);
    expect(checkMachine({ ...subscriptionModel, machine }, [], { runs: 20, seed: 1 })).toMatchObject({ ok: true });
  });

  it("fail for each cell that is ignored, each state that it leads to wrongly, each action that is left out or comes too early", () => {
    const survivors = mutants.filter(({ state, type, machine }) => !breaks(machine, state, type));
    expect(survivors.map(({ change }) => change)).toEqual([]);
    expect(mutants.length).toBeGreaterThan(300);
  });

  it.each([
    ["inbound.subscribe in None: is ignored", "the state: expected \"None + Pending In\", got \"None\""],
    ["outbound.unsubscribe in Both: without routeStanza", "what follows"],
    ["inbound.unsubscribe in From: without deliverStanza", "what follows"],
    ["inbound.unsubscribe in From: without answerContact", "what follows"],
    ["inbound.subscribe in None approved: without answerContact", "what follows"],
    ["outbound.unsubscribed in To approved: is ignored", "the approval: expected false, got true"],
  ])("are what a check fails by: %s", (change, problem) => {
    const { machine } = mutants.find((mutant) => mutant.change === change)!;
    const { ok, counterexample } = checkMachine({ ...subscriptionModel, machine }, [], { runs: 100, seed: 1 });
    expect(ok).toBe(false);
    expect(counterexample?.problem).toContain(problem);
  });
});

function changesOf(state: string, { actions = [], target, ...rest }: Answer): readonly (readonly [change: string, changed: Answer])[] {
  const led = target === undefined ? rest : { ...rest, target };
  const others = subscriptionStates.filter((other) => other !== (target ?? state) && other !== state);
  return [
    ...(target === undefined && actions.length === 0 ? [] : [["is ignored", rest] as const]),
    ...(target === undefined ? [] : [["leads nowhere", { ...rest, actions }] as const]),
    ...others.slice(0, 2).map((other) => [`leads to ${other}`, { ...rest, target: other, actions }] as const),
    ...actions.map((action, index) => [`without ${typeof action === "string" ? action : action.type}`, { ...led, actions: actions.toSpliced(index, 1) }] as const),
    ...actions.slice(1).map((action, index) => [`${typeof action === "string" ? action : action.type} too early`, { ...led, actions: actions.toSpliced(index, 2, action, actions[index]!) }] as const),
  ];
}

function machineWith(state: string, type: string, answers: readonly Answer[]): typeof subscriptionMachine {
  const { on } = table[state]!;
  const states = { ...table, [state]: { ...table[state], on: { ...on, [type]: answers } } };
  return subscription.createMachine({ ...subscriptionMachine.config, states } as never) as unknown as typeof subscriptionMachine;
}

/** In one of the lives that end in this cell. */
function breaks(machine: typeof subscriptionMachine, state: string, type: string): boolean {
  return lives.some((life) => life.state === state && life.type === type && replayScript({ ...subscriptionModel, machine }, life.script).breach !== undefined);
}
