/** What the page knows, kept up to date with its server, and what people do in it. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { SessionSummary } from "../../domain/session-summary.ts";
import type { SessionRow } from "../../history/source.ts";
import type { FromServer, Hello, WatchItem } from "../../inspector/protocol.ts";
import type { StoredFact } from "../../ports.ts";
import { shortened, visible } from "../text.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import type { Entry, Route, Store, Totals } from "./contract.ts";
import { type Kept, KeptRecordings } from "./kept-recordings.ts";
import type { LiveRecording, Mark } from "./recording.ts";
import { fragmentOf, routeOf, tokenIn } from "./route.ts";

/** The fragment of the page's address. */
export interface AddressBar {
  /** `#/sessions`, or empty. */
  fragment(): string;
  /** In place of the one that is there, which no way leads back to. */
  replace(fragment: string): void;
  push(fragment: string): void;
  /** Back, forward, or another one typed in. */
  onChanged(changed: () => void): void;
}

export interface StoreParts extends ConnectionParts {
  readonly address: AddressBar;
}

/** One a second. */
const totalsMax = 120;

/** Connects at once. */
export function createStore(parts: StoreParts): Store {
  return new PageStore(parts);
}

class PageStore implements Store {
  readonly hello = signal<Hello | undefined>(undefined);
  readonly sessions = signal<ReadonlyMap<string, SessionSummary>>(new Map());
  readonly totals = signal<readonly Totals[]>([]);
  readonly dropped = signal(0);
  readonly recording = signal<LiveRecording | undefined>(undefined);
  readonly revision = signal(0);
  readonly place = signal<number | "last">("last");
  readonly mark = signal<number | undefined>(undefined);
  readonly watchNew = signal(false);
  readonly route;
  readonly connection;
  readonly problem;
  readonly moment;
  readonly #parts: StoreParts;
  readonly #connection: Connection;
  readonly #kept = new KeptRecordings();
  readonly #sessionProblem = signal("");
  /** How far the server's clock is ahead of the browser's, ms. */
  #ahead = 0;
  #chosen: string | undefined;
  /** The sessions that this page watches by name. */
  readonly #asked = new Set<string>();
  /** Follow the entries at `place` and `mark`. */
  #placeMark: Mark | undefined;
  #markMark: Mark | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    const { address } = parts;
    this.#connection = new Connection(parts, (message) => batch(() => this.#heard(message)));
    this.connection = this.#connection.state;
    this.problem = computed(() => this.#connection.problem.value || this.#sessionProblem.value);
    const token = tokenIn(address.fragment());
    this.route = signal<Route>(token === undefined ? routeOf(address.fragment()) : { view: "overview" });
    // A token is not to stay in the history of the browser.
    if (token !== undefined) address.replace("#/");
    this.moment = computed(() => {
      const [recording, place] = [this.recording.value, this.place.value];
      // Read for what depends on it: the recording is the same object after each change.
      void this.revision.value;
      if (recording === undefined || recording.entries.length === 0) return undefined;
      return recording.momentAt(place === "last" ? recording.entries.length - 1 : place);
    });
    effect(() => this.#follow());
    effect(() => {
      const route = this.route.value;
      untracked(() => this.#go(route));
    });
    effect(() => {
      this.#connection.send({ type: "watch-new", on: this.watchNew.value });
    });
    address.onChanged(() => this.#addressChanged());
    void this.#connection.start(token);
  }

  find(text: string): Promise<readonly SessionRow[]> {
    return this.#connection.ask({ kind: "find", text }) as Promise<readonly SessionRow[]>;
  }

  async related({ index, step }: Entry): Promise<readonly StoredFact[]> {
    const { entries } = this.recording.value ?? { entries: [] };
    // What is not in the log lies near what is.
    const position = entries.slice(0, index + 1).findLast((entry) => entry.position !== null)?.position;
    if (step === "" || position === undefined || position === null) return [];
    return (await this.#connection.ask({ kind: "related", position, step })) as readonly StoredFact[];
  }

  now(): number {
    return this.#parts.clock.now() + this.#ahead;
  }

  #heard(message: FromServer): void {
    switch (message.type) {
      case "hello":
        return this.#greeted(message);
      case "list": {
        const sessions = new Map(message.whole ? [] : this.sessions.value);
        for (const id of message.gone) sessions.delete(id);
        for (const summary of message.changed) sessions.set(summary.id, summary);
        this.sessions.value = sessions;
        return;
      }
      case "totals": {
        const { at, sessions, told, loginFailures } = message;
        this.totals.value = [...this.totals.value, { at, sessions, told, loginFailures }].slice(-totalsMax);
        return;
      }
      case "watching": {
        const { id } = message.summary;
        const kept = this.#kept.get(id) ?? this.#kept.add(id, !this.#asked.has(id));
        kept.watched = true;
        kept.recording.begin(message);
        this.#shed();
        if (id !== this.#chosen) return;
        this.#show(kept);
        if (message.stream !== null) void this.#read(kept, message.stream);
        return;
      }
      case "watch-refused":
        return this.#refused(message.session, message.why);
      case "items":
        this.dropped.value = message.dropped;
        return this.#take(message.items);
      case "epoch":
        this.#kept.clear();
        this.#asked.clear();
        this.sessions.value = new Map();
        this.#choose(this.#chosen);
    }
  }

  #greeted(hello: Hello): void {
    const isFirst = this.hello.value === undefined;
    this.#ahead = hello.at - this.#parts.clock.now();
    this.hello.value = hello;
    this.sessions.value = new Map();
    this.totals.value = [];
    this.dropped.value = 0;
    this.#kept.unwatched();
    this.#asked.clear();
    this.#connection.send({ type: "list", on: true });
    if (this.watchNew.value) this.#connection.send({ type: "watch-new", on: true });
    const [opened] = hello.opened;
    if (isFirst && opened !== undefined && this.route.value.view === "overview") this.route.value = { view: "session", id: opened.id, tab: "chart" };
    else if (this.#chosen !== undefined) this.#seek(this.#chosen);
  }

  #take(items: readonly WatchItem[]): void {
    let [changed, closed] = [false, false];
    for (const item of items) {
      const kept = this.#kept.get(item.session);
      if (kept === undefined) continue;
      kept.recording.take(item);
      if (item.session !== this.#chosen) continue;
      changed = true;
      closed ||= item.kind === "closed";
    }
    if (changed) this.#changed();
    if (closed && this.#chosen !== undefined) void this.#lookUp(this.#chosen);
  }

  #refused(session: string, why: string): void {
    const kept = this.#kept.get(session);
    this.#asked.delete(session);
    if (kept !== undefined) {
      kept.watched = false;
      kept.recording.end(kept.recording.row);
    }
    if (session === this.#chosen) void this.#lookUp(session, why);
  }

  // Where one is.

  #go(route: Route): void {
    const { address } = this.#parts;
    const fragment = fragmentOf(route);
    if (fragmentOf(routeOf(address.fragment())) !== fragment) address.push(fragment);
    const chosen = route.view === "session" ? route.id : undefined;
    if (chosen !== this.#chosen) this.#choose(chosen);
  }

  #addressChanged(): void {
    const { address } = this.#parts;
    const token = tokenIn(address.fragment());
    if (token === undefined) {
      const route = routeOf(address.fragment());
      if (fragmentOf(route) !== fragmentOf(this.route.value)) this.route.value = route;
      return;
    }
    address.replace(fragmentOf(this.route.value));
    void this.#connection.start(token);
  }

  #choose(id: string | undefined): void {
    batch(() => {
      this.#chosen = id;
      this.#sessionProblem.value = "";
      this.place.value = "last";
      this.mark.value = undefined;
      this.#placeMark = this.#markMark = undefined;
      const kept = id === undefined ? undefined : this.#kept.get(id);
      this.recording.value = undefined;
      if (kept !== undefined) this.#show(kept);
      if (id !== undefined) this.#seek(id);
      this.#shed();
    });
  }

  /** Wants to be told of it, or else what the log knows of it. */
  #seek(id: string): void {
    const hello = this.hello.peek();
    if (hello === undefined) return;
    const kept = this.#kept.get(id);
    if (!hello.live || (kept?.recording.closed === true)) return void this.#lookUp(id);
    // One that is watched because it is new stays so when this page watches it by name.
    if (!this.#asked.has(id) && this.#connection.send({ type: "watch", session: id })) this.#asked.add(id);
    if (kept?.watched === true && kept.recording.stream !== null) void this.#read(kept, kept.recording.stream);
  }

  async #lookUp(id: string, why = ""): Promise<void> {
    try {
      const row = (await this.find(id)).find((found) => found.id === id);
      if (this.#chosen !== id) return;
      const known = this.#kept.get(id);
      if (row === undefined) {
        if (known === undefined) this.#sessionProblem.value = `session ${shortened(visible(id), 40)}: ${why === "" ? "" : `${why}; `}the log does not know it either: it has never logged in, or has expired`;
        return;
      }
      const kept = known ?? this.#kept.add(id, false);
      kept.recording.end(row);
      this.#show(kept);
      if (kept.recording.stream !== null) await this.#read(kept, kept.recording.stream);
    } catch (error) {
      this.#complain(id, error);
    }
  }

  /** What the log holds of it and the recording does not. */
  async #read(kept: Kept, stream: string): Promise<void> {
    if (kept.reading) return;
    kept.reading = true;
    const { recording } = kept;
    try {
      // Until somebody looks at so many others that it is not kept any more.
      while (this.#kept.get(recording.id) === kept) {
        const page = (await this.#connection.ask({ kind: "facts", stream, after: recording.readVersion })) as readonly StoredFact[];
        if (page.length === 0) break;
        recording.takePage(page);
        this.#changedIf(kept);
      }
    } catch (error) {
      this.#complain(recording.id, error);
    } finally {
      kept.reading = false;
    }
  }

  #complain(id: string, error: unknown): void {
    // What is lost with the connection is asked for again when it is back.
    if (this.#chosen === id && this.connection.peek() === "open") this.#sessionProblem.value = error instanceof Error ? error.message : String(error);
  }

  #shed(): void {
    for (const id of this.#kept.shed(this.#chosen)) {
      this.#asked.delete(id);
      this.#connection.send({ type: "unwatch", session: id });
    }
  }

  // What is looked at.

  #show(kept: Kept): void {
    this.#kept.use(kept);
    this.recording.value = kept.recording;
    this.#changed();
  }

  #changedIf(kept: Kept): void {
    if (kept.recording === this.recording.peek()) this.#changed();
  }

  /** The recording has: what is looked at stays in sight, wherever it is now. */
  #changed(): void {
    batch(() => {
      void this.recording.peek()?.entries;
      if (this.#placeMark !== undefined && this.place.peek() !== "last") this.place.value = Math.max(0, this.#placeMark.index);
      if (this.#markMark !== undefined) this.mark.value = this.#markMark.index < 0 ? undefined : this.#markMark.index;
      this.revision.value = this.revision.peek() + 1;
    });
  }

  #follow(): void {
    const [place, mark, recording] = [this.place.value, this.mark.value, this.recording.value];
    this.#placeMark = place === "last" ? undefined : recording?.markAt(place);
    this.#markMark = mark === undefined ? undefined : recording?.markAt(mark);
  }
}
