/**
 * A session in the words of Stately's inspector: the JSON text frames of `@statelyai/inspect`, which its receivers, its local server and
 * its page take. XState itself tells nothing of an actor that was there before, so what introduces one is made here.
 */
import { fold, restoreSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { sessionMachine } from "../../machines/session.ts";
import type { LifeStep } from "../history/export/life.ts";
import { showEvent } from "./redact-fact.ts";

/** The release of `@statelyai/inspect` whose frames these are. */
const statelyVersion = "0.7.2";

export interface StatelyActor {
  /** The session's. */
  readonly id: string;
  /** For people. */
  readonly name: string;
}

/** Introduces the session, with the statechart that it runs and the state that it is in. `at`: ms since 1970. */
export function actorFrame({ id, name }: StatelyActor, snapshot: SessionSnapshot, at: number): string {
  return JSON.stringify({ type: "@xstate.actor", name, definition: definition(), snapshot: plain(snapshot), ...envelope(id, at) });
}

/** The session was told an event, and is since as the snapshot says: two frames. */
export function toldFrames(id: string, event: SessionEvent, snapshot: SessionSnapshot, at: number): readonly [string, string] {
  const shown = showEvent(event);
  return [
    JSON.stringify({ type: "@xstate.event", event: shown, ...envelope(id, at) }),
    JSON.stringify({ type: "@xstate.snapshot", event: shown, snapshot: plain(snapshot), ...envelope(id, at) }),
  ];
}

/** Frames of a session that was recorded, one step of its life after the other. */
export class StatelyTale {
  readonly #actor: StatelyActor;
  #snapshot: SessionSnapshot | undefined;

  constructor(actor: StatelyActor) {
    this.#actor = actor;
  }

  /** Of a step that changes no state, none. Throws if a snapshot is of another machine, or of a version that this one cannot continue. */
  frames(step: LifeStep): readonly string[] {
    if (step.kind === "snapshot") {
      const first = this.#snapshot === undefined;
      this.#snapshot = restoreSnapshot(step.snapshot);
      return first ? [actorFrame(this.#actor, this.#snapshot, step.at)] : [];
    }
    if (step.kind !== "told" || this.#snapshot === undefined) return [];
    this.#snapshot = fold(this.#snapshot, [step.event]);
    return toldFrames(this.#actor.id, step.event, this.#snapshot, step.at);
  }
}

function envelope(id: string, at: number) {
  return { sessionId: id, rootId: id, id: null, createdAt: String(at), _version: statelyVersion };
}

/** As XState itself writes a snapshot: without its machine, with its tags. */
function plain(snapshot: SessionSnapshot): unknown {
  return snapshot.toJSON();
}

let text: string | undefined;

/** The statechart as text, functions by their names alone. */
function definition(): string {
  return (text ??= JSON.stringify(sessionMachine.config, (_, value: unknown) => (typeof value === "function" ? { type: value.name } : value)));
}
