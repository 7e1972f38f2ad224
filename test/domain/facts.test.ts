import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accountFactVersions,
  accountStream,
  beginsOrEnds,
  extrasOf,
  offlineKey,
  offlinePrefix,
  serverStream,
  sessionStream,
  type AccountFact,
  type AccountFactType,
} from "../../src/domain/facts.ts";
import { logSalvagedType, logSalvagedVersion, damagedLogReason } from "../../src/domain/log-salvaged.ts";
import { compactSessions, sessionsCompactedType, sessionsCompactedVersion } from "../../src/domain/sessions-compacted.ts";
import { forgetSessions, sessionsForgottenVersion } from "../../src/domain/sessions-forgotten.ts";

const types = Object.keys(accountFactVersions) as readonly AccountFactType[];
const romeo = { host: "montague.lit", username: "romeo" };
const stream = "account/montague.lit/romeo";
const fact = (type: AccountFactType, data: object, rest: object = {}) => ({ type, data: { ...romeo, ...data }, ...rest }) as unknown as AccountFact;

describe("The names of streams", () => {
  it("are those that logs are full of", () => {
    expect([accountStream("montague.lit", "romeo"), sessionStream("montague.lit", "x1"), serverStream]).toEqual([stream, "session/montague.lit/x1", "server"]);
  });

  it.each([["", "romeo"], ["montague.lit", ""], ["a/b", "romeo"], ["montague.lit", "a/b"], ["montague.lit", "/"]])("are refused for %j and %j", (host, name) => {
    const part = host === "" || host.includes("/") ? host : name;
    const message = `a stream name needs a part without "/", got ${JSON.stringify(part)}`;
    expect(() => accountStream(host, name)).toThrow(new TypeError(message));
    expect(() => sessionStream(host, name)).toThrow(new TypeError(message));
  });
});

describe("The facts of an account", () => {
  it("have their versions: what another version wrote is read by its upcast", () => {
    const { OfflineMessageStored, ...others } = accountFactVersions;
    expect(OfflineMessageStored).toBe(2);
    expect(Object.keys(others)).toHaveLength(18);
    expect(new Set(Object.values(others))).toEqual(new Set([1]));
  });

  it("begin or end with two of them", () => {
    expect(types.filter(beginsOrEnds)).toEqual(["AccountCreated", "AccountDeleted"]);
  });

  it("forget everything that was before an end", () => {
    expect(extrasOf(fact("AccountDeleted", {}))).toEqual({ forgets: [{ stream }] });
  });

  it("forget at a beginning what came after the end before it, but not that end", () => {
    const { erases, forgets } = extrasOf(fact("AccountCreated", {}));
    expect(erases).toEqual([{ from: "", through: "\u{10ffff}" }]);
    expect(forgets?.map(({ stream }) => stream)).toEqual([stream]);
    expect(new Set(forgets?.[0]?.types)).toEqual(new Set(types.filter((type) => type !== "AccountDeleted")));
  });

  it("erase the text of the messages that are gone", () => {
    expect(extrasOf(fact("OfflineMessagesRemoved", { numbers: [3, 12], bytes: 7 }))).toEqual({ erases: ["offline/0000000000000003", "offline/0000000000000012"] });
  });

  it("erase the text of the archived messages that are not kept any more, and of no other", () => {
    const through = "0kz6m9w3a-0002";
    const [range] = extrasOf(fact("ArchiveTrimmed", { through })).erases as readonly [{ readonly from: string; readonly through: string }];
    const within = (key: string) => key >= range.from && key <= range.through;
    const keys = ["archive/000000000-0000", `archive/${through}`, "archive/0kz6m9w3a-0003", "archive/0kz6m9w3b-0000", offlineKey(1)];
    expect(keys.filter(within)).toEqual(keys.slice(0, 2));
    expect(extrasOf(fact("ArchiveTrimmed", { through })).forgets).toBeUndefined();
  });

  it("forget the facts of archived messages that are not kept any more", () => {
    const { forgets } = extrasOf(fact("ArchiveTrimmed", { through: "0kz6m9w3a-0002", forgotten: 3 }, { forgotten: [3, 5, 9] }));
    expect(forgets).toEqual([{ stream, versions: [3, 5, 9] }]);
  });

  it.each(types.filter((type) => !["AccountCreated", "AccountDeleted", "OfflineMessagesRemoved", "ArchiveTrimmed"].includes(type)))("keep beside %s what is given with it, and nothing else", (type) => {
    const contents = [{ key: "k", text: "<message/>" }];
    expect(extrasOf(fact(type, {}))).toStrictEqual({});
    expect(extrasOf(fact(type, {}, { contents }))).toEqual({ contents });
  });
});

describe("The keys of messages that wait", () => {
  it("begin alike, and sort as their numbers do", () => {
    expect([offlinePrefix, offlineKey(1)]).toEqual(["offline/", "offline/0000000000000001"]);
    fc.assert(fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => (offlineKey(a) < offlineKey(b)) === (a < b)));
  });
});

describe("Facts of the server itself", () => {
  it("have the names and versions that logs are full of", () => {
    expect([logSalvagedType, logSalvagedVersion, damagedLogReason]).toEqual(["LogSalvaged", 1, "log-damaged"]);
    expect([sessionsCompactedType, sessionsCompactedVersion, sessionsForgottenVersion]).toEqual(["SessionsCompacted", 1, 1]);
  });

  it("take facts of ended sessions out of the log, and replace the former fact that did so", () => {
    const reached = { host: "montague.lit", id: "b", endedAt: 9 };
    const sessions = [{ host: "montague.lit", id: "a", versions: [1, 2] }, { host: "capulet.lit", id: "b", versions: [3] }];
    expect(compactSessions(sessions, { reached, partly: null })).toEqual({
      type: "SessionsCompacted",
      v: 1,
      data: { reached, partly: null },
      forgets: [
        { stream: "session/montague.lit/a", versions: [1, 2], final: true },
        { stream: "session/capulet.lit/b", versions: [3], final: true },
        { stream: "server", types: ["SessionsCompacted"] },
      ],
    });
  });

  it("forget sessions, for good where they have ended", () => {
    const sessions = [
      { host: "montague.lit", id: "a", username: "romeo", endedAt: 9 },
      { host: "montague.lit", id: "b", username: "romeo", endedAt: null },
    ];
    expect(forgetSessions(sessions)).toEqual({
      type: "SessionsForgotten",
      v: 1,
      data: { sessions },
      forgets: [
        { stream: "session/montague.lit/a", final: true },
        { stream: "session/montague.lit/b" },
        { stream: "server", types: ["SessionsForgotten"] },
      ],
    });
  });
});
