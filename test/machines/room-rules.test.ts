/** Rules that can fail: the life of a room with any one of its transitions, guards or actions changed, in any one way, breaks one. */
import { createMachine } from "xstate";
import { describe, expect, it } from "vitest";
import { roomMachine } from "../../machines/room.ts";
import { checkMachine } from "../../src/testing/model/check-machine.ts";
import { roomModel } from "../../src/testing/model/room-model.ts";

interface Answer {
  readonly guard?: string;
  readonly target?: string;
  readonly actions?: string;
}
interface State {
  readonly on?: Readonly<Record<string, Answer | readonly Answer[]>>;
  readonly states?: Readonly<Record<string, State>>;
}

const config = roomMachine.config as unknown as State;
const targets = ["#room.locked", "#room.open.occupied", "#room.open.empty", "#room.destroyed"];

function holds(machine: unknown, runs = 0): boolean {
  // Without a transition a state may have no way to its end: that is told as a problem.
  return checkMachine({ ...roomModel, machine: machine as typeof roomMachine }, [], { runs, seed: 1 }).ok;
}

function made(changed: State): unknown {
  return createMachine(changed as never, roomMachine.implementations as never);
}

/** The machine with each answer of each state changed in each way. */
function* mutants(state: State, path: string, build: (changed: State) => State): Generator<{ readonly change: string; readonly machine: unknown }> {
  for (const [event, cell] of Object.entries(state.on ?? {})) {
    const answers = [cell].flat() as readonly Answer[];
    for (const [index, answer] of answers.entries()) {
      for (const [change, changed] of changesOf(answer)) {
        const on = { ...state.on, [event]: answers.flatMap((other, place) => (place === index ? changed : [other])) };
        yield { change: `${path} ${event} ${index}: ${change}`, machine: made(build({ ...state, on })) };
      }
    }
  }
  for (const [name, child] of Object.entries(state.states ?? {})) {
    yield* mutants(child, `${path}.${name}`, (changed) => build({ ...state, states: { ...state.states, [name]: changed } }));
  }
}

function changesOf(answer: Answer): readonly (readonly [string, readonly Answer[]])[] {
  const { guard: _, ...unguarded } = answer;
  const { actions: __, ...idle } = answer;
  const { target: ___, ...staying } = answer;
  return [
    ["is ignored", []],
    ...(answer.guard === undefined ? [] : [["always", [unguarded]] as const]),
    ...(answer.actions === undefined ? [] : [["does nothing", [idle]] as const]),
    ...(answer.target === undefined ? [] : [["stays", [staying]] as const]),
    ...targets.filter((target) => !isTo(answer, target)).map((target) => [`goes to ${target}`, [{ ...answer, target }]] as const),
  ];
}

function isTo({ target }: Answer, id: string): boolean {
  return target !== undefined && id.endsWith(target.replace(/^#room/, "").replace(/^(?!\.)/, "."));
}

describe("XEP-0045 sections 4.2, 10.1 and 10.9: the rules of a room's life", () => {
  it("hold of the machine as it is, also where it is built anew", () => {
    expect(holds(roomMachine, 200)).toBe(true);
    expect(holds(made(config), 200)).toBe(true);
  });

  it("fail where an event is ignored, a guard not asked, an action left out, or where it leads elsewhere", () => {
    const all = [...mutants(config, "room", (changed) => changed)];
    expect(all.length).toBeGreaterThan(70);
    // That something stays in its state, by a transition that says so, is no change.
    const same = / goes to #room\.(locked|open\.occupied|open\.empty)$/;
    const survivors = all.filter(({ machine }) => holds(machine)).map(({ change }) => change);
    expect(survivors.filter((change) => !isItself(change, same))).toEqual([]);
  });

  it("fail where a guard or an action is another", () => {
    const { guards, actions } = roomMachine.implementations as { readonly guards: object; readonly actions: object };
    for (const guard of Object.keys(guards)) for (const answer of [true, false]) expect(holds(roomMachine.provide({ guards: { [guard]: () => answer } } as never)), `${guard} ${answer}`).toBe(false);
    for (const action of Object.keys(actions)) expect(holds(roomMachine.provide({ actions: { [action]: () => {} } } as never)), action).toBe(false);
  });
});

/** Whether it goes where it is. */
function isItself(change: string, same: RegExp): boolean {
  const [, target = ""] = same.exec(change) ?? [];
  return target !== "" && change.startsWith(`room.${target} `);
}
