/** Sessions that the log knows: those that have ended, and those that live. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { SessionRow } from "../../history/source.ts";
import type { Store } from "../model/contract.ts";
import { counted, dateAndTime, visible } from "../text.ts";
import { ClientLine } from "../frame/client-line.tsx";
import { Link } from "../frame/links.tsx";
import { age } from "../frame/age.ts";
import { logText } from "./list-state.ts";

type Found =
  | { readonly kind: "nothing asked" | "looking" }
  | { readonly kind: "found"; readonly text: string; readonly rows: readonly SessionRow[] }
  | { readonly kind: "failed"; readonly why: string };

/** A find tells no more than so many. */
const foundMax = 200;

export function LogList({ store }: { readonly store: Store }) {
  const [found, setFound] = useState<Found>({ kind: "nothing asked" });
  const asked = useRef(0);
  const opened = store.hello.value?.opened ?? [];

  const look = async (text: string) => {
    const turn = ++asked.current;
    const tell = (what: Found) => turn === asked.current && setFound(what);
    if (text === "") return tell({ kind: "nothing asked" });
    tell({ kind: "looking" });
    try {
      tell({ kind: "found", text, rows: await store.find(text) });
    } catch (error) {
      tell({ kind: "failed", why: error instanceof Error ? error.message : String(error) });
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void look(logText.value.trim());
  };
  // Who comes from the list that live has asked already.
  useEffect(() => void look(logText.value.trim()), []);

  return (
    <div class="sessions-log">
      <form class="sessions-tools" role="search" aria-label="Sessions of the log" onSubmit={submit}>
        <input type="search" class="sessions-search" id="sessions-search" aria-label="A bare JID, or the beginning of an id"
          placeholder="juliet@example.org, or the beginning of an id" autocomplete="off" spellcheck={false} maxLength={3_100}
          value={logText.value} onInput={(event) => (logText.value = event.currentTarget.value)} />
        <button type="submit">Look in the log</button>
      </form>
      <div class="sessions-log-found" role="region" aria-label="What was found" tabIndex={0}>
        {found.kind === "nothing asked" && opened.length > 0 && <Rows store={store} rows={opened} caption="Opened" />}
        {found.kind === "nothing asked" && opened.length === 0 && (
          <p class="sessions-empty">
            The log knows every session from its login on, ended or not. Give a bare JID (<code>juliet@example.org</code>) for all sessions of a
            user, or the beginning of a session's id.
          </p>
        )}
        <div role="status">
          {found.kind === "looking" && <p class="sessions-empty">Looking …</p>}
          {found.kind === "failed" && <p class="sessions-empty sessions-failed">{visible(found.why)}</p>}
          {found.kind === "found" && found.rows.length === 0 && (
            <p class="sessions-empty">
              The log knows no session of <ClientLine text={found.text} />. A user is found by the whole bare JID, a session by
              how its id begins; logs are kept for as long as the server is told to.
            </p>
          )}
        </div>
        {found.kind === "found" && found.rows.length > 0 && (
          <Rows store={store} rows={found.rows}
            caption={found.rows.length < foundMax ? counted(found.rows.length, "session") : `The newest ${foundMax} sessions`} />
        )}
      </div>
    </div>
  );
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
