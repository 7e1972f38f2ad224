import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAccountTransfer } from "../../src/admin/account-transfer.ts";
import type { AccountTransfer, ArchivedExport, ArchiveTransfer, ImportFailure } from "../../src/admin/api.ts";
import { createArchiveTransfer } from "../../src/admin/archive-transfer.ts";
import { readAccountDocument } from "../../src/admin/formats/account-document.ts";
import type { AccountFormat } from "../../src/admin/formats/account-formats.ts";
import { archiveLine, jsonLinesFooter, jsonLinesHeader } from "../../src/admin/formats/json-lines.ts";
import { Xep0227Writer } from "../../src/admin/formats/xep-0227-write.ts";
import { importArchives } from "../../src/cli/import-archives.ts";
import { archiveContentKey, nextArchiveKey } from "../../src/domain/archive-keys.ts";
import { accountFactVersions, accountStream } from "../../src/domain/facts.ts";
import { liveClock, liveIds, liveRandom } from "../../src/live.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store } from "../../src/ports.ts";
import { createArchiveIds } from "../../src/router/archive-ids.ts";
import { exportDocuments, readFile } from "./account-files.ts";

interface House {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly transfer: AccountTransfer & ArchiveTransfer;
  readonly source: AccountSource;
}

const host = "localhost";
const jid = `romeo@${host}`;
const [ownKey, otherKey] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];

function house(key = ownKey): House {
  const store = createMemoryStore(projections);
  const accounts = new Accounts(store, liveClock, liveIds);
  const hosts = [host];
  const accountTransfer = createAccountTransfer({ store, accounts, hosts, random: liveRandom, iterations: 4096, offlineMessagesMax: 1_000 });
  const archives = createArchiveTransfer({ store, accounts, clock: liveClock, hosts, ids: async () => createArchiveIds(key) });
  return { store, accounts, transfer: { ...accountTransfer, ...archives }, source: new AccountSource(store) };
}

interface Said {
  readonly at: number;
  readonly other: string;
  readonly out: boolean;
  readonly body: string;
}

const keys = { salt: Buffer.alloc(16, 1).toString("base64"), iterations: 4096 };
const sha1 = { ...keys, storedKey: Buffer.alloc(20, 2).toString("base64"), serverKey: Buffer.alloc(20, 3).toString("base64") };

async function talk({ accounts, store }: House, said: readonly Said[]): Promise<void> {
  await accounts.create(host, "romeo", { "SCRAM-SHA-1": sha1 });
  let last: string | undefined;
  for (const { at, other, out, body } of said) {
    last = nextArchiveKey(last, at);
    const [from, to] = out ? [`${jid}/orchard`, other] : [other, jid];
    const text = `<message xmlns="jabber:client" type="chat" from="${from}" to="${to}"><body>${body}</body></message>`;
    const data = { host, username: "romeo", id: `${last}-${liveIds.next()}`, with: other, bytes: Buffer.byteLength(text) };
    const fact = { type: "MessageArchived", v: accountFactVersions.MessageArchived, at, step: liveIds.next(), cause: null, data } as const;
    await store.append(accountStream(host, "romeo"), "any", [{ ...fact, contents: [{ key: archiveContentKey(last), text }] }]);
  }
}

async function archiveOf({ transfer }: House): Promise<readonly ArchivedExport[]> {
  const all: ArchivedExport[] = [];
  for (let page = await transfer.archiveExport(jid); page.length > 0; page = await transfer.archiveExport(jid, page.at(-1)!.id)) all.push(...page);
  return all;
}

async function exported(from: House, format: AccountFormat): Promise<string> {
  const writer = format === "json" ? undefined : new Xep0227Writer();
  let text = writer === undefined ? `${jsonLinesHeader}\n` : writer.begin();
  for (const { text: account, document } of await exportDocuments(from.transfer)) {
    text += writer === undefined ? `${account}\n` : writer.account(document).text;
    if (document.archive !== true) continue;
    const messages = await archiveOf(from);
    // In parts, as a long one comes.
    for (let at = 0; at < messages.length; at += 3) {
      const part = messages.slice(at, at + 3);
      text += writer === undefined ? archiveLine(jid, part) : writer.archived(part).text;
    }
    text += writer?.endAccount() ?? "";
  }
  return text + (writer === undefined ? `${jsonLinesFooter}\n` : writer.end());
}

interface Imported {
  readonly created: number;
  readonly added: number;
  readonly failures: readonly string[];
}

async function imported(into: House, format: AccountFormat, text: string, breakAfter = Infinity): Promise<Imported> {
  const entries = readFile(format, text, 97);
  const accounts = entries.filter((entry) => entry.kind === "account");
  const outcome = await into.transfer.accountsImport(accounts.map(({ line, account }) => ({ line, account })));
  const failed = new Set(outcome.failures.map(({ line }) => line));
  const begun = new Set(accounts.flatMap(({ line, account }) => {
    const document = readAccountDocument(account);
    return "problem" in document || failed.has(line) || document.archive !== true ? [] : [document.jid];
  }));
  const failures: ImportFailure[] = [...outcome.failures];
  let added = 0;
  let calls = 0;
  const archiveImport: ArchiveTransfer["archiveImport"] = (part) => {
    if ((calls += 1) > breakAfter) throw new Error("the power is off");
    return into.transfer.archiveImport(part);
  };
  const report = { archived: (_: string, some: number, wrong: readonly ImportFailure[]) => void ((added += some), failures.push(...wrong)) };
  const again = (async function* () { yield* entries; })();
  if (begun.size > 0) await importArchives({ ...into.transfer, archiveImport }, { label: "f:", entries: again }, begun, report);
  return { created: outcome.created, added, failures: failures.map(({ line, message }) => `${line}: ${message}`) };
}

const now = liveClock.now();
const said = fc.array(
  fc.record({
    at: fc.integer({ min: 1_600_000_000_000, max: now - 1_000 }).map((at) => at - (at % 7)),
    other: fc.constantFrom("juliet@localhost/balcony", "juliet@localhost", "nurse@capulet.lit/a/b", jid),
    out: fc.boolean(),
    body: fc.constantFrom("hello", "&lt;&amp;", "ü😀", "a b"),
  }),
  { minLength: 1, maxLength: 14 },
).map((list) => list.toSorted((a, b) => a.at - b.at));

describe.each(["json", "xep-0227"] as const)("archives in an export in %s", (format) => {
  it("are the same archives again on another server: every query finds the same", async () => {
    await fc.assert(fc.asyncProperty(said, async (conversation) => {
      const [first, second] = [house(), house(otherKey)];
      await talk(first, conversation);
      const text = await exported(first, format);
      expect(await imported(second, format, text)).toEqual({ created: 1, added: conversation.length, failures: [] });
      const shown = async (each: House) => (await archiveOf(each)).map(({ at, with: contact, stanza }) => ({ at, contact, stanza }));
      expect(await shown(second)).toEqual(await shown(first));
      for (const contact of [undefined, "juliet@localhost", "juliet@localhost/balcony", "nurse@capulet.lit/a/b"]) {
        const rows = async ({ source }: House) => (await source.archived(host, "romeo", contact, { limit: 99 })).map(({ key, number, bytes }) => ({ key, number, bytes }));
        expect(await rows(second)).toEqual(await rows(first));
      }
      // The mark that there is more to come is gone.
      expect((await exportDocuments(second.transfer))[0]?.document.data).toEqual([]);
    }), { numRuns: 25 });
  });

  it("keep the ids of messages where they have been", async () => {
    const [first, second] = [house(), house()];
    await talk(first, [1, 2, 2, 2, 3].map((at) => ({ at, other: "juliet@localhost", out: at === 2, body: String(at) })));
    await imported(second, format, await exported(first, format));
    const told = async (each: House) => (await archiveOf(each)).map((message) => message.told);
    expect(await told(second)).toEqual(await told(first));
    const [one] = await archiveOf(first);
    expect(one!.id.startsWith((await first.transfer.archivedId(one!.told))!.slice(0, -1))).toBe(true);
    expect(await first.transfer.archivedId("none")).toBeNull();
  });

  it("go on where an import was broken off, and are there once however often it comes", async () => {
    const conversation = Array.from({ length: 450 }, (_, index) => ({ at: 1_000 + Math.floor(index / 3), other: "juliet@localhost", out: false, body: String(index) }));
    const [first, second] = [house(), house(otherKey)];
    await talk(first, conversation);
    const text = await exported(first, format);
    await expect(imported(second, format, text, 1)).rejects.toThrow("the power is off");
    expect(await archiveOf(second)).toHaveLength(200);
    expect(await imported(second, format, text)).toEqual({ created: 1, added: 250, failures: [] });
    const before = await archiveOf(second);
    expect(before.map(({ stanza }) => stanza)).toEqual((await archiveOf(first)).map(({ stanza }) => stanza));
    // From now on it is an account like any other.
    const again = await imported(second, format, text);
    expect(again).toMatchObject({ created: 0, added: 0, failures: [expect.stringContaining("there is such an account already; it stays as it is")] });
    expect(await archiveOf(second)).toEqual(before);
  });

  it("tell of what was too late, because their user has got something meanwhile", async () => {
    const [first, second] = [house(), house(otherKey)];
    await talk(first, Array.from({ length: 201 }, (_, index) => ({ at: 1_000 + index, other: "juliet@localhost", out: false, body: "x" })));
    const text = await exported(first, format);
    await expect(imported(second, format, text, 1)).rejects.toThrow("the power is off");
    const id = `${nextArchiveKey(undefined, now)}-fresh`;
    const fact = { type: "MessageArchived", v: 1, at: now, step: "s", cause: null, data: { host, username: "romeo", id, with: "juliet@localhost", bytes: 1 } } as const;
    await second.store.append(accountStream(host, "romeo"), "any", [{ ...fact, contents: [{ key: archiveContentKey(id.slice(0, 14)), text: "<message/>" }] }]);
    const { added, failures } = await imported(second, format, text);
    expect([added, failures.length]).toEqual([0, 1]);
    expect(failures[0]).toMatch(/^\d+: romeo@localhost: archived message: its user has got newer ones meanwhile, .*stop the server, delete the account/);
  });
});

describe("XEP-0227 section 4.11", () => {
  const result = (content: string, stamp = "2010-07-10T23:08:25Z") =>
    `<result xmlns='urn:xmpp:mam:2' id='28482-98726-73623'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='${stamp}'/>${content}</forwarded></result>`;
  const message = (addresses: string) => `<message xmlns='jabber:client' ${addresses} type='chat'><body>x</body></message>`;
  const file = (archive: string, before = "", after = "") =>
    `<server-data xmlns='urn:xmpp:pie:0'><host jid='localhost'>\n<user name='romeo' password='x'>${before}<archive xmlns='urn:xmpp:pie:0#mam'>\n${archive}\n</archive>${after}</user></host></server-data>`;

  it("reads what other servers write, wherever the archive stands among the rest", async () => {
    const into = house();
    const blocked = "<query xmlns='jabber:iq:privacy'><default name='d'/><list name='d'><item type='jid' value='a@b' action='deny' order='1'/></list></query>";
    const roster = "<query xmlns='jabber:iq:roster'><item jid='juliet@capulet.lit' subscription='both'/></query>";
    const text = file(`${result(message("from='juliet@capulet.lit/balcony' to='romeo@localhost'"))}${result(message("from='romeo@localhost/orchard' to='juliet@capulet.lit'"), "2010-07-10T23:08:24Z")}`, roster, blocked);
    expect(await imported(into, "xep-0227", text)).toEqual({ created: 1, added: 2, failures: [] });
    // One that was archived later has no earlier time.
    expect((await archiveOf(into)).map(({ with: contact, at }) => [contact, new Date(at).toISOString()])).toEqual([
      ["juliet@capulet.lit/balcony", "2010-07-10T23:08:25.000Z"], ["juliet@capulet.lit", "2010-07-10T23:08:25.000Z"],
    ]);
    expect((await exportDocuments(into.transfer))[0]?.document).toMatchObject({ roster: [{ jid: "juliet@capulet.lit" }], blocked: ["a@b"] });
  });

  it.each([
    ["no result", "<message xmlns='jabber:client'/>", "expected the element result in urn:xmpp:mam:2, got message in jabber:client"],
    ["nothing forwarded", "<result xmlns='urn:xmpp:mam:2' id='1'/>", "expected the element forwarded in urn:xmpp:forward:0 in it"],
    ["no time", result(message("from='a@b'"), "yesterday"), 'expected a delay with a stamp such as 2010-07-10T23:08:25Z, got "yesterday"'],
    ["no message", result("<iq xmlns='jabber:client'/>"), "expected the element message in jabber:client in it"],
    ["no sender", result(message("")), "it is neither from its owner nor from anybody else: there is no 'from'"],
    ["no address", result(message("from='a b@c'")), "expected JIDs in 'from' and 'to'"],
    ["a time that is yet to come", result(message("from='a@b'"), "2999-01-01T00:00:00Z"), "it was archived at 2999-01-01T00:00:00.000Z, which is yet to come"],
    ["text", "hello", "text between the elements"],
    ["what cannot be read", "<result>&lost;</result>", "restricted-xml: reference to an entity that is not predefined"],
  ])("names the line of a message with %s, and takes the others", async (_, wrong, problem) => {
    const good = result(message("from='juliet@capulet.lit/balcony'"));
    const { created, added, failures } = await imported(house(), "xep-0227", file(`${good}\n${wrong}\n${good}`));
    expect([created, added, failures.length]).toEqual([1, 2, 1]);
    expect(failures[0]).toMatch(/^[34]: romeo@localhost: archived message: /);
    expect(failures[0]).toContain(problem);
  });

  it("leaves the archives of accounts that are there as they are", async () => {
    const into = house();
    await talk(into, [{ at: 5, other: "juliet@localhost", out: false, body: "x" }]);
    const before = await archiveOf(into);
    expect(await imported(into, "xep-0227", file(result(message("from='a@b'"))))).toMatchObject({ created: 0, added: 0 });
    await expect(into.transfer.archiveImport({ jid, messages: [], last: false })).rejects.toMatchObject({ code: "account-exists" });
    expect(await archiveOf(into)).toEqual(before);
  });
});
