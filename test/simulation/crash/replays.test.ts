/** Whether what differs between a report of the live server and a replay is found: one thing wrong in each. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Past, ReportedSession } from "./operator.ts";
import { countDifferences, differencesOf, finalCountDifferences } from "./replay-differences.ts";

const presence = '<presence from="a@localhost/phone"><status>1</status></presence>';
const digest = createHash("sha256").update(presence.replace("presence", 'presence xmlns="jabber:client"')).digest("base64url").slice(0, 22);

const properties = {
  id: "s1", state: "connected.available", type: "c2s", notopen: false, username: "a", host: "localhost", resource: "phone",
  full_jid: "a@localhost/phone", priority: 0, interested: true, roster: { version: "r1", items: 2 },
};
const reported: ReportedSession = { ...properties, presence, conn: { secure: null } };
const past: Past = {
  position: 7,
  session: { ...properties, presence: { digest, text: null } },
  link: "attached",
  secure: false,
  counts: { received: 3, sent: 5, acknowledged: 4 },
  ended: false,
};

describe("A replay beside what the live server reported", () => {
  it("has nothing to say where they are the same, with and without the text of the presence", () => {
    expect(differencesOf(reported, past)).toEqual([]);
    expect(differencesOf(reported, { ...past, session: { ...past.session, presence: { digest, text: presence } } })).toEqual([]);
    const away = { ...past, link: "hibernating" as const, secure: true, session: { ...past.session, presence: null } };
    expect(differencesOf({ ...reported, presence: null, conn: null }, away)).toEqual([]);
  });

  it.each(Object.keys(properties))("finds another %s, and one that only one of them has", (name) => {
    expect(differencesOf({ ...reported, [name]: "other" }, past)).toHaveLength(1);
    expect(differencesOf(reported, { ...past, session: { ...past.session, [name]: "other" } })).toHaveLength(1);
    const { [name]: _, ...without } = past.session;
    expect(differencesOf(reported, { ...past, session: without as Past["session"] })).toHaveLength(1);
  });

  it("finds another property that is new, another part of the roster, presence, connection and end", () => {
    expect(differencesOf({ ...reported, muted: true }, past)).toEqual(["muted: the live server said true, the replay says nothing"]);
    expect(differencesOf({ ...reported, roster: { version: "r1", items: 3 } }, past)).toHaveLength(1);
    expect(differencesOf({ ...reported, presence: presence.replace("1", "2") }, past)).toHaveLength(1);
    expect(differencesOf({ ...reported, presence: null }, past)).toHaveLength(1);
    expect(differencesOf(reported, { ...past, session: { ...past.session, presence: { digest, text: "<presence/>" } } })).toHaveLength(1);
    expect(differencesOf({ ...reported, conn: null }, past)).toHaveLength(1);
    expect(differencesOf({ ...reported, conn: { secure: "TLSv1.3" } }, past)).toHaveLength(1);
    expect(differencesOf(reported, { ...past, ended: true })).toHaveLength(1);
  });

  it("finds counts that were told and are not in the log, and such as were never told", () => {
    const before = { handledThere: 3, handledHere: 4 };
    const after = { handledThere: 9, handledHere: 5 };
    expect(countDifferences(before, after, past)).toEqual([]);
    expect(countDifferences({ ...before, handledThere: 4 }, after, past)).toHaveLength(1);
    expect(countDifferences({ ...before, handledHere: 6 }, { ...after, handledHere: 6 }, past)).toHaveLength(1);
    expect(countDifferences(before, { ...after, handledHere: 3 }, past)).toHaveLength(1);
    expect(countDifferences(before, { ...after, handledHere: 9 }, { ...past, counts: { received: 3, sent: 5, acknowledged: 6 } })).toHaveLength(1);
    expect(countDifferences(before, after, { ...past, counts: null })).toHaveLength(1);
  });

  it("finds any other count where nothing is under way", () => {
    const settled = { ...past, counts: { received: 3, sent: 5, acknowledged: 5 } };
    expect(finalCountDifferences({ handledThere: 3, handledHere: 5 }, settled)).toEqual([]);
    expect(finalCountDifferences({ handledThere: 4, handledHere: 5 }, settled)).toHaveLength(1);
    expect(finalCountDifferences({ handledThere: 3, handledHere: 4 }, settled)).toHaveLength(1);
    expect(finalCountDifferences({ handledThere: 3, handledHere: 5 }, past)).toHaveLength(1);
  });
});
