/** Search, filters and order of the list. */
import type { Store } from "../model/contract.ts";
import { number } from "../text.ts";
import { lifecycle, machineTags } from "../overview/states.ts";
import { columns } from "./columns.tsx";
import { order, want, wanted } from "./list-state.ts";
import type { Column } from "./listing.ts";

export function Tools(props: {
  readonly store: Store;
  readonly shown: number;
  readonly compact: boolean;
  readonly onDown: () => void;
  readonly onEnter: () => void;
}) {
  const { store, shown, compact, onDown, onEnter } = props;
  const all = store.sessions.value.size;
  const { search, state, tag } = wanted.value;
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") want({ search: "" });
    else if (event.key === "ArrowDown") onDown();
    else if (event.key === "Enter") onEnter();
    else return;
    event.preventDefault();
  };
  return (
    <div class="sessions-tools" role="search" aria-label="Sessions that live">
      <div class="sessions-first">
        <input type="search" class="sessions-search" id="sessions-search" aria-label="Search by JID, id or address" placeholder="JID, id or address"
          title="Search by JID, id or address; / brings you here" autocomplete="off" spellcheck={false} maxLength={200}
          value={search} onInput={(event) => want({ search: event.currentTarget.value })} onKeyDown={press} />
        {/* Told aloud where it answers a question, and not whenever somebody comes or goes. */}
        <span class="sessions-count" role={shown === all ? undefined : "status"}>
          {number(shown)}{shown !== all && ` of ${number(all)}`}
          {compact ? "" : all === 1 ? " session" : " sessions"}
        </span>
      </div>
      <select aria-label="State" value={state} onChange={(event) => want({ state: event.currentTarget.value })}>
        <option value="">all states</option>
        {lifecycle.filter(({ isRegion }) => !isRegion).map(({ name, depth }) => (
          <option key={name} value={name}>{"\u00A0\u00A0".repeat(depth) + name}</option>
        ))}
      </select>
      <select aria-label="Tag" value={tag} onChange={(event) => want({ tag: event.currentTarget.value })}>
        <option value="">all tags</option>
        {machineTags.map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
      {compact && <OrderSelect />}
    </div>
  );
}

/** What a click on the head of a table does. */
function OrderSelect() {
  const { column, descending } = order.value;
  return (
    <span class="sessions-order">
      <select aria-label="Sort by" value={column} onChange={(event) => (order.value = { column: event.currentTarget.value as Column, descending })}>
        {columns.map((one) => <option key={one.column} value={one.column}>by {one.name}</option>)}
      </select>
      <button type="button" class="sessions-turn" aria-label={descending ? "Descending; turn the order" : "Ascending; turn the order"}
        onClick={() => (order.value = { column, descending: !descending })}>
        {descending ? "▾" : "▴"}
      </button>
    </span>
  );
}
