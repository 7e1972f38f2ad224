/** One session that is watched, for all the pages that watch it. */
import { recordSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { stateName } from "../../machines/state-name.ts";
import { sessionStream } from "../domain/facts.ts";
import type { HistorySource } from "../history/source.ts";
import type { Log } from "../ports.ts";
import type { Observation, Watched } from "../session/observation.ts";
import type { SessionWatcher, Step } from "../session/watching.ts";
import type { Element } from "../xml/element.ts";
import type { StreamHeader } from "../xml/link.ts";
import type { WatchBegun, WatchItem } from "./protocol.ts";
import { showEvent, showFact } from "./redact-fact.ts";
import { versionBefore } from "./stream-place.ts";
import type { Touch, Touches } from "./touches.ts";
import type { Viewer } from "./viewer.ts";
import { elementCame, endCame, headerCame, textWritten, type Wire } from "./wire.ts";

/** What all watched sessions share. */
export interface Watchtower {
  readonly observation: Observation;
  readonly history: HistorySource;
  readonly bodies: boolean;
  readonly touches: Touches;
  readonly log: Log;
  /** Something waits for a page, or is to be read for it. */
  stirred(): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** It has nothing more to tell this page. `error`: what the page is to be told of that; undefined where the session is closed. */
  ended(watch: SessionWatch, viewer: Viewer, error: string | undefined): void;
}

/** One page that watches. */
interface Follower {
  readonly viewer: Viewer;
  /** It watches those that are new, and did not ask for this one. */
  isNew: boolean;
  /** The last fact that it was told; undefined until it is known where what it watches begins. */
  version: number | undefined;
  /** When it began, ms since 1970. */
  readonly since: number;
  /** There may be facts that it was not told. */
  stale: boolean;
  reading: boolean;
}

export class SessionWatch implements SessionWatcher {
  readonly id: string;
  readonly #tower: Watchtower;
  readonly #followers = new Map<Viewer, Follower>();
  #watched: Watched | undefined;
  #stream: string | null = null;
  /** When it was closed, ms since 1970. */
  #closedAt: number | undefined;

  constructor(id: string, tower: Watchtower) {
    this.id = id;
    this.#tower = tower;
  }

  /** Returns false if no such session lives. */
  begin(): boolean {
    this.#watched = this.#tower.observation.watch(this.id, this);
    this.#stream = this.#watched?.stream ?? null;
    return this.#watched !== undefined;
  }

  get size(): number {
    return this.#followers.size;
  }

  has(viewer: Viewer): boolean {
    return this.#followers.has(viewer);
  }

  /** Whether the page watches it because it is new. */
  isNewTo(viewer: Viewer): boolean {
    return this.#followers.get(viewer)?.isNew === true;
  }

  get viewers(): readonly Viewer[] {
    return [...this.#followers.keys()];
  }

  /**
   * Tells the page how the session is now, and everything from now on; nothing if it watches already, but what it watched as new it
   * watches for itself then. Returns false if the session does not live any more.
   */
  follow(viewer: Viewer, at: number, isNew: boolean): boolean {
    const known = this.#followers.get(viewer);
    if (known !== undefined) {
      known.isNew &&= isNew;
      return true;
    }
    // For the second page that comes, it is another one than at the first one's begin. It stays one watcher: what it is told is told once.
    const now = this.#followers.size === 0 ? this.#watched : this.#tower.observation.watch(this.id, this);
    if (now === undefined) return false;
    this.#followers.set(viewer, { viewer, isNew, version: this.#stream === null ? 0 : undefined, since: at, stale: this.#stream !== null, reading: false });
    const { summary, snapshot, counts, lang } = now;
    const begun: WatchBegun = { type: "watching", at, summary, stream: this.#stream, snapshot: recordSnapshot(snapshot), counts, lang };
    viewer.tell(begun);
    this.#tower.stirred();
    return true;
  }

  leave(viewer: Viewer): void {
    this.#followers.delete(viewer);
    if (this.#followers.size === 0) this.#watched?.stop();
  }

  // What the session tells, within its steps.

  opened(step: Step, header: StreamHeader): void {
    this.#guarded(() => {
      this.#tower.touches.note(step, this);
      this.#wire(step, () => headerCame(header));
    });
  }

  received(step: Step, element: Element): void {
    this.#guarded(() => {
      this.#tower.touches.note(step, this);
      this.#wire(step, () => elementCame(element, this.#tower.bodies));
    });
  }

  ended(step: Step): void {
    this.#guarded(() => {
      this.#tower.touches.note(step, this);
      this.#wire(step, endCame);
    });
  }

  wrote(step: Step, text: string): void {
    this.#guarded(() => this.#wire(step, () => textWritten(text, this.#tower.bodies)));
  }

  told(step: Step, event: SessionEvent, transitions: readonly string[], snapshot: SessionSnapshot): void {
    this.#guarded(() => {
      const { username, host } = snapshot.context;
      if (this.#stream === null && username !== null && host !== null) this.#stream = sessionStream(host, this.id);
      this.#tower.touches.note(step, this);
      this.#tell(() => ({
        session: this.id, at: step.at, kind: "told", step: step.id, event: showEvent(event), state: stateName(snapshot.value), transitions,
      }));
    });
  }

  closed(): void {
    this.#closedAt = this.#tower.now();
    // That is told when its last facts have been read.
    this.stir();
  }

  touched({ at, ...touch }: Touch): void {
    this.#guarded(() => this.#tell(() => ({ session: this.id, at, kind: "touched", ...touch })));
  }

  /** Facts may have been recorded. */
  stir(): void {
    for (const follower of this.#followers.values()) follower.stale = true;
    this.#tower.stirred();
  }

  /** Reads what is new for those who have room for it. Returns whether something is left to be read. */
  read(): boolean {
    let left = false;
    for (const follower of this.#followers.values()) {
      if (!follower.stale) continue;
      left = true;
      if (!follower.reading && follower.viewer.hasRoomForFacts) void this.#read(follower);
    }
    return left;
  }

  #wire(step: Step, wire: () => Wire): void {
    this.#tell(() => ({ session: this.id, at: step.at, kind: "wire", step: step.id, ...wire() }));
  }

  /** Made once for all, and not at all where nobody has room for it. */
  #tell(make: () => WatchItem): void {
    let item: string | undefined;
    for (const { viewer } of this.#followers.values()) {
      if (viewer.hasRoom) viewer.offer((item ??= JSON.stringify(make())));
      else viewer.miss();
    }
    this.stir();
  }

  async #read(follower: Follower): Promise<void> {
    follower.reading = true;
    follower.stale = false;
    // It counts what was recorded until now: of a session that is closed nothing follows.
    const closedAt = this.#closedAt;
    let complete: boolean;
    try {
      complete = await this.#readFacts(follower);
    } catch (error) {
      // The store failed: its epoch is over, and all watching with it.
      this.#tower.log.debug({ event: "inspector.unread", err: error, session: this.id }, "facts of a watched session could not be read");
      complete = true;
    }
    follower.reading = false;
    if (closedAt !== undefined && this.#isFollowing(follower)) {
      const closed: WatchItem = { session: this.id, at: closedAt, kind: "closed" };
      if (complete && follower.viewer.offerFact(JSON.stringify(closed))) this.#tower.ended(this, follower.viewer, undefined);
      else follower.stale = true;
    }
    this.#tower.stirred();
  }

  /** Returns false if there was no room for all. */
  async #readFacts(follower: Follower): Promise<boolean> {
    const { observation, history, bodies } = this.#tower;
    await observation.settled();
    const stream = this.#stream;
    if (stream === null) return true;
    while (this.#isFollowing(follower)) {
      follower.version ??= await versionBefore(history, stream, follower.since - marginMs);
      const page = await history.streamFacts(stream, follower.version);
      if (page.length === 0) break;
      for (const fact of page) {
        if (!this.#isFollowing(follower)) return true;
        const item: WatchItem = { session: this.id, at: fact.at, kind: "fact", fact: showFact(fact, bodies) };
        if (!follower.viewer.offerFact(JSON.stringify(item))) {
          follower.stale = true;
          return false;
        }
        follower.version = fact.version;
      }
    }
    return true;
  }

  #isFollowing(follower: Follower): boolean {
    return this.#followers.get(follower.viewer) === follower;
  }

  /** What goes wrong here ends the watching, never the session. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#tower.log.warn({ event: "inspector.failed", err: error, session: this.id }, "watching a session met an error and ends");
      for (const viewer of this.viewers) this.#tower.ended(this, viewer, "watching it met an error; see the server's log");
    }
  }
}

/** A fact that was recorded before, and was durable only after a page had read the log, is told again rather than not at all. */
const marginMs = 1_000;
