import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Account } from "../../src/domain/account.ts";
import { accountFactVersions, accountStream, type AccountFact, type AccountFacts, type AccountFactType } from "../../src/domain/facts.ts";
import { parseJid } from "../../src/domain/jid.ts";
import { rosterBytesMax, rosterItemsMax } from "../../src/domain/limits.ts";
import { newRosterItem, rosterItemBytes, type RosterItem } from "../../src/domain/roster.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Fact, Json } from "../../src/ports.ts";

const host = "montague.lit";
const romeo = { host, username: "romeo" };

function fact<Type extends AccountFactType>(type: Type, data: Omit<AccountFacts[Type], "host" | "username">, owner = romeo): AccountFact {
  return { type, data: { ...owner, ...data } } as unknown as AccountFact;
}

const created = fact("AccountCreated", {});
const stored = (data: { readonly number: number; readonly bytes: number }) =>
  fact("OfflineMessageStored", { ...data, id: null, from: null, why: null });

/** Few addresses, so that facts meet; of every kind that a key could stumble over. */
const jid = fc.constantFrom("juliet@capulet.lit", "nurse@capulet.lit", "capulet.lit", "friar@cell.lit/a/b", "😀@capulet.lit", "émile@capulet.lit");
const jids = fc.uniqueArray(jid, { minLength: 1, maxLength: 4 });
const version = fc.nat(1_000);
const item: fc.Arbitrary<RosterItem> = fc.record({
  jid,
  name: fc.string(),
  groups: fc.uniqueArray(fc.constantFrom("Friends", "Enemies"), { maxLength: 2 }),
  subscription: fc.constantFrom("none", "to", "from", "both"),
  ask: fc.boolean(),
  approved: fc.boolean(),
});

/** Any fact but those that make an account and end it. */
const change: fc.Arbitrary<AccountFact> = fc.oneof(
  fc.record({ item, version }).map((data) => fact("RosterItemSet", data)),
  fc.record({ jid, version, forgotten: fc.option(jid) }).map((data) => fact("RosterItemRemoved", data)),
  fc.record({ from: jid, stanza: fc.constantFrom("<presence/>", "<presence><status>é</status></presence>") }).map((data) => fact("SubscriptionRequested", data)),
  fc.record({ from: jid }).map((data) => fact("SubscriptionRequestSettled", data)),
  fc.record({ jids }).map((data) => fact("ContactsBlocked", data)),
  fc.record({ jids }).map((data) => fact("ContactsUnblocked", data)),
  fc.record({ number: fc.nat(9), bytes: fc.nat(99) }).map(stored),
  fc.record({ numbers: fc.uniqueArray(fc.nat(9), { maxLength: 3 }), bytes: fc.nat(99) }).map((data) => fact("OfflineMessagesRemoved", data)),
  fc.record({ status: fc.string() }).map((data) => fact("UserLeft", data)),
  fc.record({ removed: fc.boolean() }).map((data) => fact("PasswordChanged", data)),
  fc.record({ space: fc.constant("vcard"), key: fc.string(), value: fc.constantFrom<Json>(null, { a: 1 }) }).map((data) => fact("AccountDataSet", data)),
  fc.record({ space: fc.constantFrom("push", "pep"), key: fc.constantFrom("", "a", "a/b", "😀"), value: fc.constantFrom<Json>(null, false, { a: [1] }, "text") })
    .map((data) => fact("AccountStateSet", data)),
  fc.constantFrom("0kz6m9w3a-0000", "0kz6m9w3a-0001", "0kz6m9w3b-0000").map((key) => fact("MessageArchived", { id: `${key}-${"x".repeat(22)}`, with: "juliet@capulet.lit", bytes: 9 })),
  fc.constantFrom({ through: "0kz6m9w3a-0000" }, { through: "0kz6m9w3b-0003", forgotten: 7 }).map((data) => fact("ArchiveTrimmed", data)),
);

/** A life, perhaps more than one: changes, and now and then an end and a new beginning. */
const life: fc.Arbitrary<readonly AccountFact[]> = fc
  .array(fc.oneof({ weight: 12, arbitrary: change.map((one) => [one]) }, { weight: 1, arbitrary: fc.constant([fact("AccountDeleted", {}), created]) }), { maxLength: 30 })
  .map((parts) => [created, ...parts.flat()]);

const metaNames = ["createdAt", "rosterVersion", "rosterSince", "offlineLast", "offlineMessages", "offlineBytes", "archiveLast", "archiveForgotten", "left"] as const;

/** All that an account says of itself. */
function seen(account: Account): unknown {
  const sorted = (map: ReadonlyMap<string, unknown>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    bare: account.bare,
    contacts: sorted(account.contacts),
    requests: sorted(account.requests),
    blocked: sorted(account.blocked),
    removals: sorted(account.removals),
    states: [...account.stateSpaces].toSorted().map((space) => [space, sorted(account.states(space))]),
    meta: metaNames.map((name) => [name, account.meta(name)]),
  };
}

/** When the fact at this place of a life happened, in milliseconds. */
const timeOf = (at: number) => 1_000 + at;

function lived(facts: readonly AccountFact[]): Account {
  const account = new Account(host, "romeo");
  facts.forEach((one, at) => account.apply(one, timeOf(at)));
  return account;
}

function recorded({ type, data }: AccountFact, at: number): Fact {
  return { type, v: accountFactVersions[type], at: timeOf(at), step: "s", cause: null, data: data as unknown as Json };
}

describe("an account in memory", () => {
  it("goes on after the last message of its archive, also when the facts of all messages are gone (XEP-0313 section 3.2)", () => {
    const message = (key: string) => fact("MessageArchived", { id: `${key}-${"x".repeat(22)}`, with: "juliet@capulet.lit", bytes: 9 });
    const trimmed = fact("ArchiveTrimmed", { through: "0kz6m9w3b-0000", forgotten: 2 });
    const whole = lived([created, message("0kz6m9w3a-0000"), message("0kz6m9w3b-0000"), trimmed]);
    const left = lived([created, trimmed]);
    for (const account of [whole, left]) expect([account.meta("archiveLast"), account.meta("archiveForgotten")]).toEqual(["0kz6m9w3b-0000", 2]);
    const newer = lived([created, message("0kz6m9w3c-0000"), trimmed, fact("ArchiveTrimmed", { through: "0kz6m9w3b-0000" })]);
    expect([newer.meta("archiveLast"), newer.meta("archiveForgotten")]).toEqual(["0kz6m9w3c-0000", 2]);
  });

  it("is what the store says of the same facts, whoever else lives there", async () => {
    await fc.assert(
      fc.asyncProperty(life, async (facts) => {
        const store = createMemoryStore(projections);
        for (const username of ["rome", "romeo", "romeo2"]) {
          const own = facts.map(({ type, data }) => ({ type, data: { ...data, username } }) as AccountFact);
          await store.append(accountStream(host, username), 0, own.map(recorded));
        }
        // A neighbour goes, and takes nothing along.
        await store.append(accountStream(host, "rome"), "any", [recorded(fact("AccountDeleted", {}, { host, username: "rome" }), 99)]);
        const loaded = await loadAccount(store, host, "romeo");
        expect(loaded === undefined ? undefined : seen(loaded)).toEqual(seen(lived(facts)));
        expect(await loadAccount(store, host, "rome")).toBeUndefined();
        await store.close();
      }),
      { numRuns: 60 },
    );
  });

  it("takes facts back, the last first, exactly", () => {
    fc.assert(
      fc.property(life, fc.array(fc.oneof(change, fc.constant(fact("AccountDeleted", {}))), { minLength: 1, maxLength: 8 }), (before, failed) => {
        const account = lived(before);
        const undo = failed.map((one) => account.apply(one, 9_999));
        for (const back of undo.toReversed()) back();
        expect(seen(account)).toEqual(seen(lived(before)));
      }),
    );
  });

  it("takes back a fact that touches one row twice", () => {
    const removed = (version: number, forgotten: string | null) => fact("RosterItemRemoved", { jid: "a@b", version, forgotten });
    const account = lived([created, removed(1, null)]);
    account.apply(removed(2, "a@b"), 9)();
    expect(seen(account)).toEqual(seen(lived([created, removed(1, null)])));
  });

  it("goes on from where it was after taking facts back", () => {
    fc.assert(
      fc.property(life, change, change, (before, failed, next) => {
        const account = lived(before);
        account.apply(failed, 9_999)();
        account.apply(next, timeOf(before.length));
        expect(seen(account)).toEqual(seen(lived([...before, next])));
      }),
    );
  });

  it("is loaded whole, beyond one page of rows", async () => {
    const store = createMemoryStore(projections);
    const many = Array.from({ length: 2_500 }, (_, at) => fact("RosterItemSet", { item: newRosterItem(`friend-${at}@capulet.lit`), version: at + 1 }));
    await store.append(accountStream(host, "romeo"), 0, [created, ...many].map(recorded));
    const loaded = await loadAccount(store, host, "romeo");
    expect(loaded?.contacts.size).toBe(2_500);
    expect(loaded?.contacts.get("friend-2499@capulet.lit")).toEqual({ ...newRosterItem("friend-2499@capulet.lit"), version: 2_500 });
    expect(loaded?.meta("rosterVersion")).toBe(2_500);
    await store.close();
  });

  it("is none where nobody made it", async () => {
    const store = createMemoryStore(projections);
    await store.append(accountStream(host, "romeo"), 0, [recorded(fact("ContactsBlocked", { jids: ["a@b"] }), 0)]);
    expect(await loadAccount(store, host, "romeo")).toBeUndefined();
    await store.close();
  });
});

describe("the state of a subscription", () => {
  const set = (shown: Partial<RosterItem>) => fact("RosterItemSet", { item: { ...newRosterItem("juliet@capulet.lit"), ...shown }, version: 1 });
  const asked = fact("SubscriptionRequested", { from: "juliet@capulet.lit", stanza: "<presence/>" });

  it.each([
    ["None", []],
    ["None", [set({})]],
    ["None", [set({ approved: true })]],
    ["NoneOut", [set({ ask: true })]],
    ["NoneIn", [asked]],
    ["NoneIn", [set({}), asked]],
    ["NoneOutIn", [set({ ask: true }), asked]],
    ["To", [set({ subscription: "to" })]],
    ["ToIn", [set({ subscription: "to" }), asked]],
    ["From", [set({ subscription: "from" })]],
    ["FromOut", [set({ subscription: "from", ask: true })]],
    ["Both", [set({ subscription: "both" })]],
  ] as const)("is %s by the item and the request", (state, facts) => {
    const account = lived([created, ...facts]);
    expect(account.subscription("juliet@capulet.lit")).toBe(state);
    expect(account.subscription("nurse@capulet.lit")).toBe("None");
  });

  it("goes with the request when that is settled", () => {
    expect(lived([created, asked, fact("SubscriptionRequestSettled", { from: "juliet@capulet.lit" })]).subscription("juliet@capulet.lit")).toBe("None");
  });
});

describe("RFC 6121 section 2.6 versions of a roster", () => {
  const removed = (jid: string, version: number, forgotten: string | null = null) => fact("RosterItemRemoved", { jid, version, forgotten });
  const set = (jid: string, version: number) => fact("RosterItemSet", { item: newRosterItem(jid), version });

  it("are read again as they were written, and no other text is", () => {
    const account = lived([created, set("a@b", 7)]);
    expect(account.parseRosterVersion(account.rosterVersion())).toBe(7);
    for (const version of [0, 9, 10, 12_345, Number.MAX_SAFE_INTEGER]) expect(account.parseRosterVersion(account.rosterVersion(version))).toBe(version);
    for (const text of ["", "7", "-7", "x-7", `${account.rosterVersion()} `, account.rosterVersion().replace("-7", "-07"), `${account.rosterVersion()}.0`]) {
      expect(account.parseRosterVersion(text), text).toBeUndefined();
    }
  });

  it("are not those of an account of the same name that is gone", () => {
    const old = lived([created, set("a@b", 1)]).rosterVersion();
    expect(lived([created, set("a@b", 1), fact("AccountDeleted", {}), created, set("a@b", 1)]).parseRosterVersion(old)).toBeUndefined();
  });

  it("remember removals until the contact is there again", () => {
    const account = lived([created, set("a@b", 1), removed("a@b", 2)]);
    expect([...account.removals]).toEqual([["a@b", 2]]);
    expect([account.contacts.size, account.meta("rosterVersion"), account.meta("rosterSince")]).toEqual([0, 2, undefined]);
    account.apply(set("a@b", 3), 9);
    expect([...account.removals]).toEqual([]);
  });

  it("begin after a removal that was forgotten, and never earlier again (section 2.6.3)", () => {
    const account = lived([created, removed("a@b", 5), removed("b@b", 6), removed("c@b", 7, "b@b")]);
    expect(account.meta("rosterSince")).toBe(6);
    expect([...account.removals.keys()]).toEqual(["a@b", "c@b"]);
    account.apply(removed("d@b", 8, "a@b"), 9);
    expect(account.meta("rosterSince")).toBe(6);
  });
});

describe("what a roster has room for", () => {
  const set = (item: RosterItem, version: number) => fact("RosterItemSet", { item, version });
  const juliet = { ...newRosterItem("juliet@capulet.lit"), name: "Juliet" };
  const nurse = { ...newRosterItem("nurse@capulet.lit"), groups: ["Household"] };

  it("is measured by all that is in it, whatever was there before", () => {
    const bytes = (...facts: readonly AccountFact[]) => lived([created, ...facts]).meta("rosterBytes") ?? 0;
    const all = [set(juliet, 1), set(nurse, 2), set({ ...juliet, name: "J" }, 3)];
    expect(bytes(...all)).toBe(rosterItemBytes({ ...juliet, name: "J" }) + rosterItemBytes(nurse));
    expect(bytes(...all, fact("RosterItemRemoved", { jid: juliet.jid, version: 4, forgotten: null }))).toBe(rosterItemBytes(nurse));
    expect(bytes(...all, fact("RosterItemRemoved", { jid: "nobody@capulet.lit", version: 4, forgotten: null }))).toBe(bytes(...all));
  });

  it("is so many contacts: another is too many, a change of one is not", () => {
    const rows = Array.from({ length: rosterItemsMax }, (_, at) => ({ key: `contact/friend-${at}@capulet.lit`, value: { ...newRosterItem(`friend-${at}@capulet.lit`), version: 1 } }));
    const full = new Account(host, "romeo", rows);
    expect([full.hasRoomFor(juliet), full.hasRoomFor({ ...newRosterItem("friend-0@capulet.lit"), name: "Friend" })]).toEqual([false, true]);
    expect(new Account(host, "romeo", rows.slice(1)).hasRoomFor(juliet)).toBe(true);
  });

  it("is so many bytes, of which those of the item itself are given back", () => {
    const holding = (rosterBytes: number) =>
      new Account(host, "romeo", [{ key: "meta/rosterBytes", value: rosterBytes }, { key: `contact/${juliet.jid}`, value: { ...juliet, version: 1 } }]);
    const free = rosterBytesMax - rosterItemBytes(nurse);
    expect([holding(free).hasRoomFor(nurse), holding(free + 1).hasRoomFor(nurse)]).toEqual([true, false]);
    expect([holding(rosterBytesMax).hasRoomFor(juliet), holding(rosterBytesMax + 1).hasRoomFor(juliet)]).toEqual([true, false]);
    expect(holding(rosterBytesMax).hasRoomFor({ ...juliet, name: "Juliet!" })).toBe(false);
    expect(new Account(host, "romeo").hasRoomFor(juliet)).toBe(true);
  });
});

describe("the rows of an account", () => {
  it("are read by their kinds: others are none of its business", () => {
    const account = new Account(host, "romeo", [
      { key: "block/friar@cell.lit/a/b", value: true },
      { key: "request/nurse@capulet.lit", value: "<presence/>" },
      { key: "removal/tybalt@capulet.lit", value: 7 },
      { key: "meta/createdAt", value: 5 },
      { key: "vcard/juliet@capulet.lit", value: true },
      { key: "block", value: true },
    ]);
    expect([[...account.blocked], [...account.requests], [...account.removals], account.contacts.size]).toEqual([
      [["friar@cell.lit/a/b", true]], [["nurse@capulet.lit", "<presence/>"]], [["tybalt@capulet.lit", 7]], 0,
    ]);
    expect([account.host, account.username, account.bare, account.meta("createdAt"), account.rosterVersion()]).toEqual([host, "romeo", "romeo@montague.lit", 5, "5-0"]);
  });

  it("say who sees whom", () => {
    const shown = (["none", "to", "from", "both"] as const).map((subscription) => {
      const account = lived([created, fact("RosterItemSet", { item: { ...newRosterItem("juliet@capulet.lit"), subscription }, version: 1 })]);
      return [account.sees("juliet@capulet.lit"), account.shows("juliet@capulet.lit")];
    });
    expect(shown).toEqual([[false, false], [true, false], [false, true], [true, true]]);
    expect([lived([created]).sees("juliet@capulet.lit"), lived([created]).shows("juliet@capulet.lit")]).toEqual([false, false]);
  });
});

describe("the end of an account", () => {
  it("leaves nothing", () => {
    const life = [created, fact("RosterItemSet", { item: newRosterItem("a@b"), version: 1 }), fact("ContactsBlocked", { jids: ["c@d"] }), stored({ number: 1, bytes: 1 })];
    expect(seen(lived([...life, fact("AccountDeleted", {})]))).toEqual(seen(new Account(host, "romeo")));
  });
});

describe("a user who has left", () => {
  it("is remembered with the time and the last words", () => {
    expect(lived([created]).meta("left")).toBeUndefined();
    expect(lived([created, fact("UserLeft", { status: "Parting" }), fact("UserLeft", { status: "" })]).meta("left")).toEqual({ at: timeOf(2), status: "" });
    expect(lived([created, fact("UserLeft", { status: "Parting" })]).meta("left")).toEqual({ at: timeOf(1), status: "Parting" });
  });
});

describe("what waits for a user", () => {
  it("is counted, and its last number outlives it", () => {
    const account = lived([created, stored({ number: 1, bytes: 10 }), stored({ number: 2, bytes: 20 }), fact("OfflineMessagesRemoved", { numbers: [1, 2], bytes: 30 })]);
    expect(metaNames.slice(3, 6).map((name) => account.meta(name))).toEqual([2, 0, 0]);
    account.apply(stored({ number: 3, bytes: 5 }), 9);
    expect(metaNames.slice(3, 6).map((name) => account.meta(name))).toEqual([3, 1, 5]);
  });
});

describe("XEP-0191 section 3.3 blocked contacts", () => {
  it("stay blocked until each is unblocked", () => {
    const account = lived([created, fact("ContactsBlocked", { jids: ["a@b", "c"] }), fact("ContactsBlocked", { jids: ["d@e"] }), fact("ContactsUnblocked", { jids: ["c"] })]);
    const blocks = (text: string) => account.blocks(parseJid(text) ?? expect.fail());
    expect(["a@b/x", "x@c", "d@e", "f@e"].map(blocks)).toEqual([true, false, true, false]);
    expect([...account.blocked]).toEqual([["a@b", true], ["d@e", true]]);
  });

  it("are never the user's own resources, nor the server that keeps the list (section 5, note)", () => {
    const account = lived([created, fact("ContactsBlocked", { jids: ["romeo@montague.lit", "romeo@montague.lit/orchard", "montague.lit"] })]);
    const blocks = (text: string) => account.blocks(parseJid(text) ?? expect.fail());
    expect(["romeo@montague.lit/orchard", "romeo@montague.lit", "montague.lit", "montague.lit/news"].map(blocks)).toEqual([false, false, false, false]);
    expect(blocks("benvolio@montague.lit/street")).toBe(true);
  });
});

describe("what extensions keep in memory with an account", () => {
  const set = (space: string, key: string, value: Json) => fact("AccountStateSet", { space, key, value });

  it("is found by its space and key, whatever the key, and all of one space together", () => {
    const account = lived([created, set("push", "a/b", { x: 1 }), set("push", "", 2), set("pep", "a/b", 3), set("push", "", [4])]);
    expect([account.state("push", "a/b"), account.state("push", ""), account.state("pep", "a/b"), account.state("pep", "")]).toEqual([{ x: 1 }, [4], 3, undefined]);
    expect(new Map(account.states("push"))).toEqual(new Map<string, Json>([["a/b", { x: 1 }], ["", [4]]]));
    expect([account.states("none").size, [...account.stateSpaces]]).toEqual([0, ["push", "pep"]]);
  });

  it("goes with null, and comes back when that is taken back", () => {
    const account = lived([created, set("push", "a", 1)]);
    const back = account.apply(set("push", "a", null), 9);
    expect([account.state("push", "a"), account.states("push").size, [...account.stateSpaces]]).toEqual([undefined, 0, []]);
    back();
    expect([account.state("push", "a"), new Map(account.states("push"))]).toEqual([1, new Map([["a", 1]])]);
  });

  it("is gone with the account", () => {
    const account = lived([created, set("push", "a", 1), fact("AccountDeleted", {}), created]);
    expect([account.state("push", "a"), account.states("push").size]).toEqual([undefined, 0]);
  });
});
