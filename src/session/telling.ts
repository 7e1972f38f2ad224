/**
 * What a session's machine is told: one event after the other, each recorded with what it leaves beside the log, and what the machine
 * asks for performed. Where it asks for an answer, the client's input is held until that is told.
 */
import type { SessionEvent } from "../../machines/session-events.ts";
import { allContents, presenceKey } from "../domain/session-facts.ts";
import type { NewFact, Step } from "../step/batch.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import type { SessionActor } from "./actor.ts";
import { perform } from "./effects.ts";
import type { HoldReason } from "./flow.ts";
import { OpenQuestion } from "./open-question.ts";
import type { SessionLog } from "./session-log.ts";
import type { Standing } from "./standing.ts";
import type { Workbench } from "./workbench.ts";
import { tallyEffect, tallyEvent } from "./tallying.ts";

/** The part of the host that this needs. */
export interface ToldHost extends Workbench {
  hold(reason: HoldReason): void;
  release(reason: HoldReason): void;
  /** It was told an event, and what the machine asked for was done. `wasLinked`: it had not been hibernating. */
  told(step: Step, event: SessionEvent, wasLinked: boolean): void;
  /** Its end is on its way to the disk. */
  finish(): void;
}

export class Telling {
  readonly #host: ToldHost;
  readonly #actor: SessionActor;
  readonly #log: SessionLog;
  readonly #standing: Standing;
  readonly #question = new OpenQuestion();
  #telling = false;
  /** What came up while the machine was being told something. */
  readonly #queue: SessionEvent[] = [];

  constructor(host: ToldHost, parts: { readonly actor: SessionActor; readonly log: SessionLog; readonly standing: Standing }) {
    this.#host = host;
    this.#actor = parts.actor;
    this.#log = parts.log;
    this.#standing = parts.standing;
  }

  /** The machine of a new session begins. */
  start(step: Step): void {
    for (const effect of this.#actor.start()) perform(this.#host, step, effect);
  }

  tell(step: Step, event: SessionEvent): void {
    if (this.#telling) {
      this.#queue.push(event);
      return;
    }
    this.#tellNow(step, event);
    // What came up meanwhile follows in the same step, as its consequence.
    while (this.#queue.length > 0) this.#tellNow(step, this.#queue.shift()!);
    // At its end a session waits for no answer any more.
    if (this.#standing.ending) this.#question.drop();
    step.afterwards(() => {
      if (!this.#question.isOpen) this.#host.release("asking");
    });
  }

  /** See `Workbench.ask`. */
  ask<Value>(
    cause: string,
    asked: Promise<Value>,
    answered: (value: Value, step: Step) => SessionEvent,
    failed: (error: unknown, step: Step) => SessionEvent,
  ): void {
    this.#host.hold("asking");
    this.#question.ask(
      asked,
      (value) => this.#host.tellLater(cause, (step) => answered(value, step)),
      (error) => this.#host.tellLater(cause, (step) => failed(error, step)),
    );
  }

  #tellNow(step: Step, event: SessionEvent): void {
    // A session that has reached its end takes nothing more, also within the step that ended it.
    if (this.#actor.snapshot.status !== "active") return;
    const wasLinked = !this.#standing.hibernating;
    this.#telling = true;
    this.#host.environment.observation.told += 1;
    tallyEvent(this.#host.environment.tally, event);
    try {
      const effects = this.#actor.tell(step, event, this.#extrasOf(event));
      this.#standing.follow(this.#actor.snapshot);
      for (const effect of effects) {
        tallyEffect(this.#host.environment.tally, effect);
        perform(this.#host, step, effect);
      }
    } finally {
      this.#telling = false;
    }
    this.#host.told(step, event, wasLinked);
    if (this.#actor.snapshot.status !== "active") this.#recordEnd(step);
  }

  /** What a session that counts keeps beside its log, so that it can be restored. */
  #extrasOf({ type }: SessionEvent): Pick<NewFact, "contents" | "erases"> {
    const { management, presence } = this.#host;
    if (management.queue === undefined) return {};
    if (type === "presence.changed" && presence !== undefined) {
      return { contents: [{ key: presenceKey, text: serialise(presence, clientNamespace) }] };
    }
    return type === "presence.withdrawn" ? { erases: [presenceKey] } : {};
  }

  #recordEnd(step: Step): void {
    const { context, management } = this.#host;
    const { queue } = management;
    const data = { reason: context.reason ?? "", received: queue?.received ?? null };
    this.#log.recordEnd(step, data, queue === undefined ? {} : { erases: [allContents] });
    step.afterwards(() => this.#host.finish());
  }
}
