/**
 * The server's half of the inspector: what pages are told of sessions. Nobody's looking costs anything: while no page is open there
 * are no timers and nothing is attached to any session.
 */
import { inspectorBatchMs, inspectorListMs, inspectorQuestionsMax, inspectorViewersMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { HistorySource, SessionRow } from "../history/source.ts";
import type { TextSocket } from "../net/text-socket.ts";
import type { Clock, Log, Timer } from "../ports.ts";
import type { Observation } from "../session/observation.ts";
import { listFrames, SessionList } from "./list.ts";
import type { FromPage, Question } from "./protocol.ts";
import { answer } from "./questions.ts";
import { checkMessage } from "./requests.ts";
import { RunningTotals } from "./running-totals.ts";
import { Viewer } from "./viewer.ts";
import { Watches } from "./watches.ts";

export interface FeedOptions {
  readonly refused?: CountRefusal | undefined;
  /** What can be seen of the sessions that live: another one in each epoch, undefined between two and where nothing lives. */
  readonly observation: () => Observation | undefined;
  readonly history: HistorySource;
  /** The configured domains, prepared. */
  readonly hosts: readonly string[];
  readonly software: string;
  readonly version: string;
  /** Whether people's words are shown (`--inspect-bodies`). */
  readonly bodies: boolean;
  /** false: recorded sessions only. */
  readonly live: boolean;
  /** Whether the page can be a client, too. Default: false. */
  readonly chat?: boolean;
  /** What was opened by name. */
  readonly opened?: readonly SessionRow[];
  /** Messages (`FromServer`) that each page is told after its greeting: what was seen of the session that was opened, and is in no log. */
  readonly recorded?: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #watches: Watches;
  readonly #list = new SessionList();
  readonly #totals = new RunningTotals();
  /** That of the epoch in which sessions are watched and listed. */
  #observation: Observation | undefined;
  /** Pages saw another epoch, or wait for the first one. */
  #awaitsEpoch = false;
  #ticker: Timer | undefined;
  #flusher: Timer | undefined;
  #answered: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: FeedOptions) {
    const { history, bodies, clock, log } = (this.#options = options);
    this.#watches = new Watches({ history, bodies, clock, log, viewers: this.#viewers, stirred: () => this.#stirred() });
    this.#totals.follow(options.observation());
  }

  /** A page was opened. It is told what there is until it, or the feed, is closed. */
  serve(socket: TextSocket): void {
    const viewer = new Viewer(socket, this.#options.clock);
    socket.start({
      text: (text) => this.#heard(viewer, text),
      closed: () => this.#drop(viewer),
    });
    if (this.#closed) return viewer.close(1001, "the server stops");
    if (this.#viewers.size >= inspectorViewersMax) this.#options.refused?.("inspectorViewersMax");
    if (this.#viewers.size >= inspectorViewersMax) return viewer.close(1013, `${inspectorViewersMax} pages are open already: close one of them`);
    this.#viewers.add(viewer);
    const { software, version, hosts, bodies, live, chat = false, opened = [], recorded = [], clock } = this.#options;
    viewer.tell({ type: "hello", software, version, hosts, bodies, live, chat, opened, at: clock.now() });
    for (const frame of recorded) viewer.send(frame);
  }

  /** The store failed, or was opened again. */
  newEpoch(): void {
    this.#totals.follow(this.#options.observation());
    if (this.#viewers.size > 0) this.#sync();
    this.#arrange();
  }

  /** Every page is closed. Can be called again. */
  close(): void {
    this.#closed = true;
    for (const viewer of this.#viewers) {
      viewer.close(1001, "the server stops");
      this.#drop(viewer);
    }
  }

  #heard(viewer: Viewer, text: string): void {
    if (viewer.closed) return;
    const checked = checkMessage(text);
    const wrong = viewer.heard() ? "messages come too fast" : "wrong" in checked ? checked.wrong : undefined;
    if (wrong !== undefined || "wrong" in checked) {
      viewer.close(1008, wrong?.slice(0, closeReasonCharsMax));
      return this.#drop(viewer);
    }
    try {
      this.#do(viewer, checked.message);
      if (viewer.waits) this.#stirred();
    } catch (error) {
      this.#options.log.error({ event: "inspector.failed", err: error }, "a page of the inspector met an error and is closed");
      viewer.close(1011, "the server met an error; see its log");
      this.#drop(viewer);
    }
  }

  #do(viewer: Viewer, message: FromPage): void {
    switch (message.type) {
      case "list":
        viewer.list = message.on ? "behind" : "off";
        // The first one comes at once.
        if (message.on) this.#tick();
        return this.#arrange();
      case "watch-new":
        return this.#watchNew(viewer, message.on && this.#options.live);
      case "watch":
        return this.#watch(viewer, message.session);
      case "unwatch":
        return this.#watches.unwatch(viewer, message.session);
      case "ask":
        void this.#answer(viewer, message.id, message.question);
    }
  }

  /** Each of them is not said: how many there are is for strangers to choose. */
  #watchNew(viewer: Viewer, on: boolean): void {
    if (viewer.watchesNew !== on) this.#noteNew(viewer, on);
    viewer.watchesNew = on;
    this.#sync();
    this.#arrange();
  }

  #noteNew(viewer: Viewer, on: boolean): void {
    const [event, more] = on ? ["inspector.watched-new", ""] : ["inspector.unwatched-new", " no more"];
    this.#options.log.info({ event, by: viewer.address }, `the inspector watches sessions that begin${more}`);
  }

  #watch(viewer: Viewer, session: string): void {
    this.#sync();
    const why = this.#options.live ? this.#watches.watch(viewer, session) : "nothing lives here: recorded sessions are looked at in the log";
    if (why !== undefined) viewer.tell({ type: "watch-refused", session, why });
  }

  // What is asked.

  async #answer(viewer: Viewer, id: number, question: Question): Promise<void> {
    const { history, hosts, bodies, log } = this.#options;
    if (viewer.questions >= inspectorQuestionsMax) {
      return viewer.tell({ type: "answer", id, error: `${inspectorQuestionsMax} questions wait for an answer: ask again when one has come` });
    }
    viewer.questions += 1;
    try {
      const settled = async (): Promise<void> => this.#options.observation()?.settled();
      const ask = (): Promise<unknown> => answer({ history, hosts, bodies, settled }, question);
      viewer.tell({ type: "answer", id, result: await (question.kind === "related" ? this.#oneAtATime(ask) : ask()) });
    } catch (error) {
      log.debug({ event: "inspector.unanswered", err: error, question: question.kind }, "a question of the inspector could not be answered");
      viewer.tell({ type: "answer", id, error: error instanceof Error ? error.message : String(error) });
    } finally {
      viewer.questions -= 1;
      if (viewer.waits) this.#stirred();
    }
  }

  /** For what reads much of the log: memory holds that for one page at a time. */
  #oneAtATime<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const answered = this.#answered.then(ask);
    this.#answered = answered.then(() => undefined, () => undefined);
    return answered;
  }

  // Epochs.

  /** What can be seen now. Where it is another epoch than before, everything begins anew. */
  #sync(): Observation | undefined {
    const now = this.#options.observation();
    const before = this.#observation;
    if (now === before && !(now !== undefined && this.#awaitsEpoch)) return now;
    this.#observation = now;
    if (before !== now) this.#watches.observe(now);
    if (before !== undefined && before !== now) {
      this.#awaitsEpoch = true;
      this.#list.clear();
      for (const viewer of this.#viewers) {
        viewer.clear();
        if (viewer.list === "follows") viewer.list = "behind";
      }
    }
    if (now !== undefined && this.#awaitsEpoch) {
      this.#awaitsEpoch = false;
      for (const viewer of this.#viewers) viewer.tell({ type: "epoch" });
    }
    return now;
  }

  /** Begins what somebody wants, and ends what nobody does. */
  #arrange(): void {
    const { clock } = this.#options;
    const viewers = [...this.#viewers];
    this.#watches.arrange();
    // Who wants to see new sessions waits for the epoch that they are in.
    if (this.#observation === undefined && viewers.some(({ watchesNew }) => watchesNew)) this.#awaitsEpoch = true;
    if (viewers.some(({ list }) => list !== "off") || (this.#awaitsEpoch && viewers.length > 0)) {
      this.#ticker ??= clock.at(clock.now() + inspectorListMs, () => {
        this.#ticker = undefined;
        this.#tick();
        this.#arrange();
      });
      return;
    }
    this.#ticker = void this.#ticker?.cancel();
    this.#list.clear();
  }

  // What is told.

  /** Tells the list, as far as it has changed, to those who want it. */
  #tick(): void {
    const observation = this.#sync();
    const viewers = [...this.#viewers].filter(({ list }) => list !== "off");
    if (viewers.length === 0) return;
    const at = this.#options.clock.now();
    const { changed, gone } = this.#list.update(observation?.summaries() ?? []);
    const later = listFrames(at, false, changed, gone);
    const ready = viewers.filter(({ clogged }) => !clogged);
    const whole = ready.some(({ list }) => list === "behind") ? listFrames(at, true, this.#list.rows, []) : [];
    const totals = JSON.stringify({ type: "totals", at, ...this.#totals.now(observation) });
    for (const viewer of viewers) {
      if (viewer.clogged) {
        // What it misses it is told with all the rest.
        viewer.list = "behind";
        continue;
      }
      for (const frame of viewer.list === "behind" ? whole : later) viewer.send(frame);
      viewer.list = "follows";
      viewer.send(totals);
    }
  }

  #stirred(): void {
    const { clock } = this.#options;
    this.#flusher ??= clock.at(clock.now() + inspectorBatchMs, () => {
      this.#flusher = undefined;
      let left = this.#watches.read();
      for (const viewer of this.#viewers) {
        viewer.flush();
        left ||= viewer.waits;
      }
      if (left) this.#stirred();
    });
  }

  /** A page is closed. */
  #drop(viewer: Viewer): void {
    viewer.close();
    if (!this.#viewers.delete(viewer)) return;
    if (viewer.watchesNew) this.#noteNew(viewer, false);
    this.#watches.unwatchAll(viewer);
    this.#arrange();
    if (this.#viewers.size > 0) return;
    // Nothing of an epoch that may end is kept.
    this.#flusher = void this.#flusher?.cancel();
    this.#watches.observe(undefined);
    this.#observation = undefined;
    this.#awaitsEpoch = false;
  }
}

/** RFC 6455 section 5.5: a control frame has at most 125 bytes, two of them the code. */
const closeReasonCharsMax = 123;
