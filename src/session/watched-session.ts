/** The watchers of one session, while there are any: until then, and afterwards, nothing is told and its machine is observed by nobody. */
import type { SessionActor } from "./actor.ts";
import { Watching, type SessionWatcher } from "./watching.ts";

export class WatchedSession {
  readonly #actor: SessionActor;
  readonly #onError: (error: unknown) => void;
  #watching: Watching | undefined;

  /** `onError` is told what a watcher threw; it is a watcher no more then. */
  constructor(actor: SessionActor, onError: (error: unknown) => void) {
    this.#actor = actor;
    this.#onError = onError;
  }

  tell(what: (watcher: SessionWatcher) => void): void {
    this.#watching?.tell(what);
  }

  /** From now on, until what is returned is called. */
  add(watcher: SessionWatcher): () => void {
    const watching = (this.#watching ??= new Watching((error) => {
      this.#onError(error);
      this.#endOf(watching);
    }));
    watching.add(watcher);
    this.#actor.observe((step, event, transitions, snapshot) => {
      watching.tell((one) => one.told(step, event, transitions, snapshot));
    });
    return () => {
      watching.remove(watcher);
      this.#endOf(watching);
    };
  }

  /** Nobody is left: nothing is told any more. */
  #endOf(watching: Watching): void {
    if (watching.size > 0 || this.#watching !== watching) return;
    this.#watching = undefined;
    this.#actor.observe(undefined);
  }
}
