/** One script before its witnesses: the oracle says what should be, the machines how people stand, the server's clients what came. */
import type { TestServer } from "../../../src/testing/start-server.ts";
import { showAction, type Action } from "./actions.ts";
import { decode, decodeOpening, type Numbers } from "./decode.ts";
import { Machines } from "./machines.ts";
import { Oracle, type Mail } from "./oracle.ts";
import { ServerPlay } from "./server-play.ts";
import { inOrder } from "./told.ts";

export interface Cast {
  readonly names: readonly string[];
  readonly resources: readonly string[];
}

/** What to do next, from what the oracle knows; undefined at the end. */
export type Director = (oracle: Oracle, turn: number) => Action | undefined;

/** Plays by numbers, and then lets everybody look at what they have: what a new client is told is all that the server remembers. */
export function byNumbers({ opening, choices }: Numbers): Director {
  let previous: Action | undefined;
  return (oracle, turn) => {
    const first = decodeOpening(oracle.people.places, opening);
    if (turn < first.length) return first[turn];
    const choice = choices[turn - first.length];
    if (choice === undefined) return lookBack(oracle, turn - first.length - choices.length, turn);
    previous = decode(oracle.people, turn, choice, previous);
    return previous;
  };
}

/** Plays what is written, each with its turn for a mark, and then looks back. */
export function byScript(script: readonly ((id: string) => Action)[]): Director {
  return (oracle, turn) => script[turn]?.(`m${turn}`) ?? lookBack(oracle, turn - script.length, turn);
}

/** Plays what is left of a script: what nobody is there to do, or is there already for, is left out. */
export function byActions(actions: readonly Action[]): Director {
  const left = [...actions];
  return ({ people }) => {
    for (let action = left.shift(); action !== undefined; action = left.shift()) {
      if ((people.resource(action.who) === undefined) === (action.do === "login")) return action;
    }
    return undefined;
  };
}

/** Each person's last look: log in anew, ask for the roster, be available. */
function lookBack({ people }: Oracle, step: number, turn: number): Action | undefined {
  const person = people.all[Math.floor(step / 3)];
  if (person === undefined) return undefined;
  const who = `${person.bare}/reader`;
  const id = `m${turn}`;
  const looks: readonly Action[] = [{ do: "login", who }, { do: "ask roster", who, id }, { do: "available", who, priority: "0", id }];
  return looks[step % 3];
}

let stories = 0;

/** The last action is that at which a witness said something else. */
export class Disagreement extends Error {
  readonly actions: readonly Action[];

  constructor(actions: readonly Action[], problem: string, cause: unknown) {
    super(`${actions.map(showAction).join("\n")}\n→ ${problem}\n`, { cause });
    this.actions = actions;
  }
}

/** Throws a Disagreement. Returns the oracle, which knows what rows were used. */
export async function play(server: TestServer, { names, resources }: Cast, next: Director): Promise<Oracle> {
  const oracle = new Oracle(names, resources);
  const machines = new Machines(names);
  const real = await ServerPlay.begin(server, names, ++stories);
  const done: Action[] = [];
  let turn = 0;
  try {
    for (let action = next(oracle, turn); action !== undefined; ) {
      const burst: Action[] = [];
      const mails: Mail[] = [];
      do {
        burst.push(action);
        done.push(action);
        mails.push(oracle.act(action));
        machines.act(action);
        action = next(oracle, ++turn);
      } while (action !== undefined && joins(burst, action, oracle));
      const heard = await real.act(burst);
      const problems = [
        ...differences("the machines have", machines.states(), "the tables", oracle.states()),
        ...oracle.people.all.flatMap(({ resources }) => resources).flatMap(({ jid }) => {
          const [is, should] = [inOrder(heard.get(jid) ?? []), inOrder(mails.flatMap((mail) => mail.for(jid)))];
          return is.join("\n") === should.join("\n") ? [] : [`${jid} was told${listed(is)}\n  and should have been${listed(should)}`];
        }),
      ];
      if (problems.length > 0) throw new Error(problems.join("\n"));
    }
    return oracle;
  } catch (error) {
    throw new Disagreement(done, error instanceof Error ? error.message : String(error), error);
  } finally {
    real.end();
  }
}

/** Whether an action can be done in the same breath as those before it. */
function joins(burst: readonly Action[], action: Action, { people }: Oracle): boolean {
  if (action.hasty !== true || action.who !== burst[0]!.who || people.gaveOffline) return false;
  return [...burst, action].every((each) => each.do !== "login" && each.do !== "logout");
}

type States = ReturnType<Oracle["states"]> | ReturnType<Machines["states"]>;

function differences(one: string, states: States, other: string, others: States): readonly string[] {
  const show = (state: States[string] | undefined): string => `${state?.state}${state?.approved === true ? ", approved" : ""}`;
  return Object.keys(others).flatMap((pair) =>
    show(states[pair]) === show(others[pair]) ? [] : [`${pair}: ${one} ${show(states[pair])}, ${other} ${show(others[pair])}`],
  );
}

function listed(lines: readonly string[]): string {
  return lines.length === 0 ? " nothing" : `:${lines.map((line) => `\n    ${line}`).join("")}`;
}
