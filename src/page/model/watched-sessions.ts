/** The sessions that are watched, and the one of them that is looked at: live, from the log, or from both. */
import { batch, computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import type { SessionRow } from "../../history/source.ts";
import type { WatchBegun, WatchItem } from "../../inspector/protocol.ts";
import type { StoredFact } from "../../ports.ts";
import { shortened, visible } from "../text.ts";
import type { Connection } from "./connection.ts";
import type { Moment } from "./contract.ts";
import { type Kept, KeptRecordings } from "./kept-recordings.ts";
import type { LiveRecording, Mark } from "./recording.ts";

export class WatchedSessions {
  readonly recording = signal<LiveRecording | undefined>(undefined);
  readonly revision = signal(0);
  readonly place = signal<number | "last">("last");
  readonly mark = signal<number | undefined>(undefined);
  readonly moment: ReadonlySignal<Moment | undefined>;
  /** A few words about the one that is looked at; "" for nothing. */
  readonly problem = signal("");
  readonly #connection: Connection;
  readonly #kept = new KeptRecordings();
  /** Those that this page watches by name. */
  readonly #asked = new Set<string>();
  #chosen: string | undefined;
  /** Whether sessions live where the page is from; undefined until it is known. */
  #live: boolean | undefined;
  /** Follow the entries at `place` and `mark`. */
  #placeMark: Mark | undefined;
  #markMark: Mark | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.moment = computed(() => {
      const [recording, place] = [this.recording.value, this.place.value];
      // Read for what depends on it: the recording is the same object after each change.
      void this.revision.value;
      if (recording === undefined || recording.entries.length === 0) return undefined;
      return recording.momentAt(place === "last" ? recording.entries.length - 1 : place);
    });
    effect(() => this.#follow());
  }

  get chosen(): string | undefined {
    return this.#chosen;
  }

  /** The server is there, or there again: it watches nothing yet. */
  connected(live: boolean): void {
    this.#live = live;
    this.#kept.unwatched();
    this.#asked.clear();
    if (this.#chosen !== undefined) this.#seek(this.#chosen);
  }

  /** What was known is of a time that is over. */
  beginAnew(): void {
    this.#kept.clear();
    this.#asked.clear();
    this.choose(this.#chosen);
  }

  begun(message: WatchBegun): void {
    const { id } = message.summary;
    const kept = this.#kept.get(id) ?? this.#kept.add(id, !this.#asked.has(id));
    kept.watched = true;
    kept.recording.begin(message);
    this.#shed();
    if (id !== this.#chosen) return;
    this.#show(kept);
    if (message.stream !== null) void this.#read(kept, message.stream);
  }

  take(items: readonly WatchItem[]): void {
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

  refused(session: string, why: string): void {
    const kept = this.#kept.get(session);
    this.#asked.delete(session);
    if (kept !== undefined) {
      kept.watched = false;
      kept.recording.end(kept.recording.row);
    }
    if (session === this.#chosen) void this.#lookUp(session, why);
  }

  /** Sessions of the log. Rejects with words for people. */
  find(text: string): Promise<readonly SessionRow[]> {
    return this.#connection.ask({ kind: "find", text }) as Promise<readonly SessionRow[]>;
  }

  /** undefined for none. */
  choose(id: string | undefined): void {
    batch(() => {
      this.#chosen = id;
      this.problem.value = "";
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
    if (this.#live === undefined) return;
    const kept = this.#kept.get(id);
    if (!this.#live || kept?.recording.closed === true) return void this.#lookUp(id);
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
        if (known === undefined) this.problem.value = `session ${shortened(visible(id), 40)}: ${why === "" ? "" : `${why}; `}the log does not know it either: it has never logged in, has expired, or its account was deleted`;
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
    if (this.#chosen === id && this.#connection.state.peek() === "open") this.problem.value = error instanceof Error ? error.message : String(error);
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
