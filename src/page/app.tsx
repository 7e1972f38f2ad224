/** The page: a head, what is wrong, and the view that the address names. */
import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { ErrorBoundary } from "./frame/error-boundary.tsx";
import { Header } from "./frame/header.tsx";
import { Notices } from "./frame/notices.tsx";
import { singleKeys } from "./frame/remembered.ts";
import { sideList, wide } from "./frame/room.ts";
import { later } from "./frame/later.tsx";
import { sessionTabs } from "./frame/session-tabs.ts";
import { listen } from "./keyboard.ts";
import type { Store } from "./model/contract.ts";
import { Overview } from "./overview/overview.tsx";
import { LiveList } from "./sessions/live-list.tsx";
import { Sessions } from "./sessions/sessions.tsx";
import { visible } from "./text.ts";
import "./style/tokens.css";
import "./style/base.css";
import "./app.css";

const SessionView = later("the session", () => import("./frame/rest.ts").then((file) => file.SessionView));
const ChatView = later("the chat", () => import("./chat/chat-view.tsx").then((file) => file.ChatView));
const Help = later("the help", () => import("./frame/rest.ts").then((file) => file.Help));

export function App({ store }: { readonly store: Store }) {
  // undefined: nobody has asked for it.
  const [help, setHelp] = useState<boolean | undefined>(undefined);
  const [dropped, setDropped] = useState(false);
  const route = store.route.value;
  // Where people write, a letter that misses its field must not lead away.
  useEffect(() => listen(keysOf(store, () => setHelp(true)), () => singleKeys.value === "on" && store.route.value.view !== "chat"), [store]);
  useEffect(() => effect(() => void (document.title = titleOf(store))), [store]);
  return (
    <div class="app">
      <a class="app-skip" href="#main" onClick={skip}>Go to the content</a>
      <ErrorBoundary what="the head of the page">
        <Header store={store} onHelp={() => setHelp(true)} onDropped={() => setDropped(!dropped)} />
        <Notices store={store} droppedShown={dropped} onDroppedDone={() => setDropped(false)} />
      </ErrorBoundary>
      <main id="main" tabIndex={-1} class={`app-main app-${route.view}`}>
        <ErrorBoundary key={route.view} what="this view"><View store={store} /></ErrorBoundary>
      </main>
      {help !== undefined && <Help open={help} onClose={() => setHelp(false)} />}
    </div>
  );
}

/** The fragment of the address is not for places within a view. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function View({ store }: { readonly store: Store }) {
  const route = store.route.value;
  if (store.hello.value === undefined) return <Waiting store={store} />;
  if (route.view === "overview") return <Overview store={store} />;
  if (route.view === "sessions") return <Sessions store={store} />;
  if (route.view === "chat") return <ChatView store={store} tab={route.tab} />;
  const listed = wide.value && sideList.value === "shown" && store.hello.value?.live !== false;
  return (
    <>
      {listed && <aside class="app-list" aria-label="Sessions"><LiveList store={store} compact chosen={route.id} /></aside>}
      <SessionView store={store} id={route.id} tab={route.tab} />
    </>
  );
}

/** Nothing is known yet: no figure is better than one that nobody told. */
function Waiting({ store }: { readonly store: Store }) {
  const words = {
    connecting: "Asking the server …",
    open: "Asking the server …",
    closed: "The server does not answer. Is it running? The page tries again by itself.",
    refused: "Nothing is shown without a token.",
  } as const;
  return <p class="app-waiting">{words[store.connection.value]}</p>;
}

function keysOf(store: Store, help: () => void) {
  const search = () => {
    const field = () => document.getElementById("sessions-search");
    if (field() === null) store.route.value = { view: "sessions" };
    afterDrawing(() => field()?.focus());
  };
  const tab = (index: number) => () => {
    const route = store.route.value;
    if (!("tab" in route)) return;
    store.route.value = { ...route, tab: sessionTabs[index]! };
    // The statechart is no tab where it stands beside the others.
    const place = index === 0 ? ".session-view [role=tab][id$=-chart], .session-view-chart .chart-item[tabindex='0']" : ".session-view [role=tab][aria-selected=true]";
    afterDrawing(() => document.querySelector<HTMLElement>(place)?.focus());
  };
  return [
    { key: "/", run: search },
    { key: "?", run: help },
    { key: "o", run: () => void (store.route.value = { view: "overview" }) },
    { key: "s", run: () => void (store.route.value = { view: "sessions" }) },
    { key: "c", run: () => void (store.hello.value?.chat === true && (store.route.value = { view: "chat", tab: "chart" })) },
    { key: "b", run: () => void (sideList.value = sideList.value === "shown" ? "hidden" : "shown") },
    ...sessionTabs.map((_, index) => ({ key: String(index + 1), run: tab(index) })),
  ];
}

function afterDrawing(task: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(task));
}

function titleOf(store: Store): string {
  const route = store.route.value;
  if (route.view !== "session") return `${titles[route.view]} – refrain`;
  return `${visible(store.sessions.value.get(route.id)?.jid ?? route.id).slice(0, 80)} – refrain`;
}

const titles = { overview: "Overview", sessions: "Sessions", chat: "Chat" } as const;
