/**
 * The session's machine, live: what it is told is recorded, what it asks for is handed back.
 * From authentication on its stream in the log holds a snapshot and then every event.
 */
import { createActor, type ActorRefFrom, type Subscription } from "xstate";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { SessionEffect, SessionEvent } from "../../machines/session-events.ts";
import type { SessionInput } from "../../machines/session-context.ts";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";
import { transitionsOf } from "../../machines/transition-id.ts";
import type { Json } from "../ports.ts";
import type { NewFact, Step } from "../step/batch.ts";
import type { SessionLog } from "./session-log.ts";

/** `transitions`: the names of those that the event has led to, in order. */
export type ActorObserver = (step: Step, event: SessionEvent, transitions: readonly string[], snapshot: SessionSnapshot) => void;

export class SessionActor {
  readonly #log: SessionLog;
  readonly #actor: ActorRefFrom<typeof sessionMachine>;
  #effects: SessionEffect[] = [];
  /** A step that has recorded something and not yet ended well: one that throws takes its facts back. */
  #recording: Step | undefined;
  #error: unknown;
  #observer: ActorObserver | undefined;
  /** XState tells it of each microstep while somebody observes; an actor that nobody observes has none. */
  #inspection: Subscription | undefined;
  readonly #transitions: string[] = [];

  /** A new session, or one that goes on from where it was. */
  constructor(log: SessionLog, origin: { readonly input: SessionInput } | { readonly snapshot: SessionSnapshot }) {
    this.#log = log;
    this.#actor = createActor(sessionMachine, "input" in origin ? origin : { ...origin, input: undefined as never });
    this.#actor.on("*", (effect) => this.#effects.push(effect));
    this.#actor.subscribe({ error: (error) => (this.#error = error) });
  }

  get snapshot(): SessionSnapshot {
    return this.#actor.getSnapshot();
  }

  start(): readonly SessionEffect[] {
    this.#actor.start();
    return this.#take();
  }

  /**
   * Returns the effects that are now to be performed, in order. `extras` are what the stream keeps or erases with the event.
   * Throws if the machine itself failed.
   */
  tell(step: Step, event: SessionEvent, extras: Pick<NewFact, "contents" | "erases"> = {}): readonly SessionEffect[] {
    const before = this.snapshot;
    this.#actor.send(event);
    if (this.#error !== undefined) throw this.#error;
    this.#record(step, before, event, extras);
    this.#observer?.(step, event, this.#transitions.splice(0), this.snapshot);
    return this.#take();
  }

  /** Told of each event, after it was recorded; undefined ends it. At most one. */
  observe(observer: ActorObserver | undefined): void {
    this.#observer = observer;
    if (observer === undefined) {
      this.#inspection?.unsubscribe();
      this.#inspection = undefined;
      return;
    }
    this.#transitions.length = 0;
    this.#inspection ??= this.#actor.system.inspect((inspected) => {
      if (inspected.type === "@xstate.microstep") this.#transitions.push(...transitionsOf(inspected));
    });
  }

  /** Ends the actor without an event: only where the machine itself has failed. */
  abandon(): void {
    this.#actor.stop();
  }

  #take(): readonly SessionEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #record(step: Step, before: SessionSnapshot, event: SessionEvent, extras: Pick<NewFact, "contents" | "erases">): void {
    const { snapshot } = this;
    const first = !this.#log.begun;
    if (first) {
      const { host, username } = snapshot.context;
      if (username === null || host === null) return;
      this.#log.begin(host);
    }
    const incomplete = this.#recording !== undefined && this.#recording !== step;
    this.#recording = step;
    step.afterwards(() => (this.#recording = undefined));
    if (first) return this.#log.recordSnapshot(step, snapshot, extras);
    // What the step that failed had told is not in the log, but it has happened.
    if (incomplete) this.#log.recordSnapshot(step, before);
    this.#log.record(step, "SessionTold", { event: event as unknown as Json, state: stateName(snapshot.value) }, extras);
    if (snapshot.status === "active" && (this.#log.snapshotDue || (isLost(event) && snapshot.hasTag("connected")))) this.#log.recordSnapshot(step, snapshot);
  }
}

/** Whoever is without a link may have to be restored from here. */
function isLost({ type }: SessionEvent): boolean {
  return type === "link.lost" || type === "server.stopping";
}
