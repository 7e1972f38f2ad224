import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionSummary } from "../../../src/domain/session-summary.ts";
import { listing, type Column, type Order, type Wanted } from "../../../src/page/sessions/listing.ts";

const all: Wanted = { search: "", state: "", tag: "" };
const byAge: Order = { column: "age", descending: false };

function session(id: string, change: Partial<SessionSummary> = {}): SessionSummary {
  return {
    id, jid: `${id}@example.org/balcony`, state: "connected.available+interested+attached", tags: ["c2s", "connected", "available", "interested"],
    address: "192.0.2.1", secure: "TLSv1.3", since: 1_000, received: 0, delivered: 0, queue: null, ...change,
  };
}

const ids = (sessions: readonly SessionSummary[]): readonly string[] => sessions.map(({ id }) => id);

describe("The inspector's list: what is wanted", () => {
  const juliet = session("juliet", { address: "2001:db8::7" });
  const romeo = session("romeo", { state: "connected.available+interested+hibernating", address: null });
  const nobody = session("k3x", { jid: null, state: "negotiating.offering", tags: ["c2s_unauthed"] });
  const three = [juliet, romeo, nobody];

  it("finds by JID, id and address, in any case", () => {
    expect(ids(listing(three, { ...all, search: "JULIET" }, byAge))).toEqual(["juliet"]);
    expect(ids(listing(three, { ...all, search: "K3X" }, byAge))).toEqual(["k3x"]);
    expect(ids(listing(three, { ...all, search: "db8::7" }, byAge))).toEqual(["juliet"]);
  });

  it("wants all words, wherever they stand", () => {
    expect(ids(listing(three, { ...all, search: " balcony  romeo " }, byAge))).toEqual(["romeo"]);
    expect(listing(three, { ...all, search: "romeo juliet" }, byAge)).toEqual([]);
  });

  it("finds a word in one field, never across two", () => {
    expect(listing([session("a", { jid: "x", address: "y" })], { ...all, search: "xa" }, byAge)).toEqual([]);
  });

  it("filters by one of the active states, and by tag", () => {
    expect(ids(listing(three, { ...all, state: "hibernating" }, byAge))).toEqual(["romeo"]);
    expect(ids(listing(three, { ...all, state: "connected" }, byAge))).toEqual(["juliet", "romeo"]);
    expect(ids(listing(three, { ...all, state: "connect" }, byAge))).toEqual([]);
    expect(ids(listing(three, { ...all, tag: "c2s_unauthed" }, byAge))).toEqual(["k3x"]);
  });

  it("takes a search for what it is, not for a pattern", () => {
    expect(listing(three, { ...all, search: ".*" }, byAge)).toEqual([]);
  });
});

describe("The inspector's list: its order", () => {
  it("sorts by age, the youngest first", () => {
    const old = session("old", { since: 1 });
    const young = session("young", { since: 2 });
    expect(ids(listing([old, young], all, byAge))).toEqual(["young", "old"]);
    expect(ids(listing([young, old], all, { ...byAge, descending: true }))).toEqual(["old", "young"]);
  });

  it("puts what has no value last, whichever way", () => {
    const some = [session("none"), session("five", { queue: 5 }), session("zero", { queue: 0 })];
    expect(ids(listing(some, all, { column: "queue", descending: true }))).toEqual(["five", "zero", "none"]);
    expect(ids(listing(some, all, { column: "queue", descending: false }))).toEqual(["zero", "five", "none"]);
  });

  it("gives the same order whatever order the sessions come in, and loses none", () => {
    const summaries = fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 3 }),
        jid: fc.option(fc.string({ maxLength: 3 })),
        since: fc.integer({ min: 0, max: 3 }),
        received: fc.integer({ min: 0, max: 3 }),
        queue: fc.option(fc.integer({ min: 0, max: 2 })),
      }),
      { selector: ({ id }) => id },
    );
    const columns: readonly Column[] = ["jid", "state", "tags", "address", "age", "received", "delivered", "queue"];
    fc.assert(
      fc.property(summaries, fc.constantFrom(...columns), fc.boolean(), fc.infiniteStream(fc.nat()), (parts, column, descending, dice) => {
        const sessions = parts.map(({ id, ...rest }) => session(id, rest));
        const shuffled = sessions.map((one) => ({ one, at: dice.next().value })).toSorted((a, b) => a.at - b.at).map(({ one }) => one);
        const found = ids(listing(sessions, all, { column, descending }));
        expect(ids(listing(shuffled, all, { column, descending }))).toEqual(found);
        expect(found.toSorted()).toEqual(ids(sessions).toSorted());
      }),
    );
  });
});
