/** What the feed is made of, by itself: the list's changes, places in a stream, and what a page is sent at a time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectorFrameCharsMax, inspectorQueueCharsMax, inspectorQueueItemsMax, inspectorRowsMax, inspectorUnsentBytesMax } from "../../src/domain/limits.ts";
import type { SessionSummary } from "../../src/domain/session-summary.ts";
import type { HistorySource } from "../../src/history/source.ts";
import { listFrames, SessionList } from "../../src/inspector/list.ts";
import type { FromServer } from "../../src/inspector/protocol.ts";
import { versionBefore } from "../../src/inspector/stream-place.ts";
import { Viewer } from "../../src/inspector/viewer.ts";
import { liveClock } from "../../src/live.ts";
import type { StoredFact } from "../../src/ports.ts";
import { Page } from "./page.ts";

const row = (id: string, more: Partial<SessionSummary> = {}): SessionSummary => ({
  id, jid: null, state: "awaitingStream", tags: ["notopen"], address: "127.0.0.1", secure: null, since: 1, received: 0, delivered: 0, queue: null, ...more,
});

type List = Extract<FromServer, { type: "list" }>;
const parsed = (frames: readonly string[]): readonly List[] => frames.map((frame) => JSON.parse(frame) as List);

describe("The list", () => {
  it("brings whoever follows it to what is there, whatever changes", () => {
    const rows = fc.uniqueArray(
      fc.record({ id: fc.constantFrom(..."abcdefgh"), received: fc.nat(2), tags: fc.subarray(["notopen", "c2s"]), jid: fc.constantFrom(null, "a@b", "a@b/c"), queue: fc.constantFrom(null, 0, 1) }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 6 }), (moments) => {
        const list = new SessionList();
        const page = new Map<string, SessionSummary>();
        for (const moment of moments) {
          const now = moment.map(({ id, ...more }) => row(id, more));
          const known = new Map(page);
          const { changed, gone } = list.update(now);
          for (const { changed: some, gone: others } of parsed(listFrames(1, false, changed, gone))) {
            for (const one of some) page.set(one.id, one);
            for (const id of others) page.delete(id);
          }
          expect([...page.values()].toSorted(byId)).toEqual(now.toSorted(byId));
          // Nothing is told that has not changed.
          for (const one of changed) expect(known.get(one.id)).not.toEqual(one);
        }
      }),
    );
  });

  it("goes in frames of a bounded size", () => {
    const rows = Array.from({ length: 1_201 }, (_, n) => row(`s${n}`));
    const frames = parsed(listFrames(7, true, rows, []));
    expect(frames.map(({ whole, changed, at }) => [whole, changed.length, at])).toEqual([[true, inspectorRowsMax, 7], [false, inspectorRowsMax, 7], [false, 201, 7]]);
    expect(frames.flatMap(({ changed }) => changed)).toEqual(rows);
    const long = Array.from({ length: 200 }, (_, n) => row(`s${n}`, { jid: "x".repeat(3_000) }));
    for (const frame of listFrames(7, false, long, [])) expect(frame.length).toBeLessThan(inspectorFrameCharsMax + 4_000);
    expect(parsed(listFrames(7, false, [], Array.from({ length: 5_001 }, (_, n) => `s${n}`))).map(({ gone }) => gone.length)).toEqual([5_000, 1]);
    expect(listFrames(7, false, [], [])).toEqual([]);
    expect(parsed(listFrames(7, true, [], []))).toEqual([{ type: "list", at: 7, whole: true, changed: [], gone: [] }]);
  });
});

describe("A place in a stream", () => {
  it("is found by its time, in a few pages", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 400 }), fc.integer({ min: 1, max: 20 }), fc.nat(700), fc.array(fc.nat(400), { maxLength: 50 }), async (pauses, size, time, missing) => {
        let at = 0;
        const facts = pauses.map((pause, index) => ({ version: index + 1, at: (at += pause) }) as StoredFact).filter(({ version }) => !missing.includes(version));
        let pages = 0;
        const source = {
          async streamFacts(_: string, after: number) {
            pages += 1;
            return facts.filter(({ version }) => version > after).slice(0, size);
          },
        } as Partial<HistorySource> as HistorySource;
        expect(await versionBefore(source, "s", time)).toBe(facts.findLast((fact) => fact.at < time)?.version ?? 0);
        expect(pages).toBeLessThan(4 * Math.log2(facts.length + 2) + 4);
      }),
    );
  });
});

describe("What waits for a page", () => {
  const opened = () => {
    const page = new Page();
    return { page, viewer: new Viewer(page.socket, liveClock) };
  };

  it("is bounded in number and in characters, and what is missed is told", () => {
    const { page, viewer } = opened();
    for (let n = 0; n < inspectorQueueItemsMax + 3; n += 1) viewer.offer(`{"n":${n}}`);
    expect([viewer.hasRoom, viewer.dropped]).toEqual([false, 3]);
    // Facts have a place of their own.
    expect(viewer.offerFact('{"fact":1}')).toBe(true);
    viewer.flush();
    const items = page.of("items");
    expect(items.flatMap((message) => message.items)).toHaveLength(inspectorQueueItemsMax + 1);
    expect(items.at(-1)!.dropped).toBe(3);
    const large = JSON.stringify("x".repeat(inspectorQueueCharsMax - 10));
    viewer.offer(large);
    viewer.offer(large);
    expect(viewer.dropped).toBe(4);
    expect(viewer.offerFact(large)).toBe(true);
    expect(viewer.offerFact(large)).toBe(false);
  });

  it("is sent when what was sent before has left, in frames of a bounded size", () => {
    const { page, viewer } = opened();
    page.reads = false;
    const item = JSON.stringify("x".repeat(100_000));
    for (let n = 0; n < 30; n += 1) viewer.offer(item);
    viewer.flush();
    expect([viewer.clogged, viewer.waits]).toEqual([true, true]);
    page.readOn();
    viewer.flush();
    expect(viewer.waits).toBe(false);
    expect(page.of("items").map(({ items }) => items.length)).toEqual(Array.from({ length: 15 }, () => 2));
  });

  it("is told in order what it asked for while nothing could be sent, before what happened; it is let go when that is too much", () => {
    const { page, viewer } = opened();
    page.reads = false;
    viewer.send(JSON.stringify({ type: "answer", id: 0, result: "x".repeat(inspectorUnsentBytesMax) }));
    viewer.offer('{"n":1}');
    for (const id of [1, 2]) viewer.tell({ type: "answer", id, result: null });
    viewer.flush();
    expect([page.told, viewer.clogged, viewer.waits]).toEqual([[], true, true]);
    page.readOn();
    // They do not overtake each other.
    viewer.tell({ type: "answer", id: 3, result: null });
    viewer.flush();
    expect(page.told.map((message) => (message.type === "answer" ? message.id : message.type))).toEqual([0, 1, 2, 3, "items"]);
    page.reads = false;
    viewer.send(JSON.stringify({ type: "answer", id: 4, result: "x".repeat(inspectorUnsentBytesMax) }));
    for (let n = 0; page.closed === undefined && n <= inspectorQueueItemsMax; n += 1) viewer.tell({ type: "epoch" });
    expect(page.closed).toMatchObject({ code: 1013 });
    expect([viewer.closed, viewer.waits]).toEqual([true, false]);
  });

  it("says that something was missed also where nothing else waits", () => {
    const { page, viewer } = opened();
    viewer.miss();
    expect(viewer.waits).toBe(true);
    viewer.flush();
    expect(page.of("items")).toEqual([{ type: "items", items: [], dropped: 1 }]);
    expect(viewer.waits).toBe(false);
    viewer.close();
    viewer.tell({ type: "epoch" });
    expect(page.of("epoch")).toEqual([]);
  });
});

function byId(a: SessionSummary, b: SessionSummary): number {
  return a.id < b.id ? -1 : 1;
}
