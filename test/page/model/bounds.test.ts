/** What a page keeps has a bound, however long it is open. */
import { describe, expect, it } from "vitest";
import type { SessionSummary } from "../../../src/domain/session-summary.ts";
import type { FromPage, FromServer } from "../../../src/inspector/protocol.ts";
import type { FeedHandlers } from "../../../src/page/model/connection.ts";
import { createStore } from "../../../src/page/model/store.ts";
import { begin, startAt } from "../../machines/telling.ts";
import { begunOf } from "./support.ts";

const hello: FromServer = { type: "hello", software: "refrain", version: "0.0.0", hosts: ["localhost"], bodies: false, live: true, chat: false, opened: [], at: 1_000_000 };
const summary = (id: string): SessionSummary => ({
  id, jid: null, state: "awaitingStream", tags: [], address: null, secure: null, since: 0, received: 0, delivered: 0, queue: null,
});
const watching = (id: string): FromServer => ({ ...begunOf(begin().snapshot, startAt), summary: summary(id) });

/** A store whose server says what the test wants. */
async function connected() {
  let handlers: FeedHandlers | undefined;
  const said: FromPage[] = [];
  const store = createStore({
    connect: (given) => {
      handlers = given;
      return { send: (text) => said.push(JSON.parse(text) as FromPage), close: () => undefined };
    },
    enter: () => Promise.resolve("entered"),
    clock: { now: () => 5_000, after: () => () => undefined },
    address: { fragment: () => "", replace: () => undefined, push: () => undefined, onChanged: () => undefined },
  });
  await new Promise((resolve) => setImmediate(resolve));
  handlers!.opened();
  const tell = (message: FromServer) => handlers!.text(JSON.stringify(message));
  tell(hello);
  return { store, said, tell };
}

describe("What a page keeps", () => {
  it("of the totals is two minutes, and its clock is the server's", async () => {
    const { store, tell } = await connected();
    expect(store.now()).toBe(1_000_000);
    for (let second = 0; second < 300; second += 1) tell({ type: "totals", at: second, sessions: 1, told: second, loginFailures: {} });
    expect(store.totals.value.length).toBe(120);
    expect(store.totals.value.at(-1)!.told).toBe(299);
  });

  it("of the list is what lives: all of it anew when it is told whole, in parts", async () => {
    const { store, tell } = await connected();
    tell({ type: "list", at: 0, whole: true, changed: [summary("a"), summary("b")], gone: [] });
    tell({ type: "list", at: 0, whole: false, changed: [summary("c")], gone: ["a"] });
    expect([...store.sessions.value.keys()]).toEqual(["b", "c"]);
    tell({ type: "list", at: 1, whole: true, changed: [summary("d")], gone: [] });
    tell({ type: "list", at: 1, whole: false, changed: [summary("e")], gone: [] });
    expect([...store.sessions.value.keys()]).toEqual(["d", "e"]);
  });

  it("of the sessions that are watched is what was looked at last, and lets the others go", async () => {
    const { store, said, tell } = await connected();
    for (let index = 0; index < 20; index += 1) {
      store.route.value = { view: "session", id: `s${index}`, tab: "chart" };
      expect(store.recording.value).toBe(undefined);
      tell(watching(`s${index}`));
      expect(store.recording.value?.id).toBe(`s${index}`);
      const watched = said.filter(({ type }) => type === "watch").length - said.filter(({ type }) => type === "unwatch").length;
      expect(watched).toBeLessThanOrEqual(7);
    }
    // Who comes back soon finds what was told meanwhile.
    tell({ type: "items", dropped: 3, items: [{ session: "s18", at: startAt, kind: "told", step: "x", event: { type: "stream.ended", at: startAt }, state: "closed", transitions: [] }] });
    store.route.value = { view: "session", id: "s18", tab: "chart" };
    expect(store.recording.value!.entries.length).toBe(2);
    expect(store.dropped.value).toBe(3);
    expect(said.filter((message) => message.type === "watch" && message.session === "s18").length).toBe(1);
  });

  it("of new sessions are fifty", async () => {
    const { store, said, tell } = await connected();
    for (let index = 0; index < 80; index += 1) tell(watching(`n${index}`));
    const gone = said.flatMap((message) => (message.type === "unwatch" ? [message.session] : []));
    expect(gone).toEqual(Array.from({ length: 30 }, (_, index) => `n${index}`));
    expect(store.recording.value).toBe(undefined);
    store.route.value = { view: "session", id: "n79", tab: "chart" };
    expect(store.recording.value!.momentAt(0).active).toEqual(["awaitingStream"]);
  });
});
