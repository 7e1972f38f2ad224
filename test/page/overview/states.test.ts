import { describe, expect, it } from "vitest";
import { sessionMachine } from "../../../machines/session.ts";
import { stateName } from "../../../machines/state-name.ts";
import type { SessionSummary } from "../../../src/domain/session-summary.ts";
import { toldEachSecond } from "../../../src/page/overview/rates.ts";
import { countByState, lifecycle, machineTags } from "../../../src/page/overview/states.ts";

const inState = (state: string): SessionSummary => ({
  id: state, jid: null, state, tags: [], address: null, secure: null, since: 0, received: 0, delivered: 0, queue: null,
});

describe("The inspector's overview: states of the machine", () => {
  const states = lifecycle.filter(({ isRegion }) => !isRegion);

  it("gives each state a name that no other has, so that counts by name are counts by state", () => {
    expect(new Set(states.map(({ name }) => name)).size).toBe(states.length);
  });

  it("says what each of them means", () => {
    expect(states.filter(({ description }) => description === "")).toEqual([]);
  });

  it("holds every tag that the machine gives", () => {
    const given = JSON.stringify(sessionMachine.config).matchAll(/"tags":(\[[^\]]*\])/g);
    const tags = [...given].flatMap(([, list]) => JSON.parse(list!) as readonly string[]);
    expect(machineTags.toSorted()).toEqual([...new Set(tags)].toSorted());
  });

  it("counts a session for each state it is in, parents included", () => {
    const value = { connected: { availability: "available", interest: "uninterested", link: "hibernating" } };
    const counts = countByState([inState(stateName(value)), inState("negotiating.offering"), inState("negotiating.securing")]);
    expect(Object.fromEntries(counts)).toEqual({
      connected: 1, available: 1, uninterested: 1, hibernating: 1, negotiating: 2, offering: 1, securing: 1,
    });
    const names = new Set(states.map(({ name }) => name));
    expect([...counts.keys()].filter((name) => !names.has(name))).toEqual([]);
  });
});

describe("The inspector's overview: events a second", () => {
  const total = (at: number, told: number) => ({ at, told, sessions: 0, loginFailures: {} });

  it("is what was told since, over the time that passed", () => {
    expect(toldEachSecond([total(0, 0), total(1_000, 10), total(3_000, 30)])).toEqual([10, 10]);
  });

  it("is nothing where the server has begun to count anew, or no time has passed", () => {
    expect(toldEachSecond([total(0, 500), total(1_000, 3), total(1_000, 9)])).toEqual([0, 0]);
    expect(toldEachSecond([total(0, 5)])).toEqual([]);
  });
});
