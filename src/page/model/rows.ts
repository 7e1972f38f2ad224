/** Rows of a timeline while they grow: an entry more, another title, and all of it taken back again. */
import type { Entry, TimelineRow } from "./contract.ts";
import { Journal } from "./journal.ts";

type Group = TimelineRow["group"];

/** What a row says besides its entries. */
export interface Saying {
  readonly group: Group;
  readonly from: TimelineRow["from"];
  readonly title: string;
  readonly durationMs: number | null;
  readonly mark: TimelineRow["mark"];
  /** Its last event led here … */
  readonly state: string | null;
  /** … and before its first one the session was here. */
  readonly stateBefore: string | null;
}

interface Row {
  readonly key: string;
  readonly at: number;
  readonly entries: Entry[];
  saying: Saying;
  /** As it is shown; undefined until somebody wants to see it. */
  view: TimelineRow | undefined;
}

/** A row is named by its number, in the order in which they begin. */
export class Rows {
  readonly journal = new Journal();
  readonly #rows: Row[] = [];
  readonly #views: TimelineRow[] = [];
  /** The first row that looks different from its view; Infinity for none. */
  #stale = Infinity;

  /** The same array each time, brought up to date. */
  get views(): readonly TimelineRow[] {
    this.#views.length = Math.min(this.#views.length, this.#rows.length);
    for (let index = Math.min(this.#stale, this.#views.length); index < this.#rows.length; index += 1) {
      this.#views[index] = this.#viewOf(this.#rows[index]!);
    }
    this.#stale = Infinity;
    return this.#views;
  }

  view(row: number): TimelineRow | undefined {
    const found = this.#rows[row];
    return found && this.#viewOf(found);
  }

  open(entry: Entry, key: string, saying: Partial<Saying> & Pick<Saying, "group" | "from" | "title">): number {
    const whole = { durationMs: null, mark: null, state: null, stateBefore: null, ...saying };
    const row = this.#rows.length;
    this.#rows.push({ key, at: entry.at, entries: [entry], saying: whole, view: undefined });
    this.#touch(row);
    this.journal.note(() => {
      this.#rows.pop();
      this.#touch(row);
    });
    return row;
  }

  join(row: number, entry: Entry): void {
    const found = this.#rows[row]!;
    found.entries.push(entry);
    this.#changed(row);
    this.journal.note(() => {
      found.entries.pop();
      this.#changed(row);
    });
  }

  saying(row: number): Saying {
    return this.#rows[row]!.saying;
  }

  /** The time of its first entry. */
  begin(row: number): number {
    return this.#rows[row]!.at;
  }

  say(row: number, change: Partial<Saying>): void {
    const found = this.#rows[row]!;
    const before = found.saying;
    found.saying = { ...before, ...change };
    this.#changed(row);
    this.journal.note(() => {
      found.saying = before;
      this.#changed(row);
    });
  }

  #changed(row: number): void {
    this.#rows[row]!.view = undefined;
    this.#touch(row);
  }

  #touch(row: number): void {
    this.#stale = Math.min(this.#stale, row);
  }

  #viewOf(row: Row): TimelineRow {
    const { stateBefore, state, ...saying } = row.saying;
    return (row.view ??= { key: row.key, at: row.at, entries: [...row.entries], ...saying, state: state === stateBefore ? null : state });
  }
}
