/** Time travel: a slider over everything that happened, with steps, play and a mark to compare with. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { browserClock } from "../browser.ts";
import type { PageClock, Recording, Store } from "../model/contract.ts";
import { number, visible } from "../text.ts";
import { clockText, sinceText, timeText } from "./moments.ts";
import { entryName, indexOf, nextPlace, previousPlace, stateChanges, trackTicks } from "./steps.ts";
import "./travel.css";

/** Milliseconds between two steps while it plays. */
const playMs = 350;

export function Travel({ store, clock = browserClock }: { readonly store: Store; readonly clock?: Pick<PageClock, "after"> }) {
  const recording = store.recording.value;
  const revision = store.revision.value;
  if (recording === undefined || recording.entries.length === 0) return null;
  return <Bar store={store} recording={recording} revision={revision} clock={clock} />;
}

interface Parts {
  readonly store: Store;
  readonly recording: Recording;
  readonly revision: number;
  readonly clock: Pick<PageClock, "after">;
}

function Bar({ store, recording, revision, clock }: Parts) {
  const playing = useSignal(false);
  const changes = useMemo(() => stateChanges(recording.entries), [recording, revision]);
  const last = recording.entries.length - 1;
  const index = indexOf(store.place.value, recording);
  const entry = recording.entries[index]!;
  const state = store.moment.value?.past?.session.state;
  const mark = store.mark.value;
  const isAway = recording.live && store.connection.value !== "open";

  const go = (to: number | undefined): void => {
    if (to === undefined) return;
    playing.value = false;
    store.place.value = to >= last ? "last" : Math.max(0, to);
  };
  useEffect(() => {
    if (!playing.value) return;
    if (index >= last) {
      playing.value = false;
      return;
    }
    return clock.after(playMs, () => {
      store.place.value = index + 1 >= last ? "last" : index + 1;
    });
  }, [playing.value, index]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!event.shiftKey || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
    event.preventDefault();
    go(event.key === "ArrowLeft" ? previousPlace(changes, index) : nextPlace(changes, index));
  };

  return (
    <section class="travel" aria-label="Time travel">
      <div class="travel-steps" role="group" aria-label="Steps">
        <Step name="to the change of state before (shift and arrow left)" sign="⇤" to={previousPlace(changes, index)} go={go} />
        <Step name="one entry back (arrow left)" sign="←" to={index > 0 ? index - 1 : undefined} go={go} />
        <button
          type="button"
          class="travel-button"
          aria-label={playing.value ? "stop playing" : "play"}
          title={playing.value ? "stop playing" : "play: one entry after the other"}
          onClick={() => {
            if (!playing.value && index >= last) store.place.value = 0;
            playing.value = !playing.value;
          }}
        >
          {playing.value ? "❚❚" : "▶"}
        </button>
        <Step name="one entry on (arrow right)" sign="→" to={index < last ? index + 1 : undefined} go={go} />
        <Step name="to the next change of state (shift and arrow right)" sign="⇥" to={nextPlace(changes, index)} go={go} />
      </div>
      <div class="travel-track">
        <Ticks recording={recording} revision={revision} changes={changes} mark={mark === undefined ? undefined : Math.min(mark, last) / Math.max(1, last)} />
        <input
          class="travel-slider"
          type="range"
          min={0}
          max={last}
          step={1}
          value={index}
          aria-label="Place in the recording"
          aria-valuetext={`entry ${index + 1} of ${last + 1}, ${visible(entryName(entry))}${state === undefined ? "" : `, state ${visible(state)}`}`}
          onInput={(event) => go(event.currentTarget.valueAsNumber)}
          onKeyDown={onKeyDown}
        />
      </div>
      <div class="travel-ends" role="group" aria-label="Ends">
        <button
          type="button"
          class="travel-button"
          aria-pressed={mark !== undefined}
          title={mark === undefined ? "What differs from here is shown from now on, wherever you go" : `compared with entry ${mark + 1}: click to end it`}
          onClick={() => (store.mark.value = mark === undefined ? index : undefined)}
        >
          {mark === undefined ? "Compare with here" : `◆ Compared with ${mark + 1}`}
        </button>
        <button
          type="button"
          class="travel-button travel-live"
          aria-pressed={!isAway && store.place.value === "last"}
          disabled={isAway}
          title={isAway ? "The server is away: nothing comes from it" : undefined}
          onClick={() => go(last)}
        >
          {recording.live ? "Live" : "End"}
        </button>
      </div>
      <p class="travel-place">
        <span>entry <b>{number(index + 1)}</b> of {number(last + 1)}</span>
        {entry.position !== null && <span>log {number(entry.position)}</span>}
        <time dateTime={timeText(entry.at)} title={timeText(entry.at)}>{clockText(entry.at)} UTC</time>
        <span>{sinceText(entry.at, recording.entries[0]!.at)}</span>
        <bdi class="travel-event">{visible(entryName(entry))}</bdi>
        {state !== undefined && <code class="travel-state">{visible(state)}</code>}
      </p>
    </section>
  );
}

function Step({ name, sign, to, go }: { readonly name: string; readonly sign: string; readonly to: number | undefined; readonly go: (to: number | undefined) => void }) {
  return (
    <button type="button" class="travel-button" aria-label={name} title={name} disabled={to === undefined} onClick={() => go(to)}>
      {sign}
    </button>
  );
}

interface TicksParts {
  readonly recording: Recording;
  readonly revision: number;
  readonly changes: readonly number[];
  readonly mark: number | undefined;
}

function Ticks({ recording, revision, changes, mark }: TicksParts) {
  const ticks = useMemo(() => trackTicks(recording, changes), [recording, revision]);
  return (
    <svg class="travel-ticks" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      {ticks.map(({ at, kind }) => <rect key={`${at}${kind}`} class={`travel-${kind}`} x={at * 1_000 - 1} y={kind === "state" ? 3 : 0} width={2} height={kind === "state" ? 7 : 10} />)}
      {mark !== undefined && <rect class="travel-mark" x={mark * 1_000 - 2} y={0} width={4} height={10} />}
    </svg>
  );
}
