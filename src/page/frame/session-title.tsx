import type { Moment, Recording, Store } from "../model/contract.ts";
import { stateName } from "../../../machines/state-name.ts";
import { ClientText } from "../session/client-text.tsx";
import { ExportMenu } from "../session/export-menu.tsx";
import { sinceText } from "../session/moments.ts";
import { sessionsPlace } from "../sessions/list-state.ts";
import { phaseOf, shortState } from "../sessions/phase.ts";
import { dateAndTime, visible } from "../text.ts";
import { age } from "./age.ts";
import { CopyButton } from "./copy-button.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { BackIcon, ListIcon } from "./icons.tsx";
import { Link } from "./links.tsx";
import { sideList, wide } from "./room.ts";
import { StatePill } from "./state-pill.tsx";

export function SessionTitle({ store, id }: { readonly store: Store; readonly id: string }) {
  const summary = store.sessions.value.get(id);
  const recording = store.recording.value?.id === id ? store.recording.value : undefined;
  void store.revision.value;
  const last = recording?.momentAt(recording.entries.length - 1);
  // The list comes once a second, what is watched as it happens.
  const state = stateOf(last) ?? summary?.state;
  const isBack = recording !== undefined && store.place.value !== "last";
  return (
    <header class="session-title">
      {store.route.value.view === "chat" ? null : wide.value ? <ListToggle /> : (
        <Link store={store} to={sessionsPlace.value} class="session-title-back"><BackIcon /><span class="visually-hidden">All sessions</span></Link>
      )}
      <div class="session-title-words">
        <h1><Name text={summary?.jid ?? nameIn(store, id, recording) ?? (recording === undefined && store.problem.value !== "" ? "A session that is not known" : "nobody yet")} /></h1>
        <p>
          {isBack
            ? <Back store={store} recording={recording} state={state} />
            : <>{state !== undefined && <StatePill state={state} whole={wide.value} />}<Life store={store} recording={recording} state={state} since={summary?.since} /></>}
          <span class="session-title-id"><code>{visible(id)}</code><CopyButton text={id} what="the id" /></span>
        </p>
      </div>
      {recording !== undefined && <div class="session-title-end"><ErrorBoundary what="the export"><ExportMenu store={store} /></ErrorBoundary></div>}
    </header>
  );
}

/** A full JID; where there is no room for it in one line, its resource has one of its own. */
function Name({ text }: { readonly text: string }) {
  const slash = text.indexOf("/");
  if (slash < 0 || text.length > nameCharsMax) return <ClientText text={text} max={nameCharsMax} />;
  return <bdi>{visible(text.slice(0, slash))}<span class="session-title-resource">{visible(text.slice(slash))}</span></bdi>;
}

const nameCharsMax = 120;

/** The state as it was at the place that is looked at, and the last one beside it. */
function Back({ store, recording, state }: { readonly store: Store; readonly recording: Recording; readonly state: string | undefined }) {
  const moment = store.moment.value;
  const then = stateOf(moment);
  const [first, entry] = [recording.entries[0], recording.entries[moment?.index ?? -1]];
  const isLive = recording.live && store.connection.value === "open";
  return (
    <>
      {then !== undefined && <StatePill state={then} whole={wide.value} />}
      <strong class="session-title-back-at">as it was{first !== undefined && entry !== undefined && ` at ${sinceText(entry.at, first.at)}`}</strong>
      {state !== undefined && <span class="session-title-now">{isLive ? "now" : recording.live ? "last known" : "in the end"}: {visible(wide.value ? state : shortState(state))}</span>}
      {isLive && <button type="button" class="session-title-to-live" onClick={() => (store.place.value = "last")}>Live</button>}
    </>
  );
}

function stateOf(moment: Moment | undefined): string | undefined {
  const snapshot = moment?.snapshot ?? null;
  return snapshot === null ? undefined : stateName(snapshot.value);
}

/** As it is known from elsewhere, when it does not live. */
function nameIn(store: Store, id: string, recording: Recording | undefined): string | undefined {
  const row = store.hello.value?.opened.find((one) => one.id === id);
  if (row !== undefined) return `${row.username}@${row.host}${row.resource === null ? "" : `/${row.resource}`}`;
  return (recording && lastNameIn(recording)) ?? store.lastName(id);
}

/** The end of a session takes its resource away: the last name that it had is what people look for. */
function lastNameIn(recording: Recording): string | undefined {
  const last = recording.entries.length - 1;
  for (let index = last; index >= Math.max(0, last - endingEntriesMax); index -= 1) {
    const full = recording.momentAt(index).past?.session.full_jid ?? null;
    if (full !== null) return full;
  }
  const { username = null, host } = recording.momentAt(last).past?.session ?? {};
  return username === null ? undefined : `${username}@${host}`;
}

/** Within so many entries a session has closed. */
const endingEntriesMax = 40;

interface LifeProps {
  readonly store: Store;
  readonly recording: Recording | undefined;
  readonly state: string | undefined;
  readonly since: number | undefined;
}

function Life({ store, recording, state, since }: LifeProps) {
  // It goes on with each second.
  void store.totals.value;
  if (recording === undefined) return null;
  if (recording.live && store.connection.value !== "open") return <span class="session-title-recorded">as last known: the server is away</span>;
  if (recording.live && state !== undefined && phaseOf(state) === "hibernating") {
    return <span class="session-title-waits">waits for its client{since !== undefined && `; it began ${age(since, store.now())} ago`}</span>;
  }
  if (recording.live) return <span class="session-title-live">live{since !== undefined && `, for ${age(since, store.now())}`}</span>;
  const last = recording.entries.at(-1);
  const { ended = false, reason } = recording.momentAt(recording.entries.length - 1).past ?? {};
  return (
    <span class="session-title-recorded">
      recorded{last !== undefined && `, ${ended ? "ended" : "up to"} ${dateAndTime(last.at)} UTC`}
      {ended && reason !== undefined && reason !== null && reason !== "" && <>: <bdi>{visible(reason)}</bdi></>}
    </span>
  );
}

function ListToggle() {
  const shown = sideList.value === "shown";
  const words = `${shown ? "Hide" : "Show"} the list of sessions`;
  return (
    <button type="button" class="frame-icon-button" aria-label={words} title={`${words} (b)`}
      onClick={() => (sideList.value = shown ? "hidden" : "shown")}>
      <ListIcon />
    </button>
  );
}
