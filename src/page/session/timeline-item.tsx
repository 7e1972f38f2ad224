/** One row of the timeline. */
import type { TimelineRow } from "../model/contract.ts";
import { visible } from "../text.ts";
import { clockText, sinceText, timeText, tookText } from "./moments.ts";
import { fromArrows, fromNames, groupNames, newState } from "./timeline-words.ts";

export interface ItemParts {
  readonly row: TimelineRow;
  readonly index: number;
  /** The state before it, where it changed the state and that is known. */
  readonly stateBefore: string | undefined;
  /** When the recording begins. */
  readonly begin: number;
  /** Whether times are those of the clock. */
  readonly clock: boolean;
  readonly current: boolean;
  /** It comes after the place that is looked at. */
  readonly later: boolean;
  readonly marked: boolean;
  readonly open: boolean;
  readonly onOpen: () => void;
  readonly onPlace: () => void;
  readonly onOnly: () => void;
}

/** Longer titles are told whole where the row is open. */
const titleCharsMax = 300;

export function TimelineItem({ row, index, stateBefore, begin, clock, current, later, marked, open, onOpen, onPlace, onOnly }: ItemParts) {
  const group = groupNames[row.group];
  const alone = (act: () => void) => (event: Event) => {
    event.stopPropagation();
    act();
  };
  return (
    <div
      class="timeline-row"
      role="row"
      id={`timeline-row-${index}`}
      aria-rowindex={index + 1}
      aria-selected={current}
      aria-expanded={open}
      data-later={later}
      data-mark={row.mark ?? "none"}
      onClick={onOpen}
    >
      <span role="gridcell" class="timeline-time">
        <button type="button" tabIndex={-1} title={`${timeText(row.at)}: look at the session here`} onClick={alone(onPlace)}>
          {clock ? clockText(row.at) : sinceText(row.at, begin)}
        </button>
      </span>
      <span role="gridcell" class="timeline-from" data-from={row.from} title={fromNames[row.from]}>
        <span aria-hidden="true">{fromArrows[row.from]}</span>
        <span class="timeline-hidden">{fromNames[row.from]}</span>
      </span>
      <span role="gridcell" class="timeline-group">
        <button type="button" class="timeline-pill" data-group={row.group} tabIndex={-1} title={`only ${group}`} onClick={alone(onOnly)}>{group}</button>
      </span>
      <span role="gridcell" class="timeline-title">
        {row.mark !== null && <><strong class="timeline-mark">{row.mark === "failed" ? "✕ failed" : "… open"}</strong>{" "}</>}
        {marked && <><strong class="timeline-compared">◆ compared</strong>{" "}</>}
        <bdi>{visible(row.title.slice(0, titleCharsMax))}</bdi>
      </span>
      <span role="gridcell" class="timeline-state">
        {row.state !== null && <span class="timeline-new-state" title={`the state is ${visible(row.state)} now`}>{visible(newState(row.state, stateBefore))}</span>}
      </span>
      <span role="gridcell" class="timeline-duration">{row.durationMs !== null && tookText(row.durationMs)}</span>
    </div>
  );
}
