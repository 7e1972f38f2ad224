/** What it takes to check a machine: where it begins, what it can be told, what has to hold. Everything is pure; time is told. */
import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate";

/** One event, and what it made of the machine. */
export interface ModelStep<Snapshot = AnyMachineSnapshot, Event = AnyEventObject, Effect = AnyEventObject> {
  /** undefined: the machine has only just begun. */
  readonly before: Snapshot | undefined;
  readonly event: Event | undefined;
  readonly after: Snapshot;
  /** What was emitted, in order. */
  readonly effects: readonly Effect[];
  /** Names of the transitions that were taken, in order (`transitionId`). */
  readonly taken: readonly string[];
  /** Why the machine could not answer, where it threw: `after` is `before` then. */
  readonly thrown?: string;
}

/** A rule that holds in every state, or for every step. */
export interface Invariant<Snapshot = AnyMachineSnapshot, Event = AnyEventObject, Effect = AnyEventObject> {
  /** A sentence for people: `A resource is there exactly while the session is connected.` */
  readonly name: string;
  /** Where it is written: `RFC 6120 section 7.1`. */
  readonly source?: string;
  /**
   * Whether it has anything to say about this step: where it has not, it is not asked, and not counted. Without it each time that it is
   * asked counts, also where it looks at nothing. The witness of a life is told every step all the same.
   */
  readonly when?: (step: ModelStep<Snapshot, Event, Effect>) => boolean;
  /** What is wrong with a state, in a sentence; undefined where nothing is. A throw counts as a problem too. */
  readonly state?: (snapshot: Snapshot) => string | undefined;
  /** The same of a step. */
  readonly step?: (step: ModelStep<Snapshot, Event, Effect>) => string | undefined;
  /**
   * For rules about a whole life (one header, then an end): makes the witness of one life, which is told each step in order and says what
   * is wrong. Scripts live all sorts of lives; where every state is looked at, it is the shortest that leads to each.
   */
  readonly life?: () => (step: ModelStep<Snapshot, Event, Effect>) => string | undefined;
}

/** A machine, with everything that it can be told. */
export interface MachineModel<Snapshot extends AnyMachineSnapshot = AnyMachineSnapshot, Event extends AnyEventObject = AnyEventObject, Effect = AnyEventObject> {
  /** As it is asked for by name: `client-session`. */
  readonly name: string;
  readonly machine: AnyStateMachine;
  /** Each way to begin that differs, by a name. */
  readonly starts: readonly { readonly name: string; readonly input: unknown }[];
  /** Milliseconds since 1970 at which each life begins. */
  readonly startAt: number;
  /**
   * All that can be told in this state: each type of event that its host could tell it now, in the values that a guard can tell
   * apart, with boundary values taken from the context. Empty at the end.
   */
  readonly events: (snapshot: Snapshot, at: number) => readonly Event[];
  /** Of these, what leads on: most steps of a generated script are taken from here. Default: all of them. */
  readonly likely?: (snapshot: Snapshot, at: number) => readonly Event[];
  /** What no host tells in this state and a broken one might; the invariants hold all the same. Default: none. */
  readonly illegal?: (snapshot: Snapshot, at: number) => readonly Event[];
  /** The same for two states that no guard and no action can tell apart. */
  readonly keyOf: (snapshot: Snapshot) => string;
  /** Where every state has a way to. Default: the machine's final states; where it can reach none, nothing is asked. */
  readonly isEnd?: (snapshot: Snapshot) => boolean;
  readonly invariants: readonly Invariant<Snapshot, Event, Effect>[];
}

/** A model of whichever machine, whatever its types, for what is the same for all. */
export type AnyModel = MachineModel;

/** As those take it who ask nothing of its snapshots and events but what every machine has. */
export function asAnyModel<Snapshot extends AnyMachineSnapshot, Event extends AnyEventObject, Effect>(model: MachineModel<Snapshot, Event, Effect>): AnyModel {
  return model as unknown as AnyModel;
}
