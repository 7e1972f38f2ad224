/** Those that live, as a table or, where there is less room, as cards. */
import { useMemo } from "preact/hooks";
import type { Store } from "../model/contract.ts";
import { number } from "../text.ts";
import { Card, Cells, Head, columns } from "./columns.tsx";
import { Grid } from "./grid.tsx";
import { active, order, want, wanted } from "./list-state.ts";
import { listing } from "./listing.ts";
import { Tools } from "./tools.tsx";
import "./sessions.css";

/** `chosen`: the session that is looked at beside the list. */
export function LiveList({ store, compact, chosen }: { readonly store: Store; readonly compact: boolean; readonly chosen?: string }) {
  const sessions = store.sessions.value;
  const rows = useMemo(() => listing(sessions.values(), wanted.value, order.value), [sessions, wanted.value, order.value]);
  const at = rows.findIndex(({ id }) => id === (active.value ?? chosen));
  // Ages go on with each total, though nothing else has changed; in between only what has changed is drawn again.
  const now = useMemo(() => store.now(), [store.totals.value]);
  const open = (index: number) => {
    const session = rows[index];
    if (session === undefined) return;
    active.value = session.id;
    const route = store.route.value;
    store.route.value = { view: "session", id: session.id, tab: route.view === "session" ? route.tab : "chart" };
  };
  const goDown = () => {
    document.querySelector<HTMLElement>(".grid")?.focus();
    if (at < 0) active.value = rows[0]?.id;
  };
  return (
    <div class={`sessions-live ${compact ? "sessions-compact" : ""}`}>
      <Tools store={store} shown={rows.length} compact={compact} onDown={goDown} onEnter={() => open(Math.max(0, at))} />
      {rows.length === 0 ? <Nobody store={store} /> : (
        <Grid
          label={`Sessions that live: ${number(rows.length)}`}
          count={rows.length}
          columns={compact ? 1 : columns.length}
          rowHeight={compact ? 56 : 34}
          at={at}
          onMove={(index) => (active.value = rows[index]?.id)}
          onOpen={open}
          head={compact ? undefined : <Head order={order.value} onOrder={(to) => (order.value = to)} />}
          keyOf={(index) => rows[index]!.id}
          itemOf={(index) => rows[index]}
          stamp={now}
          rowClass={(index) => (rows[index]!.id === chosen ? "sessions-chosen" : "")}
          row={(index) => {
            const Row = compact ? Card : Cells;
            return <Row session={rows[index]!} store={store} now={now} />;
          }}
        />
      )}
    </div>
  );
}

function Nobody({ store }: { readonly store: Store }) {
  const { search, state, tag } = wanted.value;
  const lookInLog = () => (store.route.value = { view: "sessions", log: search.trim() });
  if (store.sessions.value.size > 0) {
    return (
      <div class="sessions-empty">
        <p>None of the {number(store.sessions.value.size)} sessions that live is like that.</p>
        <button type="button" onClick={() => want({ search: "", state: "", tag: "" })}>Show all</button>
        {search !== "" && state === "" && tag === "" && (
          <button type="button" onClick={lookInLog}>Look in the log</button>
        )}
      </div>
    );
  }
  if (store.connection.value !== "open") return <p class="sessions-empty">Waiting for the server …</p>;
  return (
    <div class="sessions-empty">
      <p><strong>Nobody is connected.</strong></p>
      <p>
        A session begins with the first byte of a connection and stands here at once. Add somebody
        with <code>refrain user add juliet@{store.hello.value?.hosts[0] ?? "localhost"}</code> and log in with any XMPP client; to see the
        login itself, turn on “watch new sessions from their first byte” first.
      </p>
    </div>
  );
}
