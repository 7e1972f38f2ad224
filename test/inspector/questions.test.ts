/** What one question costs the server, whatever clients have put into the log. */
import { describe, expect, it } from "vitest";
import { inspectorQueueCharsMax } from "../../src/domain/limits.ts";
import type { HistorySource } from "../../src/history/source.ts";
import { answer, type Past } from "../../src/inspector/questions.ts";
import type { StoredFact } from "../../src/ports.ts";

/** A log of values that somebody keeps, each of another step, with one fact of a session among them; in pages as a store gives them. */
function fatLog(stepOf: (position: number) => string, chars = 60_000) {
  let read = 0;
  const factAt = (position: number): StoredFact => ({
    type: "AccountDataSet", v: 1, at: position, step: stepOf(position), cause: null, position, version: position,
    stream: position === 1_000 ? "session/localhost/a" : "account/localhost/romeo",
    data: { host: "localhost", username: "romeo", space: "private-xml", key: `namespace/${position}`, value: "x".repeat(chars) },
  });
  const history: HistorySource = {
    allFacts: async (after) => {
      const page = Array.from({ length: 8 }, (_, index) => factAt(after + 1 + index)).filter(({ position }) => position <= 3_000);
      read += page.length * chars;
      return page;
    },
    streamFacts: async () => [],
    streamContents: async () => [],
    sessionsById: async () => [],
    sessionsOf: async () => [],
  };
  const past: Past = { history, hosts: ["localhost"], bodies: true, settled: async () => undefined };
  return { past, read: () => read };
}

describe("Sessions of the log", () => {
  const row = (id: string, startedAt: number, username = "romeo") => ({
    host: "localhost", id, username, resource: null, startedAt, endedAt: null, reason: null, received: null,
  });

  it("are the newest ones for who asks for nothing in particular, and those of users whose names begin so", async () => {
    const { past } = fatLog(() => "step");
    const history: HistorySource = {
      ...past.history,
      newestSessions: async (max) => [row(`one of ${max}`, 9)],
      newestSessionsOf: async (_, username) => (username === "rom" ? [row("exact", 1, "rom")] : []),
      newestSessionsOfNames: async (host, beginning) => (beginning === "rom" ? [row("a", 1), row(`${host} b`, 2), row("exact", 1, "rom")] : []),
    };
    const find = async (text: string) => ((await answer({ ...past, history }, { kind: "find", text })) as readonly { readonly id: string }[]).map(({ id }) => id);
    expect(await find(" ")).toEqual(["one of 100"]);
    expect(await find("rom")).toEqual(["localhost b", "exact", "a"]);
    expect(await find("rom@localhost")).toEqual(["exact"]);
  });
});

describe("What else belongs to a step", () => {
  it("is looked for in a bounded number of characters of the log", async () => {
    const { past, read } = fatLog((position) => `step ${position}`);
    expect(await answer(past, { kind: "related", position: 1_000, step: "step 1000" })).toEqual([]);
    expect(read()).toBeLessThan(2 * inspectorQueueCharsMax);
  });

  it("is told in a bounded number of characters", async () => {
    const { past } = fatLog(() => "step");
    const all = JSON.stringify(await answer(past, { kind: "related", position: 1_000, step: "step" }));
    expect(all.length).toBeLessThan(inspectorQueueCharsMax / 4);
  });

  it("is found next to the step's own fact, also where all that is there is long", async () => {
    const { past } = fatLog((position) => (position === 995 || position === 1_001 ? "step 1000" : `step ${position}`));
    const found = (await answer(past, { kind: "related", position: 1_000, step: "step 1000" })) as readonly StoredFact[];
    expect(found.map(({ position }) => position)).toEqual([995, 1_001]);
  });

  it("is found far from it where the facts between are short", async () => {
    const { past } = fatLog((position) => (position === 510 || position === 1_990 ? "step 1000" : `step ${position}`), 10);
    const found = (await answer(past, { kind: "related", position: 1_000, step: "step 1000" })) as readonly StoredFact[];
    expect(found.map(({ position }) => position)).toEqual([510, 1_990]);
  });
});
