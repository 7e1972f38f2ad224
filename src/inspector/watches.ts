/** Which sessions are watched, and by which pages; and what is attached to the epoch's sessions for that. */
import { inspectorFactsMs, inspectorNewWatchedMax, inspectorWatchedMax } from "../domain/limits.ts";
import type { HistorySource } from "../history/source.ts";
import type { Clock, Log, Timer } from "../ports.ts";
import type { Observation } from "../session/observation.ts";
import { Touches } from "./touches.ts";
import type { Viewer } from "./viewer.ts";
import { SessionWatch, type Watchtower } from "./watch.ts";

export interface WatchesOptions {
  readonly history: HistorySource;
  /** Whether people's words are shown. */
  readonly bodies: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Those that are open. */
  readonly viewers: Iterable<Viewer>;
  /** Something waits for a page, or is to be read for it. */
  readonly stirred: () => void;
}

export class Watches {
  readonly #options: WatchesOptions;
  readonly #watches = new Map<string, SessionWatch>();
  readonly #touches = new Touches();
  #observation: Observation | undefined;
  /** Ends hearing of sessions that begin, and of deliveries. */
  #unhear: (() => void) | undefined;
  #unfollow: (() => void) | undefined;
  #poller: Timer | undefined;

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  /** From now on the sessions of this epoch. Those of the one before are watched no more. */
  observe(observation: Observation | undefined): void {
    for (const watch of this.#watches.values()) for (const viewer of watch.viewers) this.#leave(watch, viewer);
    this.#detach();
    this.#observation = observation;
    this.arrange();
  }

  /** The page asks for this session. Returns why it is refused; undefined if it is not. */
  watch(viewer: Viewer, session: string): string | undefined {
    const own = [...this.#watches.values()].filter((watch) => watch.has(viewer) && !watch.isNewTo(viewer));
    if (own.some(({ id }) => id === session)) return undefined;
    if (own.length >= inspectorWatchedMax) return `${inspectorWatchedMax} sessions are watched already: leave one of them`;
    if (this.#observation === undefined) return "the store failed and is being opened again; try again in a moment";
    return this.#follow(this.#observation, viewer, session, false) ? undefined : "no such session lives; look for it in the log";
  }

  unwatch(viewer: Viewer, session: string): void {
    const watch = this.#watches.get(session);
    if (watch !== undefined) this.#leave(watch, viewer);
  }

  unwatchAll(viewer: Viewer): void {
    for (const watch of this.#watches.values()) this.#leave(watch, viewer);
  }

  /** Asks for what is new where there is room for it. Returns whether something is left. */
  read(): boolean {
    let left = false;
    for (const watch of this.#watches.values()) left = watch.read() || left;
    return left;
  }

  /** Attaches what somebody wants, and nothing else. */
  arrange(): void {
    const { clock, viewers } = this.#options;
    const observation = this.#observation;
    if (![...viewers].some(({ watchesNew }) => watchesNew)) this.#unhear = void this.#unhear?.();
    else this.#unhear ??= observation?.watchBegins(({ id }) => this.#safely(() => this.#begun(observation, id)));
    if (this.#watches.size === 0) {
      this.#unfollow = void this.#unfollow?.();
      this.#poller = void this.#poller?.cancel();
      this.#touches.clear();
      return;
    }
    this.#unfollow ??= observation?.watchDeliveries((to, step, element) => this.#safely(() => {
      this.#touches.delivered(to, step, element);
      // Also where it has no link and nothing is written.
      this.#watches.get(to.id)?.stir();
    }));
    // Now and then a fact is recorded that nothing has announced.
    this.#poller ??= clock.at(clock.now() + inspectorFactsMs, () => {
      this.#poller = undefined;
      for (const watch of this.#watches.values()) watch.stir();
      this.arrange();
    });
  }

  /** A session begins. Those who watch new ones let go of the oldest of them. */
  #begun(observation: Observation, session: string): void {
    for (const viewer of this.#options.viewers) {
      if (!viewer.watchesNew) continue;
      // Who does not keep up misses it: strangers choose how many sessions begin.
      if (viewer.clogged) {
        viewer.miss();
        this.#options.stirred();
        continue;
      }
      const [oldest, ...others] = [...this.#watches.values()].filter((watch) => watch.isNewTo(viewer));
      if (oldest !== undefined && others.length + 1 >= inspectorNewWatchedMax) {
        this.#leave(oldest, viewer);
        viewer.tell({ type: "watch-refused", session: oldest.id, why: `of the new sessions the last ${inspectorNewWatchedMax} are watched` });
      }
      this.#follow(observation, viewer, session, true);
    }
  }

  /** Returns false if no such session lives. */
  #follow(observation: Observation, viewer: Viewer, session: string, isNew: boolean): boolean {
    const { clock, log } = this.#options;
    let watch = this.#watches.get(session);
    const knew = watch?.has(viewer) === true && !watch.isNewTo(viewer);
    if (watch === undefined) {
      watch = new SessionWatch(session, this.#tower(observation));
      if (!watch.begin()) return false;
      this.#watches.set(session, watch);
    }
    if (!watch.follow(viewer, clock.now(), isNew)) return false;
    if (!knew && !isNew) log.info({ event: "inspector.watched", session, by: viewer.address }, "the inspector watches a session");
    this.arrange();
    return true;
  }

  #leave(watch: SessionWatch, viewer: Viewer): void {
    if (!watch.has(viewer)) return;
    const isNew = watch.isNewTo(viewer);
    watch.leave(viewer);
    if (watch.size === 0 && this.#watches.get(watch.id) === watch) this.#watches.delete(watch.id);
    if (!isNew) this.#options.log.info({ event: "inspector.unwatched", session: watch.id, by: viewer.address }, "the inspector watches a session no more");
    this.arrange();
  }

  #tower(observation: Observation): Watchtower {
    const { history, bodies, log, clock, stirred } = this.#options;
    return {
      observation, history, bodies, log, stirred,
      touches: this.#touches,
      now: () => clock.now(),
      ended: (watch, viewer, error) => {
        this.#leave(watch, viewer);
        if (error !== undefined) viewer.tell({ type: "watch-refused", session: watch.id, why: error });
      },
    };
  }

  #detach(): void {
    this.#unhear = void this.#unhear?.();
    this.#unfollow = void this.#unfollow?.();
  }

  /** Within the steps of sessions, which this must never disturb. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.warn({ event: "inspector.failed", err: error }, "the inspector met an error");
    }
  }
}
