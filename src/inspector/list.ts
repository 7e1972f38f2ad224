/** The list of the sessions that live, as what has changed since it was last told. */
import { inspectorFrameCharsMax, inspectorRowsMax } from "../domain/limits.ts";
import type { SessionSummary } from "../domain/session-summary.ts";

export interface ListChange {
  readonly changed: readonly SessionSummary[];
  readonly gone: readonly string[];
}

export class SessionList {
  #known: ReadonlyMap<string, SessionSummary> = new Map();

  /** Everything that is known of it. */
  get rows(): Iterable<SessionSummary> {
    return this.#known.values();
  }

  update(summaries: Iterable<SessionSummary>): ListChange {
    const known = this.#known;
    const next = new Map<string, SessionSummary>();
    const changed: SessionSummary[] = [];
    let stayed = 0;
    for (const summary of summaries) {
      const before = known.get(summary.id);
      if (before !== undefined) stayed += 1;
      if (before !== undefined && (before === summary || isSame(before, summary))) {
        next.set(summary.id, before);
      } else {
        next.set(summary.id, summary);
        changed.push(summary);
      }
    }
    const gone = stayed === known.size ? [] : [...known.keys()].filter((id) => !next.has(id));
    this.#known = next;
    return { changed, gone };
  }

  clear(): void {
    this.#known = new Map();
  }
}

/** What says so, in frames of a bounded size: of a whole list the first one alone is `whole`. */
export function listFrames(at: number, whole: boolean, changed: Iterable<SessionSummary>, gone: readonly string[]): readonly string[] {
  const frames: string[] = [];
  let rows: string[] = [];
  let chars = 0;
  let left = gone;
  const end = (): void => {
    const some = left.slice(0, goneMax);
    left = left.slice(goneMax);
    frames.push(`{"type":"list","at":${at},"whole":${whole && frames.length === 0},"changed":[${rows.join(",")}],"gone":${JSON.stringify(some)}}`);
    rows = [];
    chars = 0;
  };
  for (const summary of changed) {
    const row = JSON.stringify(summary);
    if (rows.length >= inspectorRowsMax || (rows.length > 0 && chars + row.length > inspectorFrameCharsMax)) end();
    rows.push(row);
    chars += row.length;
  }
  if (whole || rows.length > 0) end();
  while (left.length > 0) end();
  return frames;
}

/** Ids are short. */
const goneMax = 5_000;

function isSame(a: SessionSummary, b: SessionSummary): boolean {
  return a.state === b.state && a.jid === b.jid && a.received === b.received && a.delivered === b.delivered && a.queue === b.queue
    && a.address === b.address && a.secure === b.secure && a.since === b.since
    && a.tags.length === b.tags.length && a.tags.every((tag, index) => tag === b.tags[index]);
}
