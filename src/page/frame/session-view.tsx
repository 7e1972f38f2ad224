/** One session: its statechart, its timeline, who it talked to, what is known of it, and the way through its time. */
import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Chart } from "../chart/chart.tsx";
import type { SessionTab, Store } from "../model/contract.ts";
import { DocumentedSession } from "../session/document.tsx";
import { Sequence } from "../session/sequence.tsx";
import { Timeline } from "../session/timeline.tsx";
import { Travel } from "../session/travel.tsx";
import { active } from "../sessions/list-state.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { Looking } from "./looking.tsx";
import { roomy, sideList, wide } from "./room.ts";
import { sessionTabs, tabTitles } from "./session-tabs.ts";
import { SessionTitle } from "./session-title.tsx";
import { Tabs } from "./tabs.tsx";
import "./session-view.css";


export function SessionView({ store, id, tab }: { readonly store: Store; readonly id: string; readonly tab: SessionTab }) {
  // What is looked for in the timeline: the statechart asks for the events that are clicked there.
  const search = useSignal("");
  useEffect(() => {
    active.value = id;
    search.value = "";
  }, [id]);
  const recording = store.recording.value;
  // The statechart stands beside the rest where there is room for both.
  const isSplit = roomy.value || (wide.value && sideList.value === "hidden");
  const chosen = isSplit && tab === "chart" ? "timeline" : tab;
  const known = recording !== undefined && recording.id === id;
  const go = (name: SessionTab) => (store.route.value = store.route.value.view === "chat" ? { view: "chat", tab: name } : { view: "session", id, tab: name });
  const findEvent = (event: string) => {
    search.value = event;
    if (chosen !== "timeline") go("timeline");
  };
  const isPast = known && (!recording.live || store.connection.value !== "open");
  return (
    <section class={`session-view ${isPast ? "session-view-past" : ""}`} aria-label="Session">
      <SessionTitle store={store} id={id} />
      {known ? (
        <>
          <div class="session-view-parts">
            {isSplit && (
              <section class="session-view-chart" aria-label="Statechart">
                <ErrorBoundary what="the statechart"><Chart store={store} onEvent={findEvent} /></ErrorBoundary>
              </section>
            )}
            <Tabs
              label="What of the session"
              tabs={sessionTabs.filter((name) => !isSplit || name !== "chart").map((name) => ({ name, title: tabTitles[name] }))}
              chosen={chosen}
              onChoose={go}
            >
              <ErrorBoundary key={`${id} ${chosen}`} what={`the ${tabTitles[chosen].toLowerCase()}`}>
                <Part store={store} name={chosen} search={search} onEvent={findEvent} />
              </ErrorBoundary>
            </Tabs>
          </div>
          <div class="session-view-travel">
            <ErrorBoundary what="the slider"><Travel store={store} /></ErrorBoundary>
          </div>
        </>
      ) : (
        <p class="session-view-wait" role="status">
          {store.connection.value !== "open" || store.problem.value === "" ? <Looking store={store} /> : "There is nothing to show of this session."}
        </p>
      )}
    </section>
  );
}

function Part(props: {
  readonly store: Store;
  readonly name: SessionTab;
  readonly search: Signal<string>;
  readonly onEvent: (event: string) => void;
}) {
  const { store, name, search, onEvent } = props;
  switch (name) {
    case "chart":
      return <Chart store={store} onEvent={onEvent} />;
    case "timeline":
      return <Timeline store={store} search={search} />;
    case "sequence":
      return <Sequence store={store} />;
    case "session":
      return <DocumentedSession store={store} />;
  }
}
