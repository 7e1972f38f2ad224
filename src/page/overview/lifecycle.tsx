import { useState } from "preact/hooks";
import type { Store } from "../model/contract.ts";
import { number } from "../text.ts";
import { phaseOf } from "../sessions/phase.ts";
import { wantOnly } from "../sessions/list-state.ts";
import { lifecycle, type MachineState } from "./states.ts";

const hint = "The states of the session's machine, in the order of a life. Point at one for its meaning; a click lists the sessions that are there.";

/** A bar for each state. The longest is that of all sessions, so that lengths can be compared. */
export function Lifecycle({ store, counts, all }: { readonly store: Store; readonly counts: ReadonlyMap<string, number>; readonly all: number }) {
  const [about, setAbout] = useState<MachineState | undefined>(undefined);
  return (
    <>
      <p class="overview-words" aria-hidden={about !== undefined}>{about?.description ?? hint}</p>
      <ul class="lifecycle" onPointerLeave={() => setAbout(undefined)}>
        {lifecycle.filter(({ path }) => path !== "closed").map((state) => (
          <li key={state.path}>
            {state.isRegion
              ? <span class="lifecycle-region" style={indent(state)}>{state.name}</span>
              : <Bar store={store} state={state} count={counts.get(state.name) ?? 0} all={all} onLook={setAbout} />}
          </li>
        ))}
      </ul>
    </>
  );
}

function Bar(props: {
  readonly store: Store;
  readonly state: MachineState;
  readonly count: number;
  readonly all: number;
  readonly onLook: (state: MachineState) => void;
}) {
  const { store, state, count, all, onLook } = props;
  const list = () => {
    wantOnly(state.name);
    store.route.value = { view: "sessions" };
  };
  const phase = state.name === "hibernating" ? "hibernating" : phaseOf(state.path);
  return (
    <button type="button" class={`lifecycle-state ${count === 0 ? "lifecycle-empty" : ""}`} onClick={list}
      title={state.description} onPointerEnter={() => onLook(state)} onFocus={() => onLook(state)}>
      <span class="lifecycle-name" style={indent(state)}>{state.name}</span>
      <span class="lifecycle-track" aria-hidden="true">
        <span class={`lifecycle-bar lifecycle-${phase}`} style={{ width: `${all === 0 ? 0 : (count / all) * 100}%` }} />
      </span>
      <span class="lifecycle-count">{number(count)}</span>
    </button>
  );
}

function indent({ depth }: MachineState): { readonly paddingLeft: string } {
  return { paddingLeft: `${depth * 14}px` };
}
