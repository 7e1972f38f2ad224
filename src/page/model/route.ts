/** Where one is in the page, as the fragment of its address: `#/sessions`, `#/sessions/log/juliet%40localhost`, `#/session/ID/chart`, `#/chat`. */
import type { Route, SessionTab } from "./contract.ts";

const tabs: readonly SessionTab[] = ["chart", "timeline", "sequence", "session"];

/** What is no place of the page leads to the overview. */
export function routeOf(fragment: string): Route {
  const [view, id, tab] = fragment.replace(/^#?\/?/, "").split("/");
  if (view === "chat") return { view: "chat", tab: tabOf(id) };
  if (view === "sessions") return id === "log" ? { view: "sessions", log: decoded(tab ?? "") } : { view: "sessions" };
  if (view !== "session" || id === undefined || id === "") return { view: "overview" };
  return { view: "session", id: decoded(id), tab: tabOf(tab) };
}

function tabOf(name: string | undefined): SessionTab {
  return tabs.find((known) => known === name) ?? "chart";
}

export function fragmentOf(route: Route): string {
  if (route.view === "overview") return "#/";
  if (route.view === "chat") return route.tab === "chart" ? "#/chat" : `#/chat/${route.tab}`;
  if (route.view === "session") return `#/session/${encoded(route.id)}/${route.tab}`;
  return route.log === undefined ? "#/sessions" : `#/sessions/log${route.log === "" ? "" : `/${encoded(route.log)}`}`;
}

/** The token in an address that the server printed, `#token=…`, or `#token=…/chat` with a place; undefined for any other. */
export function tokenIn(fragment: string): string | undefined {
  return /^#token=([\w-]+)(?:\/|$)/.exec(fragment)?.[1];
}

/** The place in such an address. */
export function placeBeyondToken(fragment: string): string {
  return fragment.replace(/^#token=[\w-]+\/?/, "#/");
}

function encoded(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, "\ufffd"));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
