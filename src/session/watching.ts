/** Watching one session: whoever wants to see what it is told, what comes over its link and what leaves. One that nobody watches tells nothing. */
import type { SessionEvent } from "../../machines/session-events.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { StreamHeader } from "../xml/link.ts";

export type { Step };

/** Called synchronously and in order, within the step. What it throws ends the watching, never the session. */
export interface SessionWatcher {
  /** The client's stream header. */
  opened(step: Step, header: StreamHeader): void;
  /** A first-level element of the client, before anything follows from it. */
  received(step: Step, element: Element): void;
  /** The client's end tag. */
  ended(step: Step): void;
  /** What is put into the outbox: a header, an end tag, or one first-level element. It leaves when what it rests on is durable. */
  wrote(step: Step, text: string): void;
  /** The machine was told an event and took these transitions (`transitionId`), none if it has no answer. */
  told(step: Step, event: SessionEvent, transitions: readonly string[], snapshot: SessionSnapshot): void;
  /** Nothing follows: nothing is left of the session but its log. */
  closed(): void;
}

export class Watching {
  readonly #watchers = new Set<SessionWatcher>();
  readonly #onError: (error: unknown) => void;

  /** `onError` is told what a watcher threw; it is a watcher no more then. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#watchers.size;
  }

  add(watcher: SessionWatcher): void {
    this.#watchers.add(watcher);
  }

  remove(watcher: SessionWatcher): void {
    this.#watchers.delete(watcher);
  }

  tell(what: (watcher: SessionWatcher) => void): void {
    for (const watcher of this.#watchers) {
      try {
        what(watcher);
      } catch (error) {
        this.#watchers.delete(watcher);
        this.#onError(error);
      }
    }
  }
}
