import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionPast } from "../../../src/history/session-past.ts";
import type { LiveRecording } from "../../../src/page/model/recording.ts";
import { changedNames, documentedFields, fieldsBeneath, kindsOf, listChange, worthTelling } from "../../../src/page/session/documented.ts";
import { linkLost, opened, policy, presenceChanged, startAt, toConnected, toHibernating, toRestart } from "../../machines/telling.ts";
import { go, walks } from "../../machines/walks.ts";
import { recordingOf, recordingOfWalk } from "./support.ts";

const pastAt = (recording: LiveRecording, index = recording.entries.length - 1): SessionPast => recording.momentAt(index).past!;
const valuesOf = (past: SessionPast) => Object.fromEntries(documentedFields(past, undefined, null).map(({ name, value }) => [name, value]));

describe("The documented session, field by field", () => {
  it("has the documented names in the documented order", () => {
    expect(documentedFields(pastAt(recordingOf()), undefined, null).map(({ name }) => name)).toEqual([
      "conn", "notopen", "type", "username", "host", "resource", "full_jid", "priority", "presence", "interested", "roster",
    ]);
  });

  it("defines the host with the stream, the username with the login, the rest with the binding", () => {
    expect(valuesOf(pastAt(recordingOf()))).toMatchObject({ notopen: "true", type: "c2s_unauthed", username: null, host: null, resource: null, full_jid: null, priority: "0" });
    expect(valuesOf(pastAt(recordingOf(opened)))).toMatchObject({ notopen: null, type: "c2s_unauthed", username: null, host: "localhost" });
    expect(valuesOf(pastAt(recordingOf(...toRestart)))).toMatchObject({ notopen: "true", type: "c2s", username: "romeo", resource: null, roster: null });
    expect(valuesOf(pastAt(recordingOf(...toConnected)))).toMatchObject({ resource: "orchard", full_jid: "romeo@localhost/orchard", presence: null, interested: null, roster: "2 items" });
  });

  it("takes the presence back when the resource is unavailable", () => {
    const recording = recordingOf(...toConnected, presenceChanged, { type: "presence.withdrawn" });
    expect(valuesOf(pastAt(recording, recording.entries.length - 2))).toMatchObject({ presence: "digest d1", priority: "5" });
    expect(valuesOf(pastAt(recording))).toMatchObject({ presence: null });
  });

  it("knows the connection now, and says that it does not know it of then", () => {
    const past = pastAt(recordingOf(...toConnected));
    const connOf = (...[past, conn]: [SessionPast, Parameters<typeof documentedFields>[1]]) => documentedFields(past, conn, null)[0];
    expect(connOf(past, { address: "192.0.2.7", secure: "TLSv1.3" })).toMatchObject({ value: "192.0.2.7", note: "TLSv1.3" });
    expect(connOf(past, undefined)).toMatchObject({ value: "attached", note: "the log does not hold its address" });
    expect(connOf(pastAt(recordingOf(...toHibernating)), undefined)).toMatchObject({ value: null });
  });

  it("has the roster of the moment, that of the binding where nobody knows another, and says when it does not know yet", () => {
    const past = pastAt(recordingOf(...toConnected));
    const rosterOf = (...[past, then]: [SessionPast, Parameters<typeof documentedFields>[2]]) => documentedFields(past, undefined, then).at(-1);
    expect(rosterOf(past, { version: "v7", items: 1 })).toMatchObject({ value: "1 item", note: "version v7" });
    expect(rosterOf(past, null)).toMatchObject({ value: "2 items", note: expect.stringContaining("of resource binding") });
    expect(rosterOf(past, undefined)).toMatchObject({ value: "…" });
    expect(rosterOf(pastAt(recordingOf(opened)), { version: "v7", items: 1 })).toMatchObject({ value: null, note: "not defined before resource binding" });
  });

  it("tells wherever a name has no value why it has none", () => {
    fc.assert(fc.property(walks, (walk) => {
      const recording = recordingOfWalk(go(walk));
      const past = pastAt(recording);
      for (const { name, value, note } of documentedFields(past, undefined, null)) expect(value !== null || note !== "", name).toBe(true);
    }), { numRuns: 50 });
  });
});

describe("Connected, available and interested resources", () => {
  it("tells each with its reason", () => {
    expect(kindsOf(pastAt(recordingOf(opened))).map(({ is, why }) => [is, why])).toEqual([[false, "full_jid is not defined"], [false, "it is no connected resource"], [false, "it is no connected resource"]]);
    expect(kindsOf(pastAt(recordingOf(...toConnected, presenceChanged, { type: "roster.requested" }))).map(({ is }) => is)).toEqual([true, true, true]);
  });

  it("finds every available and every interested resource connected, wherever a session goes", () => {
    fc.assert(fc.property(walks, (walk) => {
      const recording = recordingOfWalk(go(walk));
      for (const { index } of recording.entries) {
        const [connected, available, interested] = kindsOf(pastAt(recording, index)).map(({ is }) => is);
        expect(connected || !(available || interested)).toBe(true);
      }
    }), { numRuns: 50 });
  });
});

describe("What lies beneath the documented session", () => {
  it("tells what was left of a deadline at that moment", () => {
    const recording = recordingOf(...toHibernating);
    const timers = fieldsBeneath(pastAt(recording), recording.entries.at(-1)!.at).find(({ name }) => name === "timers");
    expect(timers?.value).toBe("resumption in 1 min");
    expect(policy.resumptionMs).toBe(60_000);
    expect(fieldsBeneath(pastAt(recording), startAt + 10_000_000).find(({ name }) => name === "timers")?.value).toMatch(/^resumption passed .* ago$/);
  });

  it("names what has changed by the field that shows it", () => {
    const recording = recordingOf(...toHibernating.slice(0, -1), linkLost);
    const last = recording.entries.length - 1;
    const names = changedNames(worthTelling(recording.differences(last - 1, last)));
    expect([...names].toSorted()).toEqual(["link", "state", "timers"]);
  });

  it("tells of lists what is gone and what is new", () => {
    expect(listChange([1, { a: 2 }], [{ a: 2 }, 3])).toEqual({ gone: [1], added: [3] });
    expect(listChange([1], 1)).toBeUndefined();
  });
});
