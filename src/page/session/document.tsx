/** The session at the place that is looked at, as it is documented, with what has changed. */
import { Fragment } from "preact";
import { differences, type Difference } from "../../history/differences.ts";
import type { QueuedStanza } from "../../history/session-fold.ts";
import type { SessionPast } from "../../history/session-past.ts";
import { stanzaWords } from "../../history/words.ts";
import type { Json } from "../../ports.ts";
import type { Moment, Recording, Store } from "../model/contract.ts";
import { number } from "../text.ts";
import { ClientText } from "./client-text.tsx";
import { changedNames, documentedFields, type Field, fieldsBeneath, kindsOf, listChange, worthTelling } from "./documented.ts";
import { JsonView } from "./json-view.tsx";
import { isTimeName, timeText } from "./moments.ts";
import { XmlView } from "./xml-view.tsx";
import "./document.css";

const queuedMax = 50;
const differencesMax = 100;

export function DocumentedSession({ store }: { readonly store: Store }) {
  const [recording, moment] = [store.recording.value, store.moment.value];
  if (recording === undefined || moment === undefined) return <p class="document-empty">No session is chosen, or it is being looked for.</p>;
  if (moment.past === null) return <p class="document-empty">Here the state is not known yet: neither the watching nor the log has told it. Go on to the first snapshot.</p>;
  return <Document store={store} recording={recording} moment={moment} past={moment.past} />;
}

function Document({ store, recording, moment, past }: { readonly store: Store; readonly recording: Recording; readonly moment: Moment; readonly past: SessionPast }) {
  const basis = store.mark.value ?? moment.index - 1;
  const roster = store.rosterAt(moment.index);
  const found = basis < 0 ? [] : worthTelling([...recording.differences(basis, moment.index), ...rosterDifference(store.rosterAt(basis), roster)]);
  const changed = changedNames(found);
  const summary = store.sessions.value.get(recording.id);
  const address = store.place.value === "last" && recording.live ? (summary?.address ?? null) : null;
  const conn = address === null ? undefined : { address, secure: summary?.secure ?? null };
  const against = store.mark.value === undefined ? "the entry before" : `entry ${number(basis + 1)}`;
  return (
    <section class="document" aria-label="The documented session" tabIndex={0}>
      {moment.disagreements.length > 0 && <Disagreements moment={moment} />}
      <Fields title="Session" fields={documentedFields(past, conn, roster)} changed={changed} against={against} presence={past.session.presence?.text ?? null} />
      <ul class="document-kinds" aria-label="What kind of resource it is">
        {kindsOf(past).map(({ name, is, why }) => (
          <li key={name} data-is={is}><b>{is ? "✓" : "✕"} {name}: {is ? "yes" : "no"}</b> <span>{why}</span></li>
        ))}
      </ul>
      <Fields title="Beneath" fields={fieldsBeneath(past, recording.entries[moment.index]?.at ?? past.at)} changed={changed} against={against} presence={null} />
      {past.queue.length > 0 && <Queue queue={past.queue} />}
      {Object.keys(past.extensions).length > 0 && (
        <>
          <h3 class="document-title">Extensions</h3>
          <JsonView value={past.extensions} label="what extensions remember, as JSON" />
        </>
      )}
      <Differences found={found} against={against} />
    </section>
  );
}

/** Of the account's roster, where both are known: the session itself does not change with it. */
function rosterDifference(before: ReturnType<Store["rosterAt"]>, after: ReturnType<Store["rosterAt"]>): readonly Difference[] {
  return before && after ? differences(before, after, "roster") : [];
}

interface FieldsParts {
  readonly title: string;
  readonly fields: readonly Field[];
  readonly changed: ReadonlySet<string>;
  readonly against: string;
  /** The stanza, where it is kept. */
  readonly presence: string | null;
}

function Fields({ title, fields, changed, against, presence }: FieldsParts) {
  return (
    <table class="document-fields">
      <caption>{title}</caption>
      <thead class="document-hidden">
        <tr><th scope="col">Name</th><th scope="col">Value</th><th scope="col">Meaning</th></tr>
      </thead>
      <tbody>
        {fields.map(({ name, value, note, meaning }) => (
          <tr key={name} data-changed={changed.has(name)}>
            <th scope="row">{name}</th>
            <td>
              {changed.has(name) && <span class="document-changed" title={`another value than at ${against}`}>● changed</span>}
              {name === "presence" && presence !== null ? <XmlView xml={presence} /> : <Value value={value} />}
              {note !== "" && <span class="document-note"><ClientText text={note} /></span>}
            </td>
            <td class="document-meaning">{meaning}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ value }: { readonly value: string | null }) {
  if (value === null) return <span class="document-none">nil</span>;
  return <span class="document-value"><ClientText text={value} /></span>;
}

function Queue({ queue }: { readonly queue: readonly QueuedStanza[] }) {
  return (
    <>
      <h3 class="document-title">Queue</h3>
      <ol class="document-list">
        {queue.slice(0, queuedMax).map((stanza) => (
          <li key={stanza.number}><Queued stanza={stanza} /></li>
        ))}
      </ol>
      {queue.length > queuedMax && <p class="document-note">and {number(queue.length - queuedMax)} more</p>}
    </>
  );
}

function Queued({ stanza }: { readonly stanza: QueuedStanza }) {
  return <><b>{number(stanza.number)}</b> <ClientText text={stanzaWords(stanza)} />{stanza.copy && <span class="document-note">a copy</span>}</>;
}

function Differences({ found, against }: { readonly found: readonly Difference[]; readonly against: string }) {
  return (
    <>
      <h3 class="document-title">What differs from {against}</h3>
      {found.length === 0 ? <p class="document-note">Nothing.</p> : (
        <table class="document-differences">
          <thead>
            <tr><th scope="col">Name</th><th scope="col">At {against}</th><th scope="col">Here</th></tr>
          </thead>
          <tbody>
            {found.slice(0, differencesMax).map(({ path, before, after }) => (
              <tr key={path}>
                <th scope="row">
                  {path.split(".").map((name, index) => <Fragment key={index}>{index > 0 && <>.<wbr /></>}<ClientText text={name} max={80} /></Fragment>)}
                </th>
                <Sides path={path} before={before} after={after} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.length > differencesMax && <p class="document-note">and {number(found.length - differencesMax)} more</p>}
    </>
  );
}

function Sides({ path, before, after }: Difference) {
  const change = listChange(before, after);
  if (change === undefined) return <><td><Shown path={path} value={before} /></td><td><Shown path={path} value={after} /></td></>;
  return <><td><Items path={path} sign="−" items={change.gone} /></td><td><Items path={path} sign="+" items={change.added} /></td></>;
}

/** What is only on this side. */
function Items({ path, sign, items }: { readonly path: string; readonly sign: string; readonly items: readonly Json[] }) {
  if (items.length === 0) return null;
  return (
    <ul class="document-list">
      {items.slice(0, queuedMax).map((item, index) => <li key={index}>{sign} {path === "queue" ? <Queued stanza={item as unknown as QueuedStanza} /> : <Shown value={item} />}</li>)}
      {items.length > queuedMax && <li>and {number(items.length - queuedMax)} more</li>}
    </ul>
  );
}

function Shown({ path = "", value }: { readonly path?: string; readonly value: Json | undefined }) {
  if (typeof value === "number" && (isTimeName(path.split(".").at(-1)!) || path.startsWith("timers."))) return <span class="document-value">{timeText(value)}</span>;
  if (value === undefined || value === null) return <span class="document-none">{value === null ? "nil" : "none"}</span>;
  return <span class="document-value"><ClientText text={typeof value === "string" ? value : JSON.stringify(value)} max={160} /></span>;
}

function Disagreements({ moment }: { readonly moment: Moment }) {
  return (
    <div class="document-warning" role="note">
      <b>The recording says something else than what the machine makes of it:</b>
      <ul class="document-list">
        {moment.disagreements.slice(0, 20).map(({ position, what, folded, recorded }, index) => (
          <li key={index}>
            log {number(position)}, <ClientText text={what} max={80} />: folded <Shown value={folded} />, recorded <Shown value={recorded} />
          </li>
        ))}
      </ul>
    </div>
  );
}
