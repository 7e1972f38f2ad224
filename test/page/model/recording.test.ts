import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordSnapshot } from "../../../machines/fold.ts";
import { LiveRecording } from "../../../src/page/model/recording.ts";
import { startAt, toHibernating, linkAttached, timeOf } from "../../machines/telling.ts";
import { go, walks } from "../../machines/walks.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import { begunOf, factItem, give, lived, plain, sessionId, type Lived, type Piece } from "./support.ts";

const draws = fc.array(fc.boolean(), { minLength: 5, maxLength: 40 });
const wires = fc.infiniteStream(fc.nat(3)).map((stream) => [...stream.take(60)]);

/** Pieces of two queues, each in its own order, mixed by what is drawn. */
function mixed<Value>(a: readonly Value[], b: readonly Value[], draws: readonly boolean[]): readonly Value[] {
  const [left, right] = [[...a], [...b]];
  const result: Value[] = [];
  for (let index = 0; left.length > 0 || right.length > 0; index += 1) {
    const first = right.length === 0 || (left.length > 0 && draws[index % draws.length]!);
    result.push((first ? left : right).shift()!);
  }
  return result;
}

/** As they come where the newer ones are told at once and the older ones are read after them. */
function inParts<Value>(all: readonly Value[], [first, ...others]: readonly boolean[]): readonly Value[] {
  const place = Math.floor((all.length * others.filter(Boolean).length) / (others.length + 1));
  return first === true ? all : [...all.slice(place), ...all.slice(0, place)];
}

function whole(life: Lived): LiveRecording {
  const recording = new LiveRecording(sessionId);
  recording.begin(life.begun);
  for (const item of life.items) recording.take(item);
  recording.takeFacts(life.facts);
  return recording;
}

/** Names of rows depend on what was shown first. */
const unnamed = ({ rows }: LiveRecording) => rows.map((row) => ({ ...row, key: "" }));

const told = (recording: LiveRecording) => recording.entries.filter(({ what }) => what.kind === "told");

describe("A recording of a watched session: what is told, and what its log holds, in one order", () => {
  it("folds to the machine's own state after each event, whatever the session was told", () => {
    fc.assert(
      fc.property(walks, wires, (walk, wire) => {
        const { start, steps } = go(walk);
        const life = lived(start.snapshot, steps, startAt, (index) => wire[index % wire.length]!);
        const recording = whole(life);
        const entries = told(recording);
        expect(entries.length).toBe(steps.length);
        entries.forEach(({ index }, place) => {
          const moment = recording.momentAt(index);
          expect(recordSnapshot(moment.snapshot!)).toEqual(recordSnapshot(steps[place]!.snapshot));
          expect(moment.event).toEqual(steps[place]!.event);
          expect(moment.disagreements).toEqual([]);
        });
      }),
      { numRuns: 25 },
    );
  });

  it("has the same entries, whichever of the two comes first, and however often somebody looks meanwhile", () => {
    fc.assert(
      fc.property(walks, wires, draws, draws, draws, (walk, wire, order, looks, missed) => {
        const { start, steps } = go(walk);
        const all = lived(start.snapshot, steps, startAt, (index) => wire[index % wire.length]!);
        // A page that does not keep up misses some.
        const life = missed[0]! ? all : { ...all, items: all.items.filter((_, index) => !missed[index % missed.length]!) };
        const expected = whole(life);
        const recording = new LiveRecording(sessionId);
        const pieces = mixed<Piece>([life.begun, ...life.items], inParts(life.facts, order).map(factItem), [...order, true, false]);
        pieces.forEach((piece, index) => {
          give(recording, piece);
          if (looks[index % looks.length]!) recording.momentAt(recording.rows.length * 7);
        });
        expect(plain(recording)).toEqual(plain(expected));
        expect(unnamed(recording)).toEqual(unnamed(expected));
        for (const { index } of expected.entries) {
          const [moment, other] = [recording.momentAt(index), expected.momentAt(index)];
          expect(moment.past).toEqual(other.past);
          expect(moment.taken).toEqual(other.taken);
          expect(moment.disagreements).toEqual(other.disagreements);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("finds out which transitions were taken where nobody has told it", () => {
    fc.assert(
      fc.property(walks, (walk) => {
        const { start, steps } = go(walk);
        const life = lived(start.snapshot, steps, startAt);
        const watched = whole(life);
        const read = new LiveRecording(sessionId);
        read.takeFacts(life.facts);
        read.end(null);
        expect(read.live).toBe(false);
        const recorded = told(read);
        const known = told(watched).slice(told(watched).length - recorded.length);
        expect(recorded.map(({ index }) => read.momentAt(index).taken)).toEqual(known.map(({ index }) => watched.momentAt(index).taken));
      }),
      { numRuns: 25 },
    );
  });

  it("has each entry at its index, in one row, and rows in the order in which they begin", () => {
    fc.assert(
      fc.property(walks, wires, (walk, wire) => {
        const { start, steps } = go(walk);
        const recording = whole(lived(start.snapshot, steps, startAt, (index) => wire[index % wire.length]!));
        const { entries, rows } = recording;
        expect(entries.map(({ index }) => index)).toEqual(entries.map((_, index) => index));
        expect(rows.flatMap((row) => row.entries).toSorted((a, b) => a.index - b.index)).toEqual(entries);
        for (const row of rows) expect(row.entries).toEqual(row.entries.toSorted((a, b) => a.index - b.index));
        const begins = rows.map((row) => row.entries[0]!.index);
        expect(begins).toEqual(begins.toSorted((a, b) => a - b));
        expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
        for (const row of rows) for (const { index } of row.entries) expect(recording.rowOf(index)).toBe(row);
      }),
      { numRuns: 25 },
    );
  });

  it("keeps the names of its rows, and follows an entry, when something comes before it", () => {
    const { start, steps } = go({ secure: true, paces: [] }, ...toHibernating);
    const life = lived(start.snapshot, steps, startAt);
    const recording = new LiveRecording(sessionId);
    const begun = begunOf(steps[5]!.snapshot, steps[5]!.event.at);
    recording.begin(begun);
    for (const item of life.items.filter(({ at }) => at > begun.at)) recording.take(item);
    const keys = recording.rows.map(({ key }) => key);
    const mark = recording.markAt(recording.entries.length - 1);
    const last = recording.entries.at(-1)!;
    recording.takeFacts(life.facts);
    expect(recording.rows.map(({ key }) => key).filter((key) => keys.includes(key))).toEqual(keys);
    expect(recording.entries[mark.index]).toMatchObject({ at: last.at, step: last.step, what: last.what });
    expect(mark.index).toBeGreaterThan(last.index);
    // What the log knew before the watching began stands before it.
    const place = recording.entries.findIndex(({ what }) => what.kind === "begun");
    expect(place).toBeGreaterThan(0);
    expect(recording.entries.slice(0, place).every(({ position }) => position !== null)).toBe(true);
    expect(recording.momentAt(recording.entries.length - 1).disagreements).toEqual([]);
  });

  it("says where a recording and its fold disagree", () => {
    const { start, steps } = go({ secure: true, paces: [] }, ...toHibernating);
    const { begun, items, facts } = lived(start.snapshot, steps, startAt);
    const recording = new LiveRecording(sessionId);
    recording.begin(begun);
    for (const item of items) recording.take(item);
    recording.takeFacts(facts.map((fact) => (fact.type === "SessionTold" && fact.version === 4 ? { ...fact, data: { ...(fact.data as object), state: "elsewhere" } } : fact)));
    expect(recording.momentAt(Infinity).disagreements).toMatchObject([{ version: 4, what: "state", recorded: "elsewhere" }]);
    expect(recording.momentAt(0).disagreements).toEqual([]);
  });

  it("tells of a snapshot that it cannot read, and goes on", () => {
    const { start, steps } = go({ secure: true, paces: [] }, ...toHibernating);
    const { facts } = lived(start.snapshot, steps, startAt);
    const recording = new LiveRecording(sessionId);
    recording.takeFacts(facts.map((fact) => (fact.type === "SessionSnapshotTaken" ? { ...fact, data: { ...(fact.data as object), version: 999 } } : fact)));
    const moment = recording.momentAt(Infinity);
    expect(moment.snapshot).toBe(null);
    expect(moment.disagreements[0]?.what).toMatch(/snapshot\.version: expected 1–\d+ of machine session, got 999/);
  });

  it("shows states as paths, parents first, and what differs between two places by its name", () => {
    const { start, steps } = go({ secure: true, paces: [] }, ...toHibernating, linkAttached);
    const recording = whole(lived(start.snapshot, steps, startAt));
    const places = told(recording).map(({ index }) => index);
    const hibernating = recording.momentAt(places.at(-2)!);
    expect(hibernating.active).toEqual([
      "connected", "connected.availability", "connected.availability.available", "connected.interest", "connected.interest.uninterested",
      "connected.link", "connected.link.hibernating",
    ]);
    const attached = recording.momentAt(places.at(-1)!);
    expect(attached.taken).toEqual(["connected.link.hibernating/link.attached/0"]);
    const differing = recording.differences(places.at(-2)!, places.at(-1)!).map(({ path }) => path);
    expect(differing).toContain("session.state");
    expect(differing).toContain("link");
    expect(differing).not.toContain("position");
    expect(recording.differences(3, 3)).toEqual([]);
  });

  it("brings indexes from outside inside, and is nothing at first", () => {
    const recording = new LiveRecording(sessionId);
    expect(recording.momentAt(5)).toMatchObject({ index: 0, snapshot: null, past: null, active: [], taken: [], event: null });
    expect(recording.differences(0, 9)).toEqual([]);
    expect(recording.rows).toEqual([]);
    recording.begin(begunOf(go({ secure: false, paces: [] }).start.snapshot, startAt));
    expect(recording.momentAt(-7).index).toBe(0);
    expect(recording.momentAt(Number.NaN).index).toBe(0);
    expect(recording.momentAt(1e9)).toMatchObject({ index: 0, active: ["awaitingStream"] });
  });
});

describe("A recording has a bound", () => {
  const chat = (count: number, from: number) => Array.from({ length: count }, (_, index) => ({
    session: sessionId, at: startAt + from + index, kind: "wire" as const, step: `chat-${from + index}`, direction: "in" as const, xml: "<message/>", chars: 10,
  }));

  it("lets the oldest wire go, and says how much, while states stay what they were", () => {
    const { start, steps } = go({ secure: true, paces: [] }, ...toHibernating.slice(0, -1));
    const life = lived(start.snapshot, steps, startAt);
    const recording = new LiveRecording(sessionId, 200);
    recording.begin(life.begun);
    for (const item of life.items) recording.take(item);
    recording.takeFacts(life.facts);
    const before = recording.momentAt(Infinity);
    const mark = recording.markAt(1);
    expect(recording.entries[1]!.what.kind).toBe("wire");
    for (const item of chat(1_000, 100_000)) {
      recording.take(item);
      expect(recording.entries.length).toBeLessThanOrEqual(200);
    }
    expect(recording.leftOut).toBe(1_000 + life.items.length + 1 + life.facts.filter(({ type }) => type !== "SessionTold").length - recording.entries.length);
    expect(mark.index).toBe(-1);
    expect(told(recording).length).toBe(steps.length);
    expect(recording.momentAt(Infinity).past).toEqual(before.past);
    expect(recording.entries.map(({ index }) => index)).toEqual(recording.entries.map((_, index) => index));
  });

  it("begins with a whole state when a long log does not fit, and takes what went for nothing new", () => {
    const event = (index: number): SessionEvent => ({ type: "presence.directed", at: timeOf(20 + index), to: `user${index % 5}@localhost` });
    const { start, steps } = go({ secure: true, paces: [] }, ...toHibernating.slice(0, -1), ...Array.from({ length: 600 }, (_, index) => event(index)));
    const { facts, states } = lived(start.snapshot, steps, startAt);
    const recording = new LiveRecording(sessionId, 200);
    recording.takeFacts(facts);
    expect(recording.entries.length).toBeLessThanOrEqual(200);
    expect(recording.facts[0]!.type).toBe("SessionSnapshotTaken");
    expect(recordSnapshot(recording.momentAt(Infinity).snapshot!)).toEqual(recordSnapshot(states.at(-1)!));
    expect(recording.momentAt(0).snapshot).not.toBe(null);
    const left = recording.leftOut;
    recording.takeFacts(facts);
    expect(recording.leftOut).toBe(left);
  });
});
