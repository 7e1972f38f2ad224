/** One entry of a recording, with all that is known of it. */
import { eventWords } from "../../history/event-words.ts";
import { factWords } from "../../history/words.ts";
import type { Json } from "../../ports.ts";
import type { Entry, Store } from "../model/contract.ts";
import { number } from "../text.ts";
import { ClientText } from "./client-text.tsx";
import { JsonView } from "./json-view.tsx";
import { sinceText, timeText } from "./moments.ts";
import { entryTitle } from "./timeline-words.ts";
import { XmlView } from "./xml-view.tsx";
import "./entry-view.css";

export interface EntryParts {
  readonly store: Store;
  readonly entry: Entry;
  /** When the recording begins. */
  readonly begin: number;
  /** Whether it is the one that is looked at. */
  readonly here: boolean;
}

export function EntryView({ store, entry, begin, here }: EntryParts) {
  return (
    <>
      <Head store={store} entry={entry} begin={begin} here={here} />
      <Body entry={entry} />
    </>
  );
}

function Head({ store, entry, begin, here }: EntryParts) {
  const { what, at, index, position } = entry;
  return (
    <div class="entry-head">
      <span class="entry-what" data-kind={what.kind === "wire" ? what.direction : what.kind}>{entryTitle(entry)}</span>
      <span title={timeText(at)}>{sinceText(at, begin)}</span>
      <span>entry {number(index + 1)}</span>
      {position !== null && <span>log {number(position)}</span>}
      {what.kind === "wire" && <span>{number(what.chars)} characters</span>}
      <button type="button" class="entry-button" disabled={here} onClick={() => (store.place.value = index)}>{here ? "here" : "go here"}</button>
      <button type="button" class="entry-button" aria-pressed={store.mark.value === index} onClick={() => (store.mark.value = store.mark.value === index ? undefined : index)}>
        compare from here
      </button>
    </div>
  );
}

function Body({ entry: { what } }: { readonly entry: Entry }) {
  switch (what.kind) {
    case "wire":
      return <XmlView xml={what.xml} />;
    case "told":
      return (
        <>
          <p class="entry-words"><b><ClientText text={what.event.type} /></b> <ClientText text={eventWords(what.event)} /></p>
          <JsonView value={what.event as unknown as Json} label={`${what.event.type} as JSON`} />
          <p class="entry-words">
            then <code><ClientText text={what.state} /></code>
            {what.transitions?.length === 0 && ", by no transition: the machine has no answer to it there"}
            {what.transitions !== null && what.transitions.length > 0 && <>, by {what.transitions.map((name) => <code key={name}><ClientText text={name} /></code>)}</>}
          </p>
        </>
      );
    case "fact":
      return (
        <>
          <p class="entry-words"><b><ClientText text={what.fact.type} /></b> <ClientText text={factWords(what.fact)} /></p>
          <JsonView value={what.fact.data} label={`${what.fact.type} as JSON`} />
        </>
      );
    case "touched":
      return (
        <>
          <p class="entry-words">to <ClientText text={what.other.jid ?? "a session without a resource"} /> <code><ClientText text={what.other.session} /></code></p>
          <JsonView value={what.stanza as unknown as Json} label="the stanza's outline as JSON" />
        </>
      );
    default:
      return null;
  }
}
