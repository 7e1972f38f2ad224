import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everything, groupCounts, groups, isEverything, isOnly, onlyGroup, shownRows, toggleGroup } from "../../../src/page/session/timeline-filter.ts";
import { newState, statesBefore } from "../../../src/page/session/timeline-words.ts";
import { row } from "./support.ts";

const rows = [row(0, "stream"), row(1, "iq", { mark: "failed" }), row(2, "presence", { state: "connected.available+interested+attached" }), row(3, "iq", { title: "iq get jabber:iq:roster → result" }), row(4, "message")];
const indexes = (shown: readonly { readonly at: number }[]) => shown.map(({ at }) => at);

describe("The timeline's filter: only, without, and words", () => {
  it("shows everything at first, as the same list", () => {
    expect(shownRows(rows, everything)).toBe(rows);
    expect(isEverything(everything)).toBe(true);
  });

  it("shows one group alone, and everything again at the second click", () => {
    const only = onlyGroup(everything, "iq");
    expect(indexes(shownRows(rows, only))).toEqual([1, 3]);
    expect(isOnly(only, "iq")).toBe(true);
    expect(isEverything(onlyGroup(only, "iq"))).toBe(true);
    expect(indexes(shownRows(rows, onlyGroup(only, "message")))).toEqual([4]);
  });

  it("leaves one group out, and takes it in again", () => {
    const without = toggleGroup(everything, "presence");
    expect(indexes(shownRows(rows, without))).toEqual([0, 1, 3, 4]);
    expect(isEverything(toggleGroup(without, "presence"))).toBe(true);
  });

  it("shows changes of state, and what failed, alone", () => {
    expect(indexes(shownRows(rows, { ...everything, kind: "states" }))).toEqual([2]);
    expect(indexes(shownRows(rows, { ...everything, kind: "marked" }))).toEqual([1]);
  });

  it("finds words in titles and stanzas, whatever their case and order", () => {
    expect(indexes(shownRows(rows, { ...everything, text: "ROSTER iq" }))).toEqual([3]);
    expect(indexes(shownRows(rows, { ...everything, text: `id="n4"` }))).toEqual([4]);
    expect(shownRows(rows, { ...everything, text: "roster message" })).toEqual([]);
  });

  it("counts the groups that there are, in the order of a session's life", () => {
    expect(groupCounts(rows)).toEqual([{ group: "stream", count: 1 }, { group: "presence", count: 1 }, { group: "message", count: 1 }, { group: "iq", count: 2 }]);
  });

  it("divides the rows: what a group shows alone and what is shown without it is everything", () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...groups), { maxLength: 40 }), fc.constantFrom(...groups), (kinds, group) => {
      const all = kinds.map((kind, index) => row(index, kind));
      const [only, without] = [shownRows(all, onlyGroup(everything, group)), shownRows(all, toggleGroup(everything, group))];
      expect([...only, ...without].toSorted((a, b) => a.at - b.at)).toEqual(all);
    }));
  });
});

describe("The timeline tells what of a state is new", () => {
  it("tells the parallel states that changed", () => {
    expect(newState("connected.available+interested+attached", "connected.unavailable+interested+attached")).toBe("available");
    expect(newState("connected.unavailable+uninterested+attached", "binding.pending")).toBe("unavailable+uninterested+attached");
    expect(newState("negotiating.offering", undefined)).toBe("offering");
    expect(newState("authenticated.binding.idle", "authenticated.awaitingRestart")).toBe("binding.idle");
    expect(newState("closed", "closing")).toBe("closed");
  });

  it("knows the state before each change", () => {
    const changes = [row(0, "state", { state: "awaitingStream" }), row(1, "iq"), row(2, "stream", { state: "negotiating.offering" })];
    expect([...statesBefore(changes)]).toEqual([["row-2", "awaitingStream"]]);
  });
});
