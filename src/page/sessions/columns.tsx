/** The columns of the list, and a row where there is no room for them. */
import type { ComponentChildren } from "preact";
import type { SessionSummary } from "../../domain/session-summary.ts";
import type { Store } from "../model/contract.ts";
import { number, visible } from "../text.ts";
import { ClientLine } from "../frame/client-line.tsx";
import { Link } from "../frame/links.tsx";
import { LockIcon } from "../frame/icons.tsx";
import { age } from "../frame/age.ts";
import { StatePill } from "../frame/state-pill.tsx";
import type { Column, Order } from "./listing.ts";

interface ColumnView {
  readonly column: Column;
  readonly name: string;
  readonly title: string;
  readonly isNumber?: boolean;
  readonly show: (session: SessionSummary, store: Store, now: number) => ComponentChildren;
}

export const columns: readonly ColumnView[] = [
  {
    column: "jid",
    name: "JID",
    title: "The full JID; the bare one before a resource is bound",
    show: (session, store) => <Name session={session} store={store} />,
  },
  { column: "state", name: "State", title: "The state of the session's machine", show: ({ state }) => <StatePill state={state} /> },
  { column: "tags", name: "Tags", title: "What the state says of the session", show: ({ tags }) => <Tags tags={tags} /> },
  {
    column: "address",
    name: "Address",
    title: "The client's address, with a lock where TLS protects the stream",
    show: (session) => <Address session={session} />,
  },
  { column: "age", name: "Age", title: "Since it began", isNumber: true, show: ({ since }, _, now) => age(since, now) },
  { column: "received", name: "In", title: "Elements that came from the client", isNumber: true, show: ({ received }) => number(received) },
  {
    column: "delivered",
    name: "Out",
    title: "Stanzas that were delivered to the client",
    isNumber: true,
    show: ({ delivered }) => number(delivered),
  },
  {
    column: "queue",
    name: "Queue",
    title: "Stanzas that the client has not acknowledged (XEP-0198); a dash where it does not count them",
    isNumber: true,
    show: ({ queue }) => <Queue queue={queue} />,
  },
];

export function Head({ order, onOrder }: { readonly order: Order; readonly onOrder: (order: Order) => void }) {
  return columns.map(({ column, name, title, isNumber }, index) => {
    const sorted = order.column === column ? (order.descending ? "descending" : "ascending") : undefined;
    const turn = { column, descending: sorted === undefined ? isNumber === true : !order.descending };
    return (
      <div key={column} role="columnheader" aria-colindex={index + 1} aria-sort={sorted} class={cellClass(column, isNumber)}>
        <button type="button" class="sessions-sort" title={title} onClick={() => onOrder(turn)}>
          {name}
          <span aria-hidden="true" class="sessions-arrow">{sorted === undefined ? "" : sorted === "descending" ? "▾" : "▴"}</span>
        </button>
      </div>
    );
  });
}

export function Cells({ session, store, now }: { readonly session: SessionSummary; readonly store: Store; readonly now: number }) {
  return columns.map(({ column, isNumber, show }, index) => (
    <div key={column} role="gridcell" aria-colindex={index + 1} class={cellClass(column, isNumber)}>
      {show(session, store, now)}
    </div>
  ));
}

/** Two lines in one cell. */
export function Card({ session, store, now }: { readonly session: SessionSummary; readonly store: Store; readonly now: number }) {
  const { state, since, received, delivered, queue } = session;
  return (
    <div role="gridcell" class="sessions-card">
      <div class="sessions-card-name"><Name session={session} store={store} /><span class="sessions-soft sessions-age">{age(since, now)}</span></div>
      <div class="sessions-card-rest">
        <StatePill state={state} />
        {queue !== null && queue > 0 && <span class="sessions-waits">{number(queue)} queued</span>}
        <span class="sessions-soft" title="Elements in, stanzas out">
          <span class="visually-hidden">in </span><span aria-hidden="true">↓</span>{number(received)}{" "}
          <span class="visually-hidden">out </span><span aria-hidden="true">↑</span>{number(delivered)}
        </span>
      </div>
    </div>
  );
}

function Name({ session: { jid, id }, store }: { readonly session: SessionSummary; readonly store: Store }) {
  return (
    <Link store={store} to={{ view: "session", id, tab: "chart" }} class="sessions-name" tabIndex={-1}>
      {jid === null ? <Nobody id={id} /> : <ClientLine text={jid} />}
    </Link>
  );
}

function Nobody({ id }: { readonly id: string }) {
  return (
    <span class="sessions-nobody">
      nobody yet <span class="sessions-id">{visible(id).slice(0, 8)}</span>
    </span>
  );
}

function Tags({ tags }: { readonly tags: readonly string[] }) {
  const words = visible(tags.join(" "));
  return <span class="sessions-soft" title={words}>{words}</span>;
}

function Queue({ queue }: { readonly queue: number | null }) {
  if (queue === null) return <Dash words="not counted" />;
  return <span class={queue > 0 ? "sessions-waits" : ""}>{number(queue)}</span>;
}

function Address({ session: { address, secure } }: { readonly session: SessionSummary }) {
  if (address === null) return <Dash words="no connection" />;
  return (
    <span class="sessions-address" title={`${visible(address)}, ${secure === null ? "without TLS" : visible(secure)}`}>
      {visible(address)}
      {secure !== null && <span class="sessions-lock"><LockIcon /><span class="visually-hidden">{visible(secure)}</span></span>}
    </span>
  );
}

function Dash({ words }: { readonly words: string }) {
  return <span class="sessions-soft"><span aria-hidden="true">–</span><span class="visually-hidden">{words}</span></span>;
}

function cellClass(column: Column, isNumber = false): string {
  return `sessions-cell sessions-cell-${column} ${isNumber ? "sessions-number" : ""}`;
}
