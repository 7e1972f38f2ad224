/**
 * The session's machine, live: what it is told is recorded, what it asks for is handed back.
 * From authentication on its stream in the log holds a snapshot and then every event.
 */
import { createActor, type ActorRefFrom } from "xstate";
import { recordSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import type { SessionEffect, SessionEvent } from "../../machines/session-events.ts";
import type { SessionInput } from "../../machines/session-context.ts";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";
import { sessionStream } from "../domain/facts.ts";
import type { Json } from "../ports.ts";
import type { Step } from "../step/batch.ts";

/** A snapshot follows every so many events, so that folding stays short. */
const eventsPerSnapshot = 64;

export class SessionActor {
  readonly #id: string;
  readonly #actor: ActorRefFrom<typeof sessionMachine>;
  #effects: SessionEffect[] = [];
  /** The session's stream in the log, once there is one. */
  #stream: string | undefined;
  #events = 0;
  #error: unknown;

  constructor(id: string, input: SessionInput) {
    this.#id = id;
    this.#actor = createActor(sessionMachine, { input });
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

  /** Returns the effects that are now to be performed, in order. Throws if the machine itself failed. */
  tell(step: Step, event: SessionEvent): readonly SessionEffect[] {
    this.#actor.send(event);
    if (this.#error !== undefined) throw this.#error;
    this.#record(step, event);
    return this.#take();
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

  #record(step: Step, event: SessionEvent): void {
    const { snapshot } = this;
    if (this.#stream === undefined) {
      const { host, username } = snapshot.context;
      if (username === null || host === null) return;
      this.#stream = sessionStream(host, this.#id);
      this.#recordSnapshot(step, snapshot);
      return;
    }
    step.record(this.#stream, {
      type: "SessionTold",
      v: 1,
      data: { event: event as unknown as Json, state: stateName(snapshot.value) },
    });
    if (++this.#events % eventsPerSnapshot === 0) this.#recordSnapshot(step, snapshot);
  }

  #recordSnapshot(step: Step, snapshot: SessionSnapshot): void {
    step.record(this.#stream!, {
      type: "SessionSnapshotTaken",
      v: 1,
      data: recordSnapshot(snapshot) as unknown as Json,
    });
  }
}
