/**
 * How long a page of an archive takes, and what it costs in memory, with many messages on the disk. Not part of the suite. After `npm run build`:
 *   npx tsc -p tsconfig.json --outDir dist/bench && node dist/bench/test/bench/archive.js [MESSAGES] [FILE]
 * One account has a million of them with a thousand contacts, or MESSAGES. A FILE that is there already is read as it is.
 */

import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archiveContentKey, nextArchiveKey } from "../../src/domain/archive-keys.ts";
import { accountFactVersions, accountStream } from "../../src/domain/facts.ts";
import { makeJid } from "../../src/domain/jid.ts";
import { liveClock, liveIds } from "../../src/live.ts";
import { AccountSource } from "../../src/log/account-source.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Fact, Store } from "../../src/ports.ts";
import { createArchive } from "../../src/router/archive-pages.ts";
import type { ArchivedId, ArchiveQuery } from "../../src/router/archive.ts";
import { AccountCache } from "../../src/session/account-cache.ts";
import { Batch } from "../../src/step/batch.ts";

const [host, username] = ["montague.lit", "romeo"];
const messages = Number(process.argv[2] ?? 1_000_000);
const contacts = 1_000;
const factsAtOnce = 2_000;
const runs = 300;
const max = 50;
/** The first message came then, and one every half minute. */
const [begin, everyMs] = [1_600_000_000_000, 30_000];

const folder = mkdtempSync(join(tmpdir(), "refrain-bench-"));
const file = process.argv[3] ?? join(folder, "bench.db");
const isNew = !existsSync(file);
const store = await openSqliteStore({ file, durability: "process", onFatal: (error) => { throw error; } });
if (isNew) await fill(store);
console.log(`${file}: ${Math.round(statSync(file).size / 1_048_576)} MB`);
await measure(store);
await store.close();
rmSync(folder, { recursive: true });

function contact(number: number) {
  return makeJid(`contact${number % contacts}`, "capulet.lit", number % 2 === 0 ? undefined : "balcony")!;
}

async function fill(store: Store): Promise<void> {
  const start = performance.now();
  const stream = accountStream(host, username);
  const base = { cause: null, step: liveIds.next() };
  await store.append(stream, 0, [{ ...base, type: "AccountCreated", v: 1, at: begin, data: { host, username } }]);
  let last: string | undefined;
  for (let from = 0; from < messages; from += factsAtOnce) {
    const facts = Array.from({ length: Math.min(factsAtOnce, messages - from) }, (_, index): Fact => {
      const number = from + index;
      const at = begin + number * everyMs;
      last = nextArchiveKey(last, at);
      // Some contacts write much more than others.
      const other = contact(number % 3 === 0 ? number % 7 : number);
      const text = `<message xmlns='jabber:client' type='chat' id='m${number}' from='${other.full}' to='${username}@${host}/orchard'><body>${"what light through yonder window breaks ".repeat(1 + (number % 8))}</body></message>`;
      return {
        ...base, type: "MessageArchived", v: accountFactVersions.MessageArchived, at,
        data: { host, username, id: `${last}-${liveIds.next()}`, with: other.full, bytes: text.length },
        contents: [{ key: archiveContentKey(last), text }],
      };
    });
    await store.append(stream, "any", facts);
  }
  console.log(`${messages.toLocaleString("en")} messages written in ${((performance.now() - start) / 1_000).toFixed(0)} s`);
}

async function measure(store: Store): Promise<void> {
  const batch = new Batch({ store, clock: liveClock, ids: liveIds, onFailed: (error) => { throw error; }, onPressure: () => {} });
  const accounts = new AccountCache((host, username) => loadAccount(store, host, username), () => true);
  const archive = createArchive({ accounts, batch, ids: liveIds, source: new AccountSource(store), archiveKey: Buffer.alloc(16, 1) });
  const account = (await accounts.load(host, username))!;
  const end = begin + messages * everyMs;
  const at = (run: number): number => Math.floor(begin + ((run * 7_919) % runs) / runs * (end - begin));
  const samples: ArchivedId[] = [];
  for (let run = 0; run < runs; run += 1) {
    const page = await archive.page(account, { start: at(run), page: { max: 1 } });
    if ("messages" in page) samples.push(...page.messages);
  }
  const one = (run: number): ArchivedId => samples[run % samples.length]!;
  const id = (run: number): string => one(run).id;
  const between = (run: number) => {
    const [first, last] = [one(run), one(run + 1)].toSorted((left, right) => left.at - right.at);
    return { afterId: first!.id, beforeId: last!.id };
  };
  const kinds: readonly (readonly [string, (run: number) => ArchiveQuery])[] = [
    ["the last page", () => ({ page: { max, before: "" } })],
    ["the first page", () => ({ page: { max } })],
    ["after an id", (run) => ({ page: { max, after: id(run) } })],
    ["before an id", (run) => ({ page: { max, before: id(run) } })],
    ["at an index", (run) => ({ page: { max, index: Math.floor((messages - 1) * (run / runs)) } })],
    ["the count alone", () => ({ page: { max: 0 } })],
    ["start to end, a day", (run) => ({ start: at(run), end: at(run) + 86_400_000, page: { max } })],
    ["after-id and before-id", (run) => ({ ...between(run), page: { max } })],
    ["with a contact, the last page", (run) => ({ with: contact(run).toBare(), page: { max, before: "" } })],
    ["with a resource, the last page", (run) => ({ with: contact(run * 2 + 1), page: { max, before: "" } })],
    ["with a contact, start to end", (run) => ({ with: contact(run).toBare(), start: at(run), end: at(run) + 90 * 86_400_000, page: { max, before: "" } })],
    ["fifty ids", (run) => ({ ids: Array.from({ length: 50 }, (_, index) => id(run + index * 3)), page: { max } })],
  ];
  const before = rss();
  for (const [title, query] of kinds) {
    const waitedMs: number[] = [];
    let found = 0;
    for (let run = 0; run < runs; run += 1) {
      const start = performance.now();
      const page = await archive.page(account, query(run));
      waitedMs.push(performance.now() - start);
      if ("missing" in page) throw new Error(`${title}: ${page.missing} is missing`);
      found += page.messages.length;
    }
    const sorted = waitedMs.toSorted((left, right) => left - right);
    const share = (part: number): string => sorted[Math.floor(sorted.length * part)]!.toFixed(2).padStart(7);
    console.log(`  ${title.padEnd(32)} ${share(0.5)} ms (median) ${share(0.95)} ms (95 %), ${(found / runs).toFixed(1)} messages`);
  }
  console.log(`memory: ${before} MB before ${kinds.length * runs} queries, ${rss()} MB after`);
}

function rss(): number {
  return Math.round(process.memoryUsage().rss / 1_048_576);
}
