/** The chosen step of a sequence diagram, with what it led to in other streams of the log. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { factWords } from "../../history/words.ts";
import type { StoredFact } from "../../ports.ts";
import { browserClock } from "../browser.ts";
import type { Entry, Store } from "../model/contract.ts";
import { number } from "../text.ts";
import { ClientText } from "./client-text.tsx";
import { EntryView } from "./entry-view.tsx";

/** Milliseconds that a step has to be looked at before the server is asked, so that a slider that is dragged asks nothing. */
const patienceMs = 250;
const factsMax = 50;

interface Answer {
  readonly entry: Entry;
  readonly facts: readonly StoredFact[];
  readonly problem: string;
}

export function RelatedFacts({ store, entry, begin }: { readonly store: Store; readonly entry: Entry | undefined; readonly begin: number }) {
  const answer = useSignal<Answer | undefined>(undefined);
  const position = entry?.position ?? null;
  useEffect(() => {
    answer.value = undefined;
    if (entry === undefined || entry.step === "") return;
    let wanted = true;
    const take = (facts: readonly StoredFact[], problem: string): void => {
      if (wanted) answer.value = { entry, facts, problem };
    };
    const cancel = browserClock.after(patienceMs, () => {
      store.related(entry).then((facts) => take(facts, ""), (error: unknown) => take([], error instanceof Error ? error.message : String(error)));
    });
    return () => {
      wanted = false;
      cancel();
    };
  }, [entry?.index, position]);
  if (entry === undefined) return null;
  const facts = answer.value?.facts ?? [];
  return (
    <aside class="sequence-chosen" aria-label="The chosen step">
      <EntryView store={store} entry={entry} begin={begin} here />
      {answer.value !== undefined && answer.value.problem !== "" && <p class="sequence-problem">{answer.value.problem}</p>}
      {facts.length > 0 && (
        <>
          <h3 class="sequence-title">In other streams of the log</h3>
          <ul class="sequence-facts">
            {facts.slice(0, factsMax).map((fact) => (
              <li key={fact.position}>
                <span class="sequence-stream"><ClientText text={fact.stream} max={60} /> · {number(fact.position)}</span>
                <b><ClientText text={fact.type} /></b> <ClientText text={factWords(fact)} />
              </li>
            ))}
          </ul>
          {facts.length > factsMax && <p>and {number(facts.length - factsMax)} more</p>}
        </>
      )}
    </aside>
  );
}
