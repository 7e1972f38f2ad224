/** The view of all sessions: those that live, and those of the log. */
import type { Store } from "../model/contract.ts";
import { Tabs } from "../frame/tabs.tsx";
import { later } from "../frame/later.tsx";
import { tabular } from "../frame/room.ts";
import { kind } from "./list-state.ts";
import { LiveList } from "./live-list.tsx";
import { WatchNew } from "./watch-new.tsx";
import "./sessions.css";

const LogList = later("the log", () => import("../frame/rest.ts").then((file) => file.LogList));

export function Sessions({ store }: { readonly store: Store }) {
  if (store.hello.value?.live === false) return <div class="sessions"><h1 class="visually-hidden">Sessions</h1><LogList store={store} /></div>;
  return (
    <div class="sessions">
      <h1 class="visually-hidden">Sessions</h1>
      <Tabs
        label="Sessions"
        tabs={[{ name: "live", title: "Live" }, { name: "log", title: "In the log" }]}
        chosen={kind.value}
        onChoose={(name) => (kind.value = name)}
        beside={kind.value === "live" && <WatchNew store={store} />}
      >
        {kind.value === "live" ? <LiveList store={store} compact={!tabular.value} /> : <LogList store={store} />}
      </Tabs>
    </div>
  );
}
