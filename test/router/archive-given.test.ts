/** What is remembered of what a session was given from an archive. */
import { describe, expect, it } from "vitest";
import { archiveGivenMax } from "../../src/domain/limits.ts";
import { forgetGiven, noteGiven, wasGiven } from "../../src/router/archive-given.ts";
import type { Session } from "../../src/session/environment.ts";

const idOf = (index: number) => String(index).padStart(6, "0");
const ids = (from: number, count: number) => Array.from({ length: count }, (_, index) => idOf(from + index));
/** Of which the ids say nothing of their order. */
const messages = (from: number, count: number) => ids(from, count).map((id) => ({ id: idOf(999 - Number(id)), at: Number(id) }));
const session = () => ({}) as Session;

describe("What a session was given from its archive", () => {
  it("is known of that session alone, until it is forgotten", () => {
    const [one, other] = [session(), session()];
    noteGiven(one, [{ id: "b", at: 1 }, { id: "a", at: 2 }]);
    noteGiven(one, [{ id: "c", at: 0 }]);
    expect(["a", "b", "c", "d"].map((id) => wasGiven(one, id))).toEqual([true, true, true, false]);
    expect(wasGiven(other, "a")).toBe(false);
    forgetGiven(one);
    expect(wasGiven(one, "a")).toBe(false);
  });

  it("is the newest, in whichever direction the archive is read", () => {
    for (const pages of [[0, 300, 600], [600, 300, 0]]) {
      const reader = session();
      for (const from of pages) noteGiven(reader, messages(from, 300));
      const known = messages(0, 900).filter(({ id }) => wasGiven(reader, id));
      expect(known).toEqual(messages(900 - archiveGivenMax, archiveGivenMax));
    }
  });
});
