/** What happened in the session, a row for each exchange: only those in view are drawn. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Recording, Store, TimelineRow } from "../model/contract.ts";
import { number } from "../text.ts";
import { Measured, useSize } from "./size.tsx";
import { indexOf } from "./steps.ts";
import { TimelineDetail } from "./timeline-detail.tsx";
import { everything, onlyGroup, type RowFilter, shownRows, toggleGroup } from "./timeline-filter.ts";
import { TimelineItem } from "./timeline-item.tsx";
import { TimelineTools } from "./timeline-tools.tsx";
import { statesBefore } from "./timeline-words.ts";
import { type ListShape, rowAt, scrollToShow, topOf, totalHeight, visibleSpan } from "./window.ts";
import "./timeline.css";

/** `search`: what is looked for, where others set it too, such as the statechart when an event is clicked. */
export function Timeline({ store, search }: { readonly store: Store; readonly search?: Signal<string> }) {
  const own = useSignal("");
  const recording = store.recording.value;
  if (recording === undefined) return <p class="timeline-empty">No session is chosen, or it is being looked for.</p>;
  return <Rows key={recording.id} store={store} recording={recording} search={search ?? own} />;
}

/** Narrower than this, a row takes two lines. */
const wideFrom = 560;
const rowHeights = { wide: 32, narrow: 52 } as const;

interface Parts {
  readonly store: Store;
  readonly recording: Recording;
  readonly search: Signal<string>;
}

function Rows({ store, recording, search }: Parts) {
  const chosen = useSignal<Omit<RowFilter, "text">>(everything);
  const follow = useSignal(store.place.value === "last");
  const opened = useSignal<string | undefined>(undefined);
  const openedHeight = useSignal(0);
  const clock = useSignal(false);
  const view = useSignal({ top: 0, height: 600, width: 600 });
  const scroller = useRef<HTMLDivElement>(null);
  const revealed = useRef<string | undefined>(undefined);
  const revision = store.revision.value;
  const filter: RowFilter = { ...chosen.value, text: search.value };
  const rows = useMemo(() => shownRows(recording.rows, filter), [recording, revision, chosen.value, search.value]);
  const states = useMemo(() => statesBefore(recording.rows), [recording, revision]);

  const place = indexOf(store.place.value, recording);
  const current = rowAt(rows, recording.rowOf(place)?.entries[0]?.index ?? place);
  const marked = store.mark.value === undefined ? undefined : recording.rowOf(store.mark.value)?.key;
  const openedIndex = opened.value === undefined ? -1 : rows.findIndex(({ key }) => key === opened.value);
  const narrow = view.value.width < wideFrom;
  const shape: ListShape = {
    count: rows.length,
    rowHeight: narrow ? rowHeights.narrow : rowHeights.wide,
    opened: openedIndex === -1 ? undefined : { index: openedIndex, height: openedHeight.value },
  };
  const span = visibleSpan(shape, view.value.top, view.value.height);

  useSize(scroller, (width, height) => {
    view.value = { ...view.peek(), width, height };
  });
  useEffect(() => {
    follow.value = store.place.value === "last";
  }, [store.place.value]);
  useLayoutEffect(() => {
    if (follow.value && scroller.current !== null) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [follow.value, revision, rows.length, openedHeight.value, narrow]);
  useLayoutEffect(() => {
    if (store.place.value === "last" || scroller.current === null || current === -1) return;
    const { scrollTop, clientHeight } = scroller.current;
    scroller.current.scrollTop = scrollToShow(current, shape, scrollTop, clientHeight);
  }, [store.place.value, current, narrow]);

  useLayoutEffect(() => {
    if (openedHeight.value === 0) revealed.current = undefined;
    if (scroller.current === null || openedIndex === -1 || openedHeight.value === 0 || revealed.current === opened.value) return;
    // As much of what was opened as fits, and never so that its own row is out of view.
    revealed.current = opened.value;
    const { scrollTop, clientHeight } = scroller.current;
    const top = topOf(openedIndex, shape);
    scroller.current.scrollTop = Math.max(scrollTop, Math.min(top, top + shape.rowHeight + openedHeight.value - clientHeight));
  }, [opened.value, openedHeight.value]);

  const onScroll = (): void => {
    // The browser tells of it later, when the list may be gone.
    if (scroller.current === null) return;
    const { scrollTop, scrollHeight, clientHeight } = scroller.current;
    const atEnd = scrollTop + clientHeight >= scrollHeight - 4;
    if (follow.value && !atEnd && scrollTop < view.value.top) follow.value = false;
    else if (atEnd && store.place.value === "last") follow.value = true;
    view.value = { ...view.value, top: scrollTop };
  };
  const goTo = (index: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    const entry = row?.entries.at(-1)!.index;
    // Whoever goes to the end goes on with what comes.
    if (entry !== undefined) store.place.value = entry === recording.entries.length - 1 ? "last" : entry;
  };
  const toggleOpen = (row: TimelineRow | undefined): void => {
    if (row === undefined) return;
    // What is opened is to be read: the list stands still.
    follow.value = false;
    openedHeight.value = 0;
    opened.value = opened.value === row.key ? undefined : row.key;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(view.value.height / shape.rowHeight) - 1);
    const move = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + page, PageUp: current - page, Home: 0, End: rows.length - 1 }[event.key];
    if (move !== undefined) goTo(move);
    else if (event.key === "Enter" || event.key === " ") toggleOpen(rows[current]);
    else if (event.key === "Escape" && opened.value !== undefined) opened.value = undefined;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const begin = recording.entries[0]?.at ?? 0;
  const only = (group: TimelineRow["group"]): void => {
    chosen.value = onlyGroup(filter, group);
  };
  return (
    <section class="timeline" aria-label="Timeline">
      <TimelineTools
        recording={recording}
        revision={revision}
        shown={rows.length}
        chosen={chosen}
        search={search}
        clock={clock}
        following={follow.value && store.place.value === "last"}
        onFollow={(on) => {
          follow.value = on;
          if (on) store.place.value = "last";
        }}
      />
      <div
        ref={scroller}
        class="timeline-rows"
        data-narrow={narrow}
        role="treegrid"
        aria-label="What happened, in order"
        aria-rowcount={rows.length}
        aria-activedescendant={current >= span.first && current < span.end ? `timeline-row-${current}` : undefined}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        {rows.length === 0 && <Nothing recording={recording} onReset={() => reset(chosen, search)} />}
        <div class="timeline-canvas" role="presentation" style={{ height: `${totalHeight(shape)}px` }}>
          <div role="presentation" style={{ transform: `translateY(${topOf(span.first, shape)}px)` }}>
            {rows.slice(span.first, span.end).map((row, offset) => {
              const index = span.first + offset;
              return (
                <div key={row.key} role="presentation">
                  <TimelineItem
                    row={row}
                    index={index}
                    stateBefore={states.get(row.key)}
                    begin={begin}
                    clock={clock.value}
                    current={index === current}
                    later={row.entries[0]!.index > place}
                    marked={row.key === marked}
                    open={index === openedIndex}
                    onOpen={() => toggleOpen(row)}
                    onPlace={() => goTo(index)}
                    onOnly={() => only(row.group)}
                  />
                  {index === openedIndex && (
                    <Measured class="timeline-detail" onHeight={(height) => (openedHeight.value = height)}>
                      <TimelineDetail
                        store={store}
                        row={row}
                        begin={begin}
                        place={place}
                        onOnly={() => only(row.group)}
                        onWithout={() => (chosen.value = toggleGroup(filter, row.group))}
                      />
                    </Measured>
                  )}
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </section>
  );
}

function Nothing({ recording, onReset }: { readonly recording: Recording; readonly onReset: () => void }) {
  if (recording.rows.length === 0) return <p class="timeline-empty">{recording.live ? "Nothing has happened since the watching began." : "The log holds nothing of this session."}</p>;
  return (
    <p class="timeline-empty">
      None of {number(recording.rows.length)} rows fits the filter. <button type="button" class="timeline-button" onClick={onReset}>Show all</button>
    </p>
  );
}

function reset(chosen: Signal<Omit<RowFilter, "text">>, search: Signal<string>): void {
  chosen.value = everything;
  search.value = "";
}
