/** The view of all sessions: those that live, and those of the log. */
import { useEffect } from "preact/hooks";
import type { Store } from "../model/contract.ts";
import { Tabs } from "../frame/tabs.tsx";
import { later } from "../frame/later.tsx";
import { tabular } from "../frame/room.ts";
import { sessionsPlace } from "./list-state.ts";
import { LiveList } from "./live-list.tsx";
import { WatchNew } from "./watch-new.tsx";
import "./sessions.css";

const LogList = later("the log", () => import("../frame/rest.ts").then((file) => file.LogList));

export function Sessions({ store }: { readonly store: Store }) {
  const route = store.route.value;
  useEffect(() => {
    if (route.view === "sessions") sessionsPlace.value = route;
  }, [route]);
  const chosen = route.view === "sessions" && route.log !== undefined ? "log" : "live";
  if (store.hello.value?.live === false) return <div class="sessions"><h1 class="visually-hidden">Sessions</h1><LogList store={store} /></div>;
  return (
    <div class="sessions">
      <h1 class="visually-hidden">Sessions</h1>
      <Tabs
        label="Sessions"
        tabs={[{ name: "live", title: "Live" }, { name: "log", title: "In the log" }]}
        chosen={chosen}
        onChoose={(name) => (store.route.value = name === "live" ? { view: "sessions" } : { view: "sessions", log: "" })}
        beside={chosen === "live" && <WatchNew store={store} />}
      >
        {chosen === "live" ? <LiveList store={store} compact={!tabular.value} /> : <LogList store={store} />}
      </Tabs>
    </div>
  );
}
