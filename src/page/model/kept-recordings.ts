/** The recordings that the page keeps: the sessions that were looked at last, and new ones that are watched from their first byte. */
import { LiveRecording } from "./recording.ts";

export interface Kept {
  readonly recording: LiveRecording;
  /** The server tells of it. */
  watched: boolean;
  /** Nobody asked for it by name yet: it is watched because it is new. */
  isNew: boolean;
  /** Its log is being read. */
  reading: boolean;
}

/** How many sessions that were looked at go on being watched; the server lets a page watch 8. */
const chosenMax = 6;
const newMax = 50;

export class KeptRecordings {
  /** The one that was used last comes last. */
  readonly #kept = new Map<string, Kept>();

  get(id: string): Kept | undefined {
    return this.#kept.get(id);
  }

  add(id: string, isNew: boolean): Kept {
    const kept = { recording: new LiveRecording(id), watched: false, isNew, reading: false };
    this.#kept.set(id, kept);
    return kept;
  }

  /** Somebody looks at it. */
  use(kept: Kept): void {
    const { id } = kept.recording;
    kept.isNew = false;
    this.#kept.delete(id);
    this.#kept.set(id, kept);
  }

  /** Those that there are too many of, the oldest first; they are not kept any more. `current` stays. */
  shed(current: string | undefined): readonly string[] {
    const all = [...this.#kept].filter(([id]) => id !== current);
    const news = all.filter(([, { isNew }]) => isNew);
    const chosen = all.filter(([, { isNew }]) => !isNew);
    const surplus = [...news.slice(0, Math.max(0, news.length - newMax)), ...chosen.slice(0, Math.max(0, chosen.length - (chosenMax - 1)))];
    for (const [id] of surplus) this.#kept.delete(id);
    return surplus.map(([id]) => id);
  }

  /** The server tells of none of them any more. */
  unwatched(): void {
    for (const kept of this.#kept.values()) {
      kept.watched = false;
      kept.recording.end(kept.recording.row);
    }
  }

  clear(): void {
    this.#kept.clear();
  }
}
