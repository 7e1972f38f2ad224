import { describe, expect, it } from "vitest";
import type { HistorySource, SessionRow } from "../../src/history/source.ts";
import { findSession, findSubject } from "../../src/history/subject.ts";

const row = (id: string, startedAt: number, resource: string | null, username = "romeo"): SessionRow => ({
  host: "localhost", id, username, resource, startedAt, endedAt: null, reason: null, received: null,
});

/** A log of these sessions, which answers in pages of two. */
function logOf(rows: readonly SessionRow[]): HistorySource {
  const ordered = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return {
    streamFacts: async (stream) => (["account/localhost/romeo", "room/muc.localhost/orchard"].includes(stream) ? [{ position: 1, stream, version: 1, type: "AccountCreated", v: 1, at: 0, step: "s", cause: null, data: {} }] : []),
    allFacts: async () => [],
    streamContents: async () => [],
    sessionsById: async (prefix, after) => ordered.filter(({ id }) => id.startsWith(prefix) && id > (after?.id ?? "")).slice(0, 2),
    sessionsOf: async (_, username, after) => ordered.filter((row) => row.username === username && row.id > after).slice(0, 2),
  };
}

const log = logOf([row("abcdef1", 3, "phone"), row("abcdef2", 2, "phone"), row("abcdeg3", 1, null), row("zzzzzz9", 4, "tablet"), row("juliet-1", 5, "balcony", "juliet")]);
const idsOf = async (text: string) => (await findSubject(log, text)).sessions.map(({ id }) => id);

describe("Whose past is asked for", () => {
  it("is one session, by its id or a beginning that no other has", async () => {
    expect(await idsOf("abcdef1")).toEqual(["abcdef1"]);
    expect(await idsOf("abcdeg")).toEqual(["abcdeg3"]);
    expect(await findSession(log, "zzzzzz")).toMatchObject({ id: "zzzzzz9" });
  });

  it("is an account with all its sessions in the order in which they began, or those of one resource", async () => {
    expect(await findSubject(log, "Romeo@LOCALHOST")).toMatchObject({ name: "romeo@localhost", account: "account/localhost/romeo" });
    expect(await idsOf("romeo@localhost")).toEqual(["abcdeg3", "abcdef2", "abcdef1", "zzzzzz9"]);
    expect(await findSubject(log, "romeo@localhost/phone")).toMatchObject({ account: null });
    expect(await idsOf("romeo@localhost/phone")).toEqual(["abcdef2", "abcdef1"]);
    expect(await findSession(log, "romeo@localhost/phone")).toMatchObject({ id: "abcdef1" });
  });

  it("is a room, by its address, and not one of its occupants", async () => {
    expect(await findSubject(log, "orchard@muc.localhost")).toMatchObject({ name: "orchard@muc.localhost", account: "room/muc.localhost/orchard", sessions: [] });
    await expect(findSubject(log, "orchard@muc.localhost/romeo")).rejects.toThrow("knows nothing of it");
    await expect(findSubject(log, "other@muc.localhost")).rejects.toThrow("knows nothing of it");
  });

  it.each([
    ["abcde", /^session "abcde": too short; give at least 6 characters/],
    ["abcdef", /^session "abcdef": more than one has such an id; give more of it\n {2}abcdef1 {2}romeo@localhost\/phone\n {2}abcdef2 {2}romeo@localhost\/phone$/],
    ["nobody-is", /^session "nobody-is": none has such an id; /],
    ["no id", /^"no id": expected the id of a session/],
    ["@localhost", /^"@localhost": expected the id of a session.* or a JID/],
    ["romeo@localhost/elsewhere", /^romeo@localhost\/elsewhere: the log knows nothing of it; /],
    ["mercutio@localhost", /^mercutio@localhost: the log knows nothing of it; /],
  ])("is not clear by %j, which is said with what to do", async (text, message) => {
    await expect(findSubject(log, text)).rejects.toMatchObject({ name: "HistoryError", message: expect.stringMatching(message) });
  });

  it("is the one session that lives, or the only one, where one is asked for by a bare JID", async () => {
    expect(await findSession(log, "juliet@localhost")).toMatchObject({ id: "juliet-1" });
    const ended = (row: SessionRow): SessionRow => ({ ...row, endedAt: row.startedAt + 1 });
    const [first, second, third] = [row("aaaaaa1", 1, "phone"), row("aaaaaa2", 2, "tablet"), row("aaaaaa3", 3, "phone")];
    expect(await findSession(logOf([first, ended(second), ended(third)]), "romeo@localhost")).toMatchObject({ id: "aaaaaa1" });
    expect(await findSession(logOf([first, ended(third)]), "romeo@localhost/phone")).toMatchObject({ id: "aaaaaa1" });
    expect(await findSession(logOf([ended(first), ended(third)]), "romeo@localhost/phone")).toMatchObject({ id: "aaaaaa3" });
    await expect(findSession(logOf([]), "romeo@localhost")).rejects.toThrow(/^romeo@localhost: no session of it is in the log$/);
    await expect(findSession(logOf([ended(first), ended(second)]), "romeo@localhost")).rejects.toThrow(
      "romeo@localhost: 2 of its sessions are in the log; name one by its id, or by its full JID" +
        "\n  aaaaaa2  romeo@localhost/tablet  began 1970-01-01T00:00:00.002Z, ended 1970-01-01T00:00:00.003Z" +
        "\n  aaaaaa1  romeo@localhost/phone  began 1970-01-01T00:00:00.001Z, ended 1970-01-01T00:00:00.002Z",
    );
  });

  it("is told with those that live where there are several, the newest first", async () => {
    await expect(findSession(log, "romeo@localhost")).rejects.toThrow(
      /^romeo@localhost: 4 of its sessions live; name one by its id, or by its full JID\n {2}zzzzzz9 {2}romeo@localhost\/tablet {2}began 1970-01-01T00:00:00.004Z, lives\n {2}abcdef1 /,
    );
  });
});
