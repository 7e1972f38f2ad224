/** Who said what to whom: the client, the server, and the other sessions that a stanza touched. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Recording, Store } from "../model/contract.ts";
import { type SequenceDiagram, sequenceOf } from "../model/sequence.ts";
import { number, visible } from "../text.ts";
import { sinceText, timeText } from "./moments.ts";
import { RelatedFacts } from "./related.tsx";
import { gutter, type PlacedStep, type SequenceLayout, sequenceLayout, stepAt } from "./sequence-layout.ts";
import { useSize } from "./size.tsx";
import { indexOf } from "./steps.ts";
import "./sequence.css";

/** Steps that are drawn: those around the place. */
const stepsMax = 300;

export function Sequence({ store }: { readonly store: Store }) {
  const recording = store.recording.value;
  if (recording === undefined) return <p class="sequence-empty">No session is chosen, or it is being looked for.</p>;
  return <Diagram store={store} recording={recording} revision={store.revision.value} />;
}

function Diagram({ store, recording, revision }: { readonly store: Store; readonly recording: Recording; readonly revision: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const size = useSignal({ width: 600, height: 400 });
  const place = indexOf(store.place.value, recording);
  const session = store.moment.value?.past?.session;
  const jid = session?.full_jid ?? (session?.username ? `${session.username}@${session.host ?? ""}` : null);
  const host = session?.host ?? null;
  const diagram = useMemo(() => sequenceOf(recording.entries, { max: stepsMax, place, jid, host }), [recording, revision, place, jid, host]);
  const layout = useMemo(() => sequenceLayout(diagram, size.value.width), [diagram, size.value.width]);
  useSize(scroller, (width, height) => (size.value = { width, height }), diagram.steps.length > 0);
  const current = stepAt(diagram.steps, place);
  const placed = layout.steps[current];

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null || placed === undefined) return;
    if (store.place.value === "last") box.scrollTop = box.scrollHeight;
    else {
      // The heads lie over what is scrolled below them, and a step is seen with its neighbours.
      const [top, bottom] = [placed.top - margin, placed.top + placed.height + headHeight + margin];
      if (top < box.scrollTop) box.scrollTop = top;
      else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
    }
  }, [store.place.value, placed?.top, layout.height, size.value.height]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: diagram.steps.length - 1 }[event.key];
    const step = move === undefined ? undefined : diagram.steps[move];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    store.place.value = step.index;
  };

  if (diagram.steps.length === 0) return <p class="sequence-empty">Nothing has gone over the wire yet, and the machine was told nothing.</p>;
  return (
    <section class="sequence" aria-label="Sequence diagram">
      <div class="sequence-scroller" ref={scroller}>
        <Heads diagram={diagram} layout={layout} />
        {diagram.before > 0 && <p class="sequence-more">{number(diagram.before)} before these: go back to see them</p>}
        <svg
          class="sequence-picture"
          width={layout.width}
          height={layout.height}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          role="listbox"
          aria-label="Steps, from above to below"
          aria-activedescendant={current === -1 ? undefined : `sequence-step-${diagram.steps[current]!.index}`}
          tabindex={0}
          onKeyDown={onKeyDown}
        >
          <defs>
            <marker id="sequence-head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse">
              <path d="M0 0.5 L8 4 L0 7.5 z" fill="context-stroke" />
            </marker>
          </defs>
          {layout.lanes.map((x, index) => <line key={index} class="sequence-lane" x1={x} x2={x} y1={0} y2={layout.height} />)}
          {layout.steps.map((placed, index) => (
            <Step
              key={placed.step.index}
              placed={placed}
              layout={layout}
              begin={recording.entries[0]!.at}
              current={index === current}
              later={placed.step.index > place}
              onChoose={() => (store.place.value = placed.step.index)}
            />
          ))}
        </svg>
        {diagram.after > 0 && <p class="sequence-more">{number(diagram.after)} after these: go on to see them</p>}
      </div>
      {diagram.unwatched && (
        <p class="sequence-more">
          There is so little because this was not watched as it happened: the log holds states and queued stanzas; stanzas themselves are seen
          only while a session is watched.
        </p>
      )}
      <RelatedFacts store={store} entry={recording.entries[diagram.steps[current]?.index ?? -1]} begin={recording.entries[0]!.at} />
    </section>
  );
}

const headHeight = 42;
const margin = 40;

function Heads({ diagram, layout }: { readonly diagram: SequenceDiagram; readonly layout: SequenceLayout }) {
  return (
    <ol class="sequence-heads" aria-label="Who takes part" style={{ width: `${layout.width}px`, paddingLeft: `${gutter}px` }}>
      {diagram.lanes.map(({ key, kind, title }) => (
        <li key={key} class="sequence-who" data-kind={kind} style={{ width: `${layout.laneWidth}px` }} title={visible(title)}>
          <small>{kind === "other" ? "other session" : kind}</small>
          <bdi>{visible(title)}</bdi>
        </li>
      ))}
    </ol>
  );
}

interface StepParts {
  readonly placed: PlacedStep;
  readonly layout: SequenceLayout;
  readonly begin: number;
  readonly current: boolean;
  readonly later: boolean;
  readonly onChoose: () => void;
}

function Step({ placed: { step, text: said, top, height, charsMax }, layout, begin, current, later, onChoose }: StepParts) {
  const text = visible(said);
  const label = text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text;
  const origin = step.kind !== "arrow" || step.origin === null ? undefined : layout.lanes[step.origin];
  const whole = step.kind === "arrow" ? `${text}${origin === undefined ? "" : ", from another session"}${step.failed ? ", failed" : ""}${step.withheld ? ", its text is withheld" : ""}` : `${step.about}: ${visible(step.text)}`;
  return (
    <g class="sequence-step" id={`sequence-step-${step.index}`} role="option" aria-selected={current} aria-label={whole} data-later={later} onClick={onChoose}>
      <title>{`${whole} · ${timeText(step.at)}`}</title>
      <rect class="sequence-band" x={0} y={top} width={layout.width} height={height} />
      <text class="sequence-time" x={gutter - 8} y={top + height / 2 + 4}>{sinceText(step.at, begin)}</text>
      {step.kind === "arrow" ? (
        <g class="sequence-arrow" data-failed={step.failed}>
          {origin !== undefined && <line x1={origin} x2={layout.lanes[step.from]} y1={top + height - 8} y2={top + height - 8} marker-end="url(#sequence-head)" />}
          <line x1={layout.lanes[step.from]} x2={layout.lanes[step.to]} y1={top + height - 8} y2={top + height - 8} marker-end="url(#sequence-head)" />
          <text x={(layout.lanes[step.from]! + layout.lanes[step.to]!) / 2} y={top + height - 14}>
            {step.failed && "✕ "}{label}{step.withheld && " ⋯"}
          </text>
        </g>
      ) : (
        <Note text={label} x={layout.lanes[step.lane]!} width={layout.width} top={top + 3} about={step.about} />
      )}
    </g>
  );
}

/** As wide as its text, and never over the edge. */
function Note({ text, x, width, top, about }: { readonly text: string; readonly x: number; readonly width: number; readonly top: number; readonly about: "state" | "event" }) {
  const half = Math.min((text.length * 6.8 + 20) / 2, width / 2);
  const middle = Math.min(x, width - half - 2);
  return (
    <g class="sequence-note" data-about={about}>
      <rect x={middle - half} y={top} width={half * 2} height={22} rx={about === "state" ? 11 : 3} />
      <text x={middle} y={top + 15}>{text}</text>
    </g>
  );
}
