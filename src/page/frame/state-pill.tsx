import { visible } from "../text.ts";
import { phaseOf, shortState } from "../sessions/phase.ts";
import "./state-pill.css";

/** A state in a word and a colour; `whole`: with the states of all regions. */
export function StatePill({ state, whole = false }: { readonly state: string; readonly whole?: boolean }) {
  return (
    <span class={`state-pill state-pill-${phaseOf(state)}`} title={visible(state)}>
      <span class="state-pill-dot" aria-hidden="true" />
      <span class="state-pill-text">{visible(whole ? state : shortState(state))}</span>
    </span>
  );
}
