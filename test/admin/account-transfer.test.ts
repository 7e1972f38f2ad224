import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAccountTransfer } from "../../src/admin/account-transfer.ts";
import { type AccountTransfer, accountEntriesMax } from "../../src/admin/api.ts";
import { outboxBytesHardMax } from "../../src/domain/limits.ts";
import { liveClock, liveIds, liveRandom } from "../../src/live.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { loadWholeAccount } from "../../src/log/whole-account.ts";
import type { Store } from "../../src/ports.ts";
import { accountDocuments, inOrder } from "./account-documents.ts";
import { accountsIn, exportDocuments, exportFile, importFile } from "./account-files.ts";

interface House {
  readonly store: Store;
  readonly transfer: AccountTransfer;
}

/** As one is configured, or as few as a test needs. */
function house(store: Store = createMemoryStore(projections), offlineMessagesMax = 1_000): House {
  const accounts = new Accounts(store, liveClock, liveIds);
  const hosts = ["localhost", "example.org", "bücher.example"];
  return { store, transfer: createAccountTransfer({ store, accounts, hosts, random: liveRandom, iterations: 4096, offlineMessagesMax }) };
}

const keys = { salt: Buffer.alloc(16, 1).toString("base64"), iterations: 4096 };
const sha1 = { ...keys, storedKey: Buffer.alloc(20, 2).toString("base64"), serverKey: Buffer.alloc(20, 3).toString("base64") };
const romeo = { jid: "romeo@localhost", credentials: { "SCRAM-SHA-1": sha1 } };

const many = <T>(length: number, of: (index: number) => T): readonly T[] => Array.from({ length }, (_, index) => of(index));
/** What is kept in namespaces, each with its content. */
const privateXml = (count: number, ...entries: readonly (readonly [namespace: string, content: string])[]) => [
  { space: "private-xml", key: "count", value: count },
  ...entries.map(([namespace, content]) => ({ space: "private-xml", key: `namespace/${namespace}`, value: `<query xmlns='jabber:iq:private'>${content}</query>` })),
];

/** What becomes of one account. */
async function imported(account: object, into = house()): Promise<string> {
  const { created, failures } = await into.transfer.accountsImport([{ line: 1, account }]);
  const facts = await into.store.readAll(0, 10);
  expect(created + failures.length).toBe(1);
  expect(facts.length > 0).toBe(created === 1);
  return failures[0]?.message ?? "created";
}

describe("an export in JSON", () => {
  it("is the same account again in an empty server", async () => {
    await fc.assert(
      fc.asyncProperty(accountDocuments(true), async (documents) => {
        const [first, second] = [house(), house()];
        const outcome = await first.transfer.accountsImport(documents.map((account, line) => ({ line, account })));
        expect(outcome).toEqual({ created: documents.length, failures: [] });
        expect(inOrder((await exportDocuments(first.transfer)).map(({ document }) => document))).toEqual(inOrder(documents));
        const { text } = await exportFile(first.transfer, "json");
        expect(await importFile(second.transfer, "json", text)).toEqual({ created: documents.length, failures: [] });
        expect((await exportFile(second.transfer, "json")).text).toBe(text);
        for (const { jid } of documents) {
          const [username = "", host = ""] = jid.split("@");
          const [before, after] = await Promise.all([first, second].map(({ store }) => loadWholeAccount(store, host, username)));
          expect(after?.offlineMessages).toEqual(before?.offlineMessages);
          for (const meta of ["offlineMessages", "offlineBytes", "rosterBytes", "left"] as const) {
            expect(after?.account.meta(meta)).toEqual(before?.account.meta(meta));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("has every account once, in order, however many pages it takes", async () => {
    const { transfer } = house();
    const jids = Array.from({ length: 150 }, (_, index) => `u${String(index).padStart(3, "0")}@localhost`);
    const status = "x".repeat(20_000);
    for (let from = 0; from < jids.length; from += accountEntriesMax) {
      const entries = jids.slice(from, from + accountEntriesMax).map((jid, line) => ({ line, account: { ...romeo, jid, left: { at: 1, status } } }));
      expect((await transfer.accountsImport(entries)).failures).toEqual([]);
    }
    const first = await transfer.accountsExport({ domain: "localhost" });
    expect(new Set(first.map(({ jid }) => jid)).size).toBeLessThan(60);
    expect((await exportDocuments(transfer)).map(({ document }) => document.jid)).toEqual(jids);
    expect(await transfer.accountsExport({ domain: "example.org" })).toEqual([]);
    await expect(transfer.accountsExport({ domain: "example.net" })).rejects.toMatchObject({ code: "host-unknown" });
  });

  it("comes in pieces that cut no character", async () => {
    const { transfer } = house();
    const status = "😀".repeat(100_000);
    await transfer.accountsImport([{ line: 1, account: { ...romeo, left: { at: 1, status } } }]);
    const pieces = await transfer.accountExport("romeo@localhost");
    expect(pieces.length).toBeGreaterThan(2);
    const text = pieces.map((piece) => Buffer.from(piece.text).toString()).join("");
    expect(JSON.parse(text)).toMatchObject({ left: { status } });
    await expect(transfer.accountExport("juliet@localhost")).rejects.toMatchObject({ code: "account-unknown" });
    await expect(transfer.accountExport("localhost")).rejects.toMatchObject({ code: "jid-malformed" });
  });
});

describe("XEP-0227 section 4", () => {
  it("holds keys, contacts, requests, blocks, offline messages, vCards and private XML", async () => {
    await fc.assert(
      fc.asyncProperty(accountDocuments(false), async (documents) => {
        const [first, second] = [house(), house()];
        await first.transfer.accountsImport(documents.map((account, line) => ({ line, account })));
        const { text, leftOut } = await exportFile(first.transfer, "xep-0227");
        expect(leftOut).toEqual([]);
        expect(await importFile(second.transfer, "xep-0227", text)).toEqual({ created: documents.length, failures: [] });
        expect((await exportFile(second.transfer, "xep-0227")).text).toBe(text);
        const restored = (await exportDocuments(second.transfer)).map(({ document }) => document);
        // Messages are kept in one form there, whichever they had.
        const qualified = documents.map((document) => ({
          ...document,
          offlineMessages: document.offlineMessages.map((stanza) => stanza.replace(/^<message (?!xmlns)/, '<message xmlns="jabber:client" ')),
        }));
        expect(inOrder(restored)).toEqual(inOrder(qualified));
      }),
      { numRuns: 60 },
    );
  });

  it("leaves out what it has no place for, and says so", async () => {
    const { transfer } = house();
    const data = [{ space: "carrier-pigeons", key: "a", value: 1 }, { space: "carrier-pigeons", key: "b", value: 2 }];
    await transfer.accountsImport([{ line: 1, account: { ...romeo, left: { at: 1, status: "" }, data } }]);
    expect((await exportFile(transfer, "xep-0227")).leftOut).toEqual(['what is kept as "carrier-pigeons"', "when users left"]);
  });
});

describe("an import", () => {
  it("creates an account in one append, with everything", async () => {
    const store = createMemoryStore(projections);
    const appended: string[][] = [];
    const counting = new Proxy(store, {
      get: (target, name: keyof Store) => (...args: never[]) => {
        if (name === "append") appended.push((args as unknown as Parameters<Store["append"]>)[2].map(({ type }) => type));
        return (target[name] as (...given: never[]) => unknown).apply(target, args);
      },
    });
    const account = {
      ...romeo,
      roster: [{ jid: "juliet@localhost", subscription: "both" }, { jid: "nurse@localhost", subscription: "none", ask: true }],
      requests: [{ from: "tybalt@localhost", stanza: "<presence type='subscribe'/>" }],
      blocked: ["paris@localhost", "example.org"],
      offlineMessages: ["<message from='juliet@localhost'><body>1</body></message>", "<message from='juliet@localhost'><body>2</body></message>"],
      left: { at: 5, status: "to the friar" },
      data: [{ space: "x", key: "y", value: { z: 1 } }],
    };
    expect(await imported(account, house(counting))).toBe("created");
    expect(appended).toEqual([[
      "AccountCreated", "PasswordChanged", "RosterItemSet", "RosterItemSet", "SubscriptionRequested", "ContactsBlocked",
      "OfflineMessageStored", "OfflineMessageStored", "AccountDataSet", "UserLeft",
    ]]);
    const whole = await loadWholeAccount(store, "localhost", "romeo");
    // What a message or request does not say is what it must have been.
    expect(whole?.account.requests.get("tybalt@localhost")).toBe('<presence xmlns="jabber:client" type="subscribe" from="tybalt@localhost" to="romeo@localhost"/>');
    expect(whole?.offlineMessages[0]?.stanza).toBe('<message xmlns="jabber:client" from="juliet@localhost" to="romeo@localhost"><body>1</body></message>');
    expect(whole?.account.meta("left")).toEqual({ at: 5, status: "to the friar" });
    expect(whole?.credentials).toEqual(romeo.credentials);
  });

  it("leaves an account that exists as it is", async () => {
    const { store, transfer } = house();
    await transfer.accountsImport([{ line: 1, account: romeo }]);
    const before = await store.readAll(0, 99);
    const again = await transfer.accountsImport([{ line: 7, account: { ...romeo, jid: "Romeo@LOCALHOST", blocked: ["tybalt@localhost"] } }]);
    expect(again).toEqual({ created: 0, failures: [{ line: 7, message: "romeo@localhost: there is such an account already; it stays as it is" }] });
    expect(await store.readAll(0, 99)).toEqual(before);
  });

  it("derives the keys of a password that comes in clear", async () => {
    const into = house();
    expect(await imported({ jid: "romeo@localhost", password: "secret" }, into)).toBe("created");
    const kept = JSON.stringify(await into.store.secret("account/localhost/romeo", "PasswordChanged"));
    expect(Object.keys(JSON.parse(kept) as object)).toEqual(["SCRAM-SHA-1", "SCRAM-SHA-256"]);
    expect(kept + JSON.stringify(await into.store.readAll(0, 99))).not.toContain("secret");
  });

  it.each([
    ["an unknown key", { ...romeo, nickname: "R" }, /^romeo@localhost: Unrecognized key: "nickname"$/],
    ["no object", [], /^no account: /],
    ["no JID", { jid: "localhost" }, /^JID "localhost": expected USER@HOST/],
    ["another host", { ...romeo, jid: "romeo@example.net" }, /^example\.net: not a host of this server/],
    ["nothing to log in with", { jid: romeo.jid }, /^romeo@localhost: there is neither a password nor a key/],
    ["damaged keys", { jid: romeo.jid, credentials: { "SCRAM-SHA-1": { ...sha1, storedKey: "AAAA" } } }, /^romeo@localhost: the SCRAM-SHA-1 keys are damaged/],
    ["too many iterations", { jid: romeo.jid, credentials: { "SCRAM-SHA-1": { ...sha1, iterations: 1_000_001 } } }, /1–1000000 iterations$/],
    ["a password that is none", { jid: romeo.jid, password: "hunter2\u0000" }, /^romeo@localhost: password: it has characters/],
    ["a contact without a JID", { ...romeo, roster: [{ jid: "a b@c", subscription: "none" }] }, /roster: expected a JID, got "a b@c"$/],
    ["a subscription that there is not", { ...romeo, roster: [{ jid: "a@b", subscription: "remove" }] }, /roster: 0: subscription: /],
    ["itself as a contact", { ...romeo, roster: [{ jid: "Romeo@localhost", subscription: "both" }] }, /nobody is a contact of their own/],
    ["a contact twice", { ...romeo, roster: [{ jid: "a@b", subscription: "both" }, { jid: "A@b", subscription: "to" }] }, /roster: "a@b" is there twice/],
    ["a name that XML cannot carry", { ...romeo, roster: [{ jid: "a@b", name: "\u0001", subscription: "to" }] }, /contact a@b: name: U\+0001/],
    ["a name that is too long", { ...romeo, roster: [{ jid: "a@b", name: "x".repeat(1_024), subscription: "to" }] }, /more than 1023 bytes/],
    ["a group twice", { ...romeo, roster: [{ jid: "a@b", groups: ["g", "g"], subscription: "to" }] }, /group: "g" is there twice/],
    ["a request that is none", { ...romeo, requests: [{ from: "a@b", stanza: "<presence/>" }] }, /expected a presence stanza of type subscribe$/],
    ["a message that is no XML", { ...romeo, offlineMessages: ["<message from='a@b'><body></message>"] }, /offline message 1: expected the text of one element/],
    ["a message that is none", { ...romeo, offlineMessages: ["<iq from='a@b'/>"] }, /expected a message stanza in jabber:client, got iq in jabber:client$/],
    ["a message from nobody", { ...romeo, offlineMessages: ["<message/>"] }, /offline message 1: expected a JID in 'from', got null$/],
    ["a message of another namespace", { ...romeo, offlineMessages: ["<message xmlns='a:b' from='a@b'/>"] }, /got message in a:b$/],
    ["more messages than are given in one go", { ...romeo, offlineMessages: Array.from({ length: 4 }, () => `<message from='a@b'><body>${"x".repeat(200_000)}</body></message>`) }, /offline messages: expected at most \d+ bytes/],
    ["a vCard that is no XML", { ...romeo, data: [{ space: "vcard", key: "vcard", value: "no XML" }] }, /^romeo@localhost: data "vcard\/vcard": expected the text of one element/],
    ["a vCard that is no text", { ...romeo, data: [{ space: "vcard", key: "vcard", value: { FN: "R" } }] }, /data "vcard\/vcard": expected XML as text, got \{"FN":"R"\}$/],
    ["a vCard that is another element", { ...romeo, data: [{ space: "vcard", key: "vcard", value: "<vCard><FN/></vCard>" }] }, /expected the element vCard in vcard-temp, got vCard in jabber:client$/],
    ["a vCard that is none", { ...romeo, data: [{ space: "vcard", key: "vcard", value: "<vCard xmlns='vcard-temp'/>" }] }, /data "vcard\/vcard": it is empty; leave it out$/],
    ["a second vCard", { ...romeo, data: [{ space: "vcard", key: "vcard2", value: "<vCard xmlns='vcard-temp'>x</vCard>" }] }, /data "vcard\/vcard2": expected the key vcard; leave it out$/],
    ["a vCard too deep for any client", { ...romeo, data: [{ space: "vcard", key: "vcard", value: `<vCard xmlns='vcard-temp'>${"<a>".repeat(200)}${"</a>".repeat(200)}</vCard>` }] }, /data "vcard\/vcard": expected the text of one element, but policy-violation/],
    ["a vCard too large for any client", { ...romeo, data: [{ space: "vcard", key: "vcard", value: `<vCard xmlns='vcard-temp'>${"x".repeat(outboxBytesHardMax / 2)}</vCard>` }] }, /data "vcard\/vcard": expected the text of one element, but policy-violation/],
    ["private XML that is no XML", { ...romeo, data: privateXml(1, ["urn:a", "<a xmlns='urn:a'>"]) }, /data "private-xml\/namespace\/urn:a": expected the text of one element/],
    ["private XML in another namespace", { ...romeo, data: privateXml(1, ["urn:a", "<a xmlns='urn:b'>x</a>"]) }, /expected elements in urn:a and nothing else$/],
    ["private XML with text of its own", { ...romeo, data: privateXml(1, ["urn:a", "<a xmlns='urn:a'>x</a>!"]) }, /expected elements in urn:a and nothing else$/],
    ["private XML that is empty", { ...romeo, data: privateXml(1, ["urn:a", "<a xmlns='urn:a'/>"]) }, /data "private-xml\/namespace\/urn:a": it is empty; leave it out$/],
    ["private XML in a reserved namespace", { ...romeo, data: privateXml(1, ["jabber:iq:last", "<a xmlns='jabber:iq:last'>x</a>"]) }, /this namespace is reserved; leave it out$/],
    ["private XML in no namespace", { ...romeo, data: privateXml(1, ["", "<a xmlns=''>x</a>"]) }, /what is kept needs a namespace; leave it out$/],
    ["private XML under another key", { ...romeo, data: [{ space: "private-xml", key: "notes", value: "x" }] }, /expected a key such as namespace\/NAMESPACE; leave it out$/],
    ["private XML that is not counted", { ...romeo, data: privateXml(1, ["urn:a", "<a xmlns='urn:a'>x</a>"]).slice(1) }, /data "private-xml\/count": expected 1, the number of namespaces with private XML, got 0$/],
    ["private XML that is counted wrongly", { ...romeo, data: privateXml(2, ["urn:a", "<a xmlns='urn:a'>x</a>"]) }, /data "private-xml\/count": expected 1, .* got 2$/],
    ["more private XML than is kept", { ...romeo, data: privateXml(257, ...Array.from({ length: 257 }, (_, i) => [`urn:${i}`, `<a xmlns='urn:${i}'>x</a>`] as const)) }, /^romeo@localhost: private XML in more than 256 namespaces; remove some$/],
    ["more contacts than a roster has", { ...romeo, roster: many(10_001, (i) => ({ jid: `c${i}@b`, subscription: "to" })) }, /^romeo@localhost: roster: expected at most 10000 of them; remove some$/],
    ["a roster larger than is given in one go", { ...romeo, roster: many(5_000, (i) => ({ jid: `c${i}@b`, name: "x".repeat(1_000), subscription: "to" })) }, /^romeo@localhost: the roster: expected at most 4194304 bytes, got \d+; remove some$/],
    ["more requests than wait for anybody", { ...romeo, requests: many(1_001, (i) => ({ from: `c${i}@b`, stanza: "<presence type='subscribe'/>" })) }, /^romeo@localhost: requests: expected at most 1000 of them; remove some$/],
    ["a request that is too long", { ...romeo, requests: [{ from: "a@b", stanza: `<presence type='subscribe'><status>${"x".repeat(3_000)}</status></presence>` }] }, /^romeo@localhost: request of a@b: longer than 3000 characters; shorten it$/],
    ["more addresses than a user blocks", { ...romeo, blocked: many(5_001, (i) => `c${i}@b`) }, /^romeo@localhost: blocked: expected at most 5000 of them; remove some$/],
    ["more messages than are kept", { ...romeo, offlineMessages: many(1_001, () => "<message from='a@b'/>") }, /^romeo@localhost: the offline messages: expected at most 1000 \(limits\.offlineMessages\), got 1001; raise the limit, or remove some$/],
    ["a value that is nothing", { ...romeo, data: [{ space: "x", key: "y", value: null }] }, /data: 0: value: expected a value$/],
    ["a state that is nothing", { ...romeo, state: [{ space: "x", key: "y", value: null }] }, /state: 0: value: expected a value$/],
    ["a state twice", { ...romeo, state: [{ space: "x", key: "y", value: 1 }, { space: "x", key: "y", value: 2 }] }, /state: "x\/y" is there twice/],
    ["a state that is too large", { ...romeo, state: [{ space: "x", key: "y", value: "v".repeat(16_383) }] }, /state "x\/y": expected at most 16384 bytes, got 16385; shorten it$/],
    ["more state than an extension keeps", { ...romeo, state: Array.from({ length: 1_001 }, (_, i) => ({ space: "x", key: String(i), value: 1 })) }, /state: expected at most 1000 keys of x; remove some$/],
    ["a space that cannot be", { ...romeo, data: [{ space: "x/y", key: "", value: 1 }] }, /expected a space without "\/"/],
    ["a day that is none", { ...romeo, left: { at: 8.65e15, status: "" } }, /left: at: /],
  ])("refuses %s, whole and by name", async (_, account, message) => {
    const problem = await imported(account);
    expect(problem).toMatch(message);
    expect(problem).not.toContain("hunter2");
  });

  it("takes as much as clients could have brought, and no messages where none are kept", async () => {
    const full = {
      ...romeo,
      blocked: many(5_000, (i) => `c${i}@b`),
      requests: many(1_000, (i) => ({ from: `c${i}@b`, stanza: "<presence type='subscribe'/>" })),
      offlineMessages: many(1_000, () => "<message from='a@b'><body>x</body></message>"),
      data: [
        ...privateXml(256, ...many(256, (i) => [`urn:${i}`, `<a xmlns='urn:${i}'>x</a>`] as const)),
        // 64 levels, of what takes six times the room once it is kept.
        { space: "vcard", key: "vcard", value: `<vCard xmlns="vcard-temp">${"<a>".repeat(62)}${"&apos;".repeat(262_144)}${"</a>".repeat(62)}</vCard>` },
      ],
    };
    expect(await imported(full)).toBe("created");
    expect(await imported({ ...romeo, data: privateXml(0) })).toBe("created");
    const without = house(createMemoryStore(projections), 0);
    expect(await imported({ ...romeo, offlineMessages: ["<message from='a@b'/>"] }, without)).toContain("expected at most 0 (limits.offlineMessages), got 1");
    expect(await imported(romeo, without)).toBe("created");
  });

  it("takes a request to who is seen already for answered, and one from who sees the user for granted", async () => {
    const into = house();
    const account = {
      ...romeo,
      roster: [{ jid: "juliet@localhost", subscription: "both", ask: true }],
      requests: [{ from: "juliet@localhost", stanza: "<presence type='subscribe'/>" }],
    };
    expect(await imported(account, into)).toBe("created");
    const [exported] = await exportDocuments(into.transfer);
    expect(exported?.document).toMatchObject({ roster: [{ subscription: "both", ask: false }], requests: [] });
  });

  it("lets the others be created", async () => {
    const { transfer } = house();
    const jids = ["a@localhost", "bad", "c@localhost"];
    const { created, failures } = await transfer.accountsImport(jids.map((jid, index) => ({ line: index + 1, account: { ...romeo, jid } })));
    expect([created, failures.map(({ line }) => line)]).toEqual([2, [2]]);
    const many = Array.from({ length: accountEntriesMax + 1 }, (_, line) => ({ line, account: romeo }));
    await expect(transfer.accountsImport(many)).rejects.toMatchObject({ code: "request-malformed" });
  });
});

describe("a file in JSON", () => {
  it("is read whatever pieces it comes in", async () => {
    const { transfer } = house();
    await transfer.accountsImport(["a", "ü"].map((name, line) => ({ line, account: { ...romeo, jid: `${name}@localhost` } })));
    const { text } = await exportFile(transfer, "json");
    expect(accountsIn("json", text).map(({ line }) => line)).toEqual([2, 3]);
  });
});
