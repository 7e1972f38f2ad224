/** What a row is made of: its entries, each with all that is known of it. */
import type { Store, TimelineRow } from "../model/contract.ts";
import { ClientText } from "./client-text.tsx";
import { EntryView } from "./entry-view.tsx";
import { timeText, tookText } from "./moments.ts";
import { groupNames } from "./timeline-words.ts";

export interface DetailParts {
  readonly store: Store;
  readonly row: TimelineRow;
  readonly begin: number;
  /** The entry that is looked at. */
  readonly place: number;
  readonly onOnly: () => void;
  readonly onWithout: () => void;
}

/** More entries than these are told by number. */
const entriesMax = 100;

export function TimelineDetail({ store, row, begin, place, onOnly, onWithout }: DetailParts) {
  const group = groupNames[row.group];
  return (
    <>
      <p class="timeline-whole">
        <ClientText text={row.title} max={600} />
      </p>
      <p class="timeline-acts">
        <time dateTime={timeText(row.at)}>{timeText(row.at)}</time>
        {row.durationMs !== null && <span>took {tookText(row.durationMs)}</span>}
        {row.state !== null && <span>state: <code><ClientText text={row.state} /></code></span>}
        <button type="button" class="timeline-button" onClick={onOnly}>only {group}</button>
        <button type="button" class="timeline-button" onClick={onWithout}>without {group}</button>
      </p>
      <ol class="timeline-entries">
        {row.entries.slice(0, entriesMax).map((entry) => (
          <li key={entry.index} class="timeline-entry" data-later={entry.index > place} data-here={entry.index === place}>
            <EntryView store={store} entry={entry} begin={begin} here={entry.index === place} />
          </li>
        ))}
      </ol>
      {row.entries.length > entriesMax && <p class="timeline-acts">and {row.entries.length - entriesMax} more of the same</p>}
    </>
  );
}
