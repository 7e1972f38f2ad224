/** Sessions for Stately's inspector (`/inspect/stately`): one that lives, one of the log, or all that live and begin, as far as there is room. */
import {
  inspectorBatchMs, inspectorQueueCharsMax, inspectorUnsentBytesMax, inspectorViewersMax, statelySessionsMax,
} from "../domain/limits.ts";
import type { SessionSummary } from "../domain/session-summary.ts";
import { stepOfFact } from "../history/export/life.ts";
import { factPages, type HistorySource, type SessionRow } from "../history/source.ts";
import { findSession, idCharsMin, sessionName, streamOf } from "../history/subject.ts";
import type { TextSocket } from "../net/text-socket.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock, Log, Timer } from "../ports.ts";
import type { Observation, Watched } from "../session/observation.ts";
import { actorFrame, StatelyTale, toldFrames } from "./stately.ts";

export interface StatelyFeedOptions {
  readonly refused?: CountRefusal | undefined;
  /** What can be seen of the sessions that live: another one in each epoch, undefined where nothing lives. */
  readonly observation: () => Observation | undefined;
  readonly history: HistorySource;
  readonly clock: Clock;
  readonly log: Log;
}

export class StatelyFeed {
  readonly #options: StatelyFeedOptions;
  readonly #viewers = new Set<StatelyViewer>();
  #closed = false;

  constructor(options: StatelyFeedOptions) {
    this.#options = options;
  }

  /** `session` in the query: an id, six characters of its begin, or a JID; without it all sessions. What comes is ignored. */
  serve(socket: TextSocket, query: URLSearchParams): void {
    const viewer = new StatelyViewer(socket, this.#options);
    socket.start({
      text: () => undefined,
      closed: () => {
        this.#viewers.delete(viewer);
        viewer.end();
      },
    });
    if (this.#closed) return viewer.end(1001, "the server stops");
    if (this.#viewers.size >= inspectorViewersMax) this.#options.refused?.("inspectorViewersMax");
    if (this.#viewers.size >= inspectorViewersMax) return viewer.end(1013, `${inspectorViewersMax} viewers are here already: close one of them`);
    this.#viewers.add(viewer);
    const wanted = query.get("session");
    if (wanted === null || wanted === "") viewer.showAll();
    else void viewer.show(wanted);
  }

  /** What was watched is gone with the store that failed: whoever comes again is told of what lives then. */
  newEpoch(): void {
    for (const viewer of this.#viewers) viewer.end(1012, "the store was opened again: come again");
  }

  /** Every viewer is let go. Can be called again. */
  close(): void {
    this.#closed = true;
    for (const viewer of this.#viewers) viewer.end(1001, "the server stops");
  }
}

/** One who looks. */
class StatelyViewer {
  readonly #socket: TextSocket;
  readonly #options: StatelyFeedOptions;
  readonly #watched = new Map<string, Watched>();
  #queue: string[] = [];
  #chars = 0;
  /** The last of what there was no room for, by session: what is true of it now is told in the end. */
  readonly #missed = new Map<string, readonly string[]>();
  #dropped = 0;
  #left = 0;
  #flusher: Timer | undefined;
  #unsubscribe: (() => void) | undefined;
  /** It goes when all is sent. */
  #over: { readonly code: number; readonly why: string } | undefined;
  #ended = false;

  constructor(socket: TextSocket, options: StatelyFeedOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Those that live, the newest as far as there is room, and those that begin from now on. */
  showAll(): void {
    const observation = this.#options.observation();
    if (observation === undefined) return this.end(1013, "no session lives here: ask for one of the log with ?session=");
    const all = [...observation.summaries()].toSorted((a, b) => b.since - a.since);
    for (const { id } of all.slice(0, statelySessionsMax)) this.#watch(observation, id);
    if (all.length > statelySessionsMax) this.#leaveOut(all.length - statelySessionsMax);
    this.#unsubscribe = observation.watchBegins(({ id }) => this.#begun(observation, id));
    this.#options.log.info({ event: "inspector.watched-new", by: this.#socket.remoteAddress }, "a viewer of the official protocol watches all sessions");
  }

  /** Within the steps of sessions, which this must never disturb. */
  #begun(observation: Observation, id: string): void {
    try {
      if (this.#watched.size < statelySessionsMax) this.#watch(observation, id);
      else this.#leaveOut(1);
    } catch (error) {
      this.#options.log.warn({ event: "inspector.failed", err: error, session: id }, "a viewer of the official protocol met an error and is closed");
      this.end(1011, "the server met an error; see its log");
    }
  }

  /** One session: as it lives, or from the log. */
  async show(wanted: string): Promise<void> {
    const observation = this.#options.observation();
    try {
      const live = observation === undefined ? undefined : findLiving(observation, wanted);
      if (observation !== undefined && live !== undefined && this.#watch(observation, live.id, true)) return;
      const row = await findSession(this.#options.history, wanted);
      await this.#recite(row);
      this.#finish(1000, "that was all of it");
    } catch (error) {
      this.#options.log.debug({ event: "inspector.unanswered", err: error }, "a session for Stately's inspector could not be told");
      this.#finish(1008, error instanceof Error ? error.message : String(error));
    }
  }

  /** Nothing more is told. With a code the socket is closed, too. */
  end(code?: number, why = ""): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#flusher?.cancel();
    this.#unsubscribe?.();
    for (const watched of this.#watched.values()) watched.stop();
    this.#watched.clear();
    this.#queue = [];
    this.#missed.clear();
    if (this.#dropped > 0) {
      this.#options.log.warn({ event: "inspector.dropped", dropped: this.#dropped }, "a viewer of the official protocol did not keep up: some of what it was to be told was dropped");
    }
    if (code !== undefined) this.#socket.close(code, reasonText(why));
  }

  /** `alone`: nothing else is watched, so that its end is the end. Returns whether it lives. */
  #watch(observation: Observation, id: string, alone = false): boolean {
    const watched = observation.watch(id, {
      opened: () => undefined,
      received: () => undefined,
      ended: () => undefined,
      wrote: () => undefined,
      told: (step, event, _transitions, snapshot) => this.#offer(id, toldFrames(id, event, snapshot, step.at)),
      closed: () => {
        this.#watched.delete(id);
        this.#settleMissed();
        if (alone) this.#finish(1000, "the session is over");
      },
    });
    if (watched === undefined) return false;
    this.#watched.set(id, watched);
    const { summary, snapshot } = watched;
    this.#offer(id, [actorFrame({ id, name: summary.jid ?? `session ${id}` }, snapshot, this.#options.clock.now())]);
    if (alone) this.#options.log.info({ event: "inspector.watched", session: id, by: this.#socket.remoteAddress }, "a viewer of the official protocol watches a session");
    return true;
  }

  /** As fast as it is taken: nothing of what lies in the log has to be dropped. */
  async #recite(row: SessionRow): Promise<void> {
    const tale = new StatelyTale({ id: row.id, name: sessionName(row) });
    let version = 0;
    for await (const page of factPages(this.#options.history, streamOf(row))) {
      for (const fact of page) {
        for (const frame of tale.frames(stepOfFact(fact, fact.version === version + 1))) this.#socket.send(frame);
        version = fact.version;
      }
      while (this.#isClogged && !this.#ended) await this.#pause();
      if (this.#ended) return;
    }
  }

  #pause(): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => clock.at(clock.now() + inspectorBatchMs, resolve));
  }

  get #isClogged(): boolean {
    return this.#socket.bufferedBytes > inspectorUnsentBytesMax;
  }

  /** All of them or none: an event goes with what came of it. */
  #offer(id: string, frames: readonly string[]): void {
    if (this.#ended) return;
    const missed = this.#missed.get(id);
    const chars = charsOf(frames);
    if (missed !== undefined || (this.#queue.length > 0 && this.#chars + chars > inspectorQueueCharsMax)) {
      // Who was never introduced is so then, before anything is said of it.
      const [first] = missed ?? [];
      const introduced = first?.startsWith(introduction) === true ? [first, ...frames] : frames;
      this.#missed.set(id, introduced);
      this.#dropped += (missed?.length ?? 0) - (introduced.length - frames.length);
      return;
    }
    this.#push(frames, chars);
    this.#stir();
  }

  /**
   * What was missed of sessions that are over is told as far as the viewer knows them, and of the last ones alone: others begin and end
   * meanwhile, however many.
   */
  #settleMissed(): void {
    const over = [...this.#missed].filter(([id]) => !this.#watched.has(id));
    const unknown = over.filter(([, [first]]) => first?.startsWith(introduction) === true);
    const known = over.filter((one) => !unknown.includes(one));
    for (const [id, frames] of [...unknown, ...known.slice(0, -statelySessionsMax)]) {
      this.#missed.delete(id);
      this.#dropped += frames.length;
    }
  }

  #push(frames: readonly string[], chars: number): void {
    this.#queue.push(...frames);
    this.#chars += chars;
  }

  #stir(): void {
    const { clock } = this.#options;
    this.#flusher ??= clock.at(clock.now() + inspectorBatchMs, () => {
      this.#flusher = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    let sent = 0;
    for (; sent < this.#queue.length && !this.#isClogged; sent += 1) this.#socket.send(this.#queue[sent]!);
    this.#chars -= charsOf(this.#queue.splice(0, sent));
    if (this.#queue.length === 0) {
      for (const frames of this.#missed.values()) this.#push(frames, charsOf(frames));
      this.#missed.clear();
    }
    if (this.#queue.length > 0) this.#stir();
    else if (this.#over !== undefined) this.end(this.#over.code, this.#over.why);
  }

  #finish(code: number, why: string): void {
    if (this.#ended) return;
    this.#over = { code, why };
    this.#stir();
  }

  /** Said once, and then not again for each. */
  #leaveOut(count: number): void {
    this.#left += count;
    if (this.#left > count) return;
    this.#options.log.info(
      { event: "inspector.left-out", count, max: statelySessionsMax },
      `a viewer of the official protocol is told of ${statelySessionsMax} sessions and no more; ask for one with ?session=`,
    );
  }
}

const introduction = `{"type":"@xstate.actor"`;

function charsOf(frames: readonly string[]): number {
  return frames.reduce((sum, { length }) => sum + length, 0);
}

function findLiving(observation: Observation, wanted: string): SessionSummary | undefined {
  const found: SessionSummary[] = [];
  for (const summary of observation.summaries()) {
    if (summary.id === wanted || summary.jid === wanted) return summary;
    if (wanted.includes("@") ? summary.jid?.startsWith(`${wanted}/`) === true : wanted.length >= idCharsMin && summary.id.startsWith(wanted)) found.push(summary);
  }
  // Of several the log can say which they are.
  return found.length === 1 ? found[0] : undefined;
}

/** RFC 6455 section 5.5: a control frame has at most 125 bytes, two of them the code. */
function reasonText(why: string): string {
  const bytes = new TextEncoder().encode(why.split("\n")[0]);
  return bytes.length <= 123 ? why.split("\n")[0]! : new TextDecoder().decode(bytes.slice(0, 119)).replace(/\uFFFD+$/, "") + "…";
}
