/** Sessions that the log knows: those that have ended, and those that live. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { SessionRow } from "../../history/source.ts";
import type { Store } from "../model/contract.ts";
import { counted, dateAndTime, visible } from "../text.ts";
import { ClientLine } from "../frame/client-line.tsx";
import { Link } from "../frame/links.tsx";
import { age } from "../frame/age.ts";

type Found =
  | { readonly kind: "opened" | "looking" }
  | { readonly kind: "found"; readonly text: string; readonly rows: readonly SessionRow[] }
  | { readonly kind: "failed"; readonly why: string };

/** A find tells no more than so many. */
const foundMax = 200;
/** Where nothing is asked. */
const newestMax = 100;

export function LogList({ store }: { readonly store: Store }) {
  const route = store.route.value;
  const wanted = route.view === "sessions" ? (route.log ?? "") : "";
  const [found, setFound] = useState<Found>({ kind: "looking" });
  const [text, setText] = useState(wanted);
  const asked = useRef(0);
  const opened = store.hello.value?.opened ?? [];

  const look = async (text: string) => {
    const turn = ++asked.current;
    const tell = (what: Found) => turn === asked.current && setFound(what);
    if (text === "" && opened.length > 0) return tell({ kind: "opened" });
    tell({ kind: "looking" });
    try {
      tell({ kind: "found", text, rows: await store.find(text) });
    } catch (error) {
      tell({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    // Another object each time: who asks again is answered again.
    store.route.value = { view: "sessions", log: text.trim() };
  };
  const isOpen = store.connection.value === "open";
  useEffect(() => {
    setText(wanted);
    if (isOpen) void look(wanted.trim());
  }, [route, isOpen]);

  return (
    <div class="sessions-log">
      <form class="sessions-tools" role="search" aria-label="Sessions of the log" onSubmit={submit}>
        <input type="search" class="sessions-search" id="sessions-search" aria-label="A bare JID, or the beginning of an id"
          placeholder="juliet@example.org, or the beginning of an id" autocomplete="off" spellcheck={false} maxLength={3_100}
          value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit">Look in the log</button>
      </form>
      <div class="sessions-log-found" role="region" aria-label="What was found" tabIndex={0}>
        {found.kind === "opened" && <Rows store={store} rows={opened} caption="Opened" />}
        <div role="status">
          {found.kind === "looking" && <p class="sessions-empty">Looking …</p>}
          {found.kind === "failed" && <p class="sessions-empty sessions-failed">{visible(found.why)}</p>}
          {found.kind === "found" && found.rows.length === 0 && found.text === "" && (
            <p class="sessions-empty">
              Nobody has logged in yet. The log knows every session from its login on, ended or not: by a bare
              JID (<code>juliet@example.org</code>), or by the beginning of the session's id.
            </p>
          )}
          {found.kind === "found" && found.rows.length === 0 && found.text !== "" && (
            <p class="sessions-empty">
              The log knows no session of <ClientLine text={found.text} />. A user is found by the whole bare JID, a session by
              how its id begins; logs are kept for as long as the server is told to.
            </p>
          )}
        </div>
        {found.kind === "found" && found.rows.length > 0 && (
          <Rows store={store} rows={found.rows}
            caption={captionOf(found.text, found.rows.length)} />
        )}
      </div>
    </div>
  );
}

function captionOf(text: string, count: number): string {
  return count < (text === "" ? newestMax : foundMax) ? counted(count, "session") : `The newest ${count} sessions`;
}

function Rows({ store, rows, caption }: { readonly store: Store; readonly rows: readonly SessionRow[]; readonly caption: string }) {
  const now = store.now();
  return (
    <table class="sessions-log-table">
      <caption>{caption}</caption>
      <thead>
        <tr>{["Session", "Began (UTC)", "Ended (UTC)", "Lasted", "Why it ended"].map((name) => <th key={name} scope="col">{name}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.host}/${row.id}`} class={row.endedAt === null ? "" : "sessions-log-ended"}>
            <th scope="row">
              <Link store={store} to={{ view: "session", id: row.id, tab: "chart" }}>
                <ClientLine text={`${row.username}@${row.host}${row.resource === null ? "" : `/${row.resource}`}`} />
              </Link>
              <code class="sessions-id">{visible(row.id)}</code>
            </th>
            <td data-name="began"><Time at={row.startedAt} /></td>
            <td data-name={row.endedAt === null ? "" : "ended"}>{row.endedAt === null ? "has not ended" : <Time at={row.endedAt} />}</td>
            <td data-name="lasted">{age(row.startedAt, row.endedAt ?? now)}</td>
            <td data-name="" class="sessions-log-why">{row.reason === null || row.reason === "" ? "" : <ClientLine text={row.reason} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Time({ at }: { readonly at: number }) {
  return <time dateTime={new Date(at).toISOString()}>{dateAndTime(at)}</time>;
}
