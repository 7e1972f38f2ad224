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
import { eventsPerSnapshotMin } from "../domain/limits.ts";
import type { Json } from "../ports.ts";
import type { Step } from "../step/batch.ts";

export class SessionActor {
  readonly #id: string;
  readonly #actor: ActorRefFrom<typeof sessionMachine>;
  #effects: SessionEffect[] = [];
  /** The session's stream in the log, once there is one. */
  #stream: string | undefined;
  /** Since the last snapshot. */
  #events = 0;
  #eventChars = 0;
  #snapshotChars = 0;
  /** A step that has recorded something and not yet ended well: one that throws takes its facts back. */
  #recording: Step | undefined;
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
    const before = this.snapshot;
    this.#actor.send(event);
    if (this.#error !== undefined) throw this.#error;
    this.#record(step, before, event);
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

  #record(step: Step, before: SessionSnapshot, event: SessionEvent): void {
    const { snapshot } = this;
    const first = this.#stream === undefined;
    if (this.#stream === undefined) {
      const { host, username } = snapshot.context;
      if (username === null || host === null) return;
      this.#stream = sessionStream(host, this.#id);
    }
    const incomplete = this.#recording !== undefined && this.#recording !== step;
    this.#recording = step;
    step.afterwards(() => (this.#recording = undefined));
    if (first) return this.#recordSnapshot(step, snapshot);
    // What the step that failed had told is not in the log, but it has happened.
    if (incomplete) this.#recordSnapshot(step, before);
    step.record(this.#stream, {
      type: "SessionTold",
      v: 1,
      data: { event: event as unknown as Json, state: stateName(snapshot.value) },
    });
    this.#events += 1;
    this.#eventChars += JSON.stringify(event).length;
    // Often enough that folding stays short, and never so often that snapshots outweigh what they sum up.
    if (this.#events >= eventsPerSnapshotMin && this.#eventChars >= this.#snapshotChars) this.#recordSnapshot(step, snapshot);
  }

  #recordSnapshot(step: Step, snapshot: SessionSnapshot): void {
    const data = recordSnapshot(snapshot) as unknown as Json;
    this.#events = this.#eventChars = 0;
    this.#snapshotChars = JSON.stringify(data).length;
    step.record(this.#stream!, { type: "SessionSnapshotTaken", v: 1, data });
  }
}
