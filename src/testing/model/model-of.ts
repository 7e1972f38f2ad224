/** A model of any machine, made of little. */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine, EmittedFrom, EventFromLogic, InputFrom, SnapshotFrom } from "xstate";
import { brief } from "./check-options.ts";
import type { Invariant, MachineModel } from "./machine-model.ts";
import { requireEvents, requireMachine } from "./wary-model.ts";

/** What is known of a machine besides itself; what is left out is found out, as far as that is possible. */
export interface AboutMachine<Machine extends AnyStateMachine> {
  /** By which reports call it. Default: its id. */
  readonly name?: string;
  /** What it starts with. Default: nothing, which a machine that needs an input does not take. */
  readonly input?: InputFrom<Machine>;
  /** Milliseconds since 1970 at which each life begins. Default: 0. */
  readonly startAt?: number;
  /**
   * What it can be told, in every state or by state. Default: an event without data for each type that the machine knows of, `noise` for
   * `noise.*` and `any.other` for `*`. Delays that are due (`after`) need not be listed: each is told as an event of its own, at any time.
   */
  readonly events?: readonly EventFromLogic<Machine>[] | MachineModel<SnapshotFrom<Machine>, EventFromLogic<Machine>>["events"];
  readonly likely?: MachineModel<SnapshotFrom<Machine>, EventFromLogic<Machine>>["likely"];
  /** What no host tells in this state and a broken one might. Default: none. */
  readonly illegal?: MachineModel<SnapshotFrom<Machine>, EventFromLogic<Machine>>["illegal"];
  /**
   * The same for two states that no guard and no action can tell apart. Default: the value and the whole context as JSON, which is right
   * for a small context only: one that counts has no end of states.
   */
  readonly keyOf?: (snapshot: SnapshotFrom<Machine>) => string;
  /** Where every state has a way to. Default: the final states. */
  readonly isEnd?: (snapshot: SnapshotFrom<Machine>) => boolean;
}

/** A rule about a machine of this type. */
export type InvariantOf<Machine extends AnyStateMachine> = Invariant<SnapshotFrom<Machine>, EventFromLogic<Machine>, EmittedFrom<Machine>>;

/**
 * A model of a machine, with what is known of it and what can be found out. Throws TypeError where it is no machine; `keyOf` throws one for
 * a context that is no JSON, unless `about` has another.
 */
export function modelOf<Machine extends AnyStateMachine>(
  machine: Machine,
  invariants: readonly InvariantOf<Machine>[] = [],
  about: AboutMachine<Machine> = {},
): MachineModel<SnapshotFrom<Machine>, EventFromLogic<Machine>, EmittedFrom<Machine>> {
  requireMachine(machine);
  const { name = machine.id, input, startAt = 0, events, likely, illegal, keyOf = valueAndContext, isEnd } = about;
  const known = machine.events as readonly string[];
  const delays = known.filter(isDelay).map((type) => ({ type }) as EventFromLogic<Machine>);
  const listed = typeof events === "function" ? undefined : (events ?? known.filter((type) => !type.startsWith("xstate.")).map(heardBy));
  const always = [...requireEvents(name, "events", (listed ?? []) as readonly EventFromLogic<Machine>[]), ...delays];
  const told = typeof events === "function" ? (snapshot: SnapshotFrom<Machine>, at: number) => [...requireEvents(name, "events", events(snapshot, at)), ...delays] : () => always;
  return {
    name,
    machine,
    starts: [{ name: "start", input }],
    startAt,
    // A delay is due only where it runs.
    events: (snapshot, at) => told(snapshot, at).filter((event) => !isDelay(event.type) || (snapshot as AnyMachineSnapshot).can(event)),
    keyOf,
    invariants,
    ...(likely === undefined ? {} : { likely }),
    ...(illegal === undefined ? {} : { illegal }),
    ...(isEnd === undefined ? {} : { isEnd }),
  };
}

/** An event that this answer is for: XState takes none that is called by a wildcard. */
function heardBy(descriptor: string): AnyEventObject {
  return { type: descriptor === "*" ? "any.other" : descriptor.replace(/\.\*$/, "") };
}

function isDelay(type: AnyEventObject["type"]): boolean {
  return type.startsWith("xstate.after.");
}

function valueAndContext({ value, context }: { readonly value: unknown; readonly context: unknown }): string {
  try {
    return JSON.stringify([value, context]);
  } catch (error) {
    throw new TypeError(`keyOf: the context ${brief(context)} cannot be written as JSON (${(error as Error).message.split("\n")[0]}); give a keyOf that tells what matters in it`, { cause: error });
  }
}
