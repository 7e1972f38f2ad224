/** What of the timeline is shown, and how. */
import type { Signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Recording } from "../model/contract.ts";
import { number } from "../text.ts";
import { everything, groupCounts, isEverything, type RowFilter, toggleGroup } from "./timeline-filter.ts";
import { groupNames } from "./timeline-words.ts";

export interface ToolsParts {
  readonly recording: Recording;
  readonly revision: number;
  /** How many rows are shown. */
  readonly shown: number;
  readonly chosen: Signal<Omit<RowFilter, "text">>;
  readonly search: Signal<string>;
  readonly clock: Signal<boolean>;
  readonly following: boolean;
  readonly onFollow: (on: boolean) => void;
}

const kinds = { all: "all rows", states: "changes of state", marked: "failed or open" } as const satisfies Record<RowFilter["kind"], string>;

export function TimelineTools({ recording, revision, shown, chosen, search, clock, following, onFollow }: ToolsParts) {
  const filter: RowFilter = { ...chosen.value, text: search.value };
  const { rows, live, leftOut } = recording;
  const counts = useMemo(() => groupCounts(rows), [recording, revision]);
  const choose = (changed: Partial<RowFilter>): void => {
    chosen.value = { ...chosen.value, ...changed };
  };
  return (
    <div class="timeline-tools" role="toolbar" aria-label="Filter of the timeline">
      <div class="timeline-line">
        <input
          class="timeline-search"
          type="search"
          placeholder="Search events and stanzas"
          aria-label="Search events and stanzas"
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
        <select class="timeline-select" aria-label="Which rows" value={filter.kind} onChange={(event) => choose({ kind: event.currentTarget.value as RowFilter["kind"] })}>
          {Object.entries(kinds).map(([kind, words]) => <option key={kind} value={kind}>{words}</option>)}
        </select>
        <button type="button" class="timeline-button" aria-pressed={clock.value} title="Times by the clock (UTC), or since the recording began" onClick={() => (clock.value = !clock.value)}>
          UTC
        </button>
        <button type="button" class="timeline-button timeline-follow" aria-pressed={following} onClick={() => onFollow(!following)}>
          {live ? "Follow" : "To the end"}
        </button>
      </div>
      <div class="timeline-line" role="group" aria-label="Kinds of rows">
        {counts.map(({ group, count }) => (
          <button
            key={group}
            type="button"
            class="timeline-pill"
            data-group={group}
            aria-pressed={!filter.without.has(group)}
            title={`${filter.without.has(group) ? "show" : "without"} ${groupNames[group]}`}
            onClick={() => choose({ without: toggleGroup(filter, group).without })}
          >
            {groupNames[group]} <span class="timeline-count">{number(count)}</span>
          </button>
        ))}
        {leftOut > 0 && <span class="timeline-status">{number(leftOut)} older entries are not kept</span>}
        <span class="timeline-status" role="status">
          {!isEverything(filter) && `${number(shown)} of ${number(rows.length)} rows`}
        </span>
        {!isEverything(filter) && (
          <button
            type="button"
            class="timeline-button"
            onClick={() => {
              chosen.value = everything;
              search.value = "";
            }}
          >
            Show all
          </button>
        )}
      </div>
    </div>
  );
}
