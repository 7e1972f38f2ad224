/** The archive over the store: what a query leaves, a page of it, and how many there are, without reading more than the page. */
import { archiveTimeBound, archiveContentKey, betweenArchiveKeys, nextArchiveKey, timeOfArchiveKey } from "../domain/archive-keys.ts";
import { archiveIdsMax, archivePageBytesMax, archivePageMax, archiveTrimMax } from "../domain/limits.ts";
import type { Ids } from "../ports.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Batch } from "../step/batch.ts";
import { createArchiveIds, type ArchiveIds } from "./archive-ids.ts";
import type { Archive, ArchivedId, ArchiveEnds, ArchiveMissing, ArchivePage, ArchiveQuery, KeptMessages, ResultPage } from "./archive.ts";

/** Where an archive is read from. */
export interface ArchiveSource {
  /** In the order of the keys. `contact`: only messages to and from this JID; a bare one stands for its resources too. */
  archived(host: string, username: string, contact: string | undefined, range: ArchiveRange): Promise<readonly ArchivedRow[]>;
  /** By their keys; undefined where there is none. */
  archivedAt(host: string, username: string, keys: readonly string[]): Promise<readonly (ArchivedRow | undefined)[]>;
  /** By their keys, at most 1,000; undefined where there is none. */
  archivedTexts(host: string, username: string, keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** The version of the last fact that trimmed it; undefined if none has. */
  archiveTrimmed(host: string, username: string): Promise<number | undefined>;
}

export interface ArchiveRange {
  /** Keys, or texts that could be some; neither included. */
  readonly after?: string;
  readonly before?: string;
  readonly reverse?: boolean;
  readonly limit: number;
}

export interface ArchivedRow {
  readonly key: string;
  readonly id: string;
  /** One more than that of the message before, among those that were asked for. */
  readonly number: number;
  readonly bytes: number;
  /** The other side, and the version of the fact that says all this: known where all rows were asked for, or those with some keys. */
  readonly with?: string;
  readonly fact?: number;
}

interface Parts {
  readonly accounts: AccountCache;
  readonly batch: Batch;
  readonly ids: Ids;
  readonly source: ArchiveSource;
  /** From which the ids that clients are told are made: 16 bytes. */
  readonly archiveKey: Uint8Array;
}

export function createArchive({ accounts, batch, ids, source, archiveKey }: Parts): Archive {
  const told = createArchiveIds(archiveKey);
  return {
    add(step, account, { with: contact, text }) {
      const { host, username } = account;
      const key = nextArchiveKey(account.meta("archiveLast"), step.at);
      const id = `${key}-${ids.next()}`;
      accounts.change(step, account, {
        type: "MessageArchived",
        data: { host, username, id, with: contact.full, bytes: Buffer.byteLength(text) },
        contents: [{ key: archiveContentKey(key), text }],
      });
      return told.toldOf(id);
    },
    async page(account, query) {
      await batch.durable(account.lastTicket);
      return readPage(source, told, account, query);
    },
    async ends(account) {
      await batch.durable(account.lastTicket);
      return readEnds(source, told, account);
    },
    async trim(account, kept) {
      const { host, username } = account;
      await batch.durable(account.lastTicket);
      const before = account.meta("archiveForgotten") ?? 0;
      const [rows, former] = [await overdue(source, host, username, kept), await source.archiveTrimmed(host, username)];
      const last = rows.at(-1);
      if (last === undefined) return 0;
      const forgotten = [...rows.flatMap(({ fact }) => fact ?? []), ...(former === undefined ? [] : [former])];
      return batch.run(null, (step) => {
        // It has gone meanwhile, or somebody else has trimmed it.
        if (accounts.read(step, account.bare) !== account || (account.meta("archiveForgotten") ?? 0) !== before) return 0;
        const data = { host, username, through: last.key, forgotten: before + forgotten.length };
        // Nobody waits for it: what comes back after a crash is trimmed again.
        accounts.change(step, account, { type: "ArchiveTrimmed", data, forgotten }, false);
        return rows.length;
      });
    },
  };
}

/** The oldest messages that are not to be kept any longer, as many as go in one commit. */
export async function overdue(source: ArchiveSource, host: string, username: string, { since = 0, newest }: KeptMessages): Promise<readonly ArchivedRow[]> {
  const end = (reverse: boolean) => source.archived(host, username, undefined, { limit: 1, reverse });
  const [[first], [last]] = await Promise.all([end(false), end(true)]);
  if (first === undefined || last === undefined) return [];
  const isOver = ({ key, number }: ArchivedRow): boolean =>
    timeOfArchiveKey(key) < since || (newest !== undefined && number <= last.number - newest);
  if (!isOver(first)) return [];
  const rows = await source.archived(host, username, undefined, { limit: archiveTrimMax });
  // Both times and numbers grow.
  return rows.filter(isOver);
}

type Select = (range: ArchiveRange) => Promise<readonly ArchivedRow[]>;

/** Whose archive it is: an account, or a room by its name. */
export interface ArchiveOwner {
  readonly host: string;
  readonly username: string;
}

/** What of it is on the disk. Throws RangeError for more than `archiveIdsMax` ids. */
export async function readPage(source: ArchiveSource, told: ArchiveIds, { host, username }: ArchiveOwner, query: ArchiveQuery): Promise<ArchivePage | ArchiveMissing> {
  const { with: contact, start, end, afterId, beforeId, ids, page } = query;
  const asked = ids?.length ?? 0;
  if (asked > archiveIdsMax) throw new RangeError(`ids: expected at most ${archiveIdsMax}, got ${asked}`);
  // An empty id in a page is none: with `before` it stands for the end.
  const named = [afterId, beforeId, ...(ids ?? []), page.after || undefined, page.before || undefined].filter((id) => id !== undefined);
  const known = await find(source, told, host, username, named);
  if (!(known instanceof Map)) return known;
  const key = (id: string | undefined): string | undefined => (id === undefined ? undefined : known.get(id)?.key);
  const after = latest(start === undefined ? undefined : archiveTimeBound(Math.ceil(start)), key(afterId));
  const before = earliest(end === undefined ? undefined : archiveTimeBound(Math.floor(end) + 1), key(beforeId));
  const among: Select =
    ids === undefined
      ? (range) => source.archived(host, username, contact?.full, range)
      : selectFrom(ids.map((id) => known.get(id)!).filter((row) => contact === undefined || isWith(row, contact)));
  const set: Select = (range) => among(narrowed(range, after, before));
  const [[first], [last]] = await Promise.all([set({ limit: 1 }), set({ limit: 1, reverse: true })]);
  if (first === undefined || last === undefined) return { messages: [], count: 0, index: undefined, complete: true };
  const { rows, complete, upTo } = await pageOf(set, first, last, page, key);
  const texts = rows.length === 0 ? [] : await source.archivedTexts(host, username, rows.map((row) => row.key));
  return {
    // What was trimmed meanwhile is there no more.
    messages: rows.flatMap((row, index) => (texts[index] === undefined ? [] : { ...datedId(told, row), text: texts[index] })),
    // What was added meanwhile counts where the page was read with it: the two agree.
    count: Math.max(last.number, upTo) - first.number + 1,
    index: rows[0] === undefined ? undefined : rows[0].number - first.number,
    complete,
  };
}

/** undefined for an empty archive. */
export async function readEnds(source: ArchiveSource, told: ArchiveIds, { host, username }: ArchiveOwner): Promise<ArchiveEnds | undefined> {
  const end = (reverse: boolean) => source.archived(host, username, undefined, { limit: 1, reverse });
  const [[first], [last]] = await Promise.all([end(false), end(true)]);
  return first === undefined || last === undefined ? undefined : { first: datedId(told, first), last: datedId(told, last) };
}

interface Rows {
  readonly rows: readonly ArchivedRow[];
  readonly complete: boolean;
  /** The greatest number of what was read for it, which may be more than the rows; 0 if nothing was. */
  readonly upTo: number;
}

/** `first` and `last` of the whole result set. */
async function pageOf(set: Select, first: ArchivedRow, last: ArchivedRow, page: ResultPage, key: (id: string | undefined) => string | undefined): Promise<Rows> {
  const [max, { room }] = [Math.min(page.max, archivePageMax), page];
  const bounds = { after: key(page.after || undefined), before: key(page.before || undefined) };
  // XEP-0059 section 2.7: the count alone.
  if (max < 1) return { rows: [], complete: false, upTo: 0 };
  if (bounds.after !== undefined) return taken(await set(narrowed({ limit: max + 1 }, bounds.after, bounds.before)), max, room);
  if (page.before !== undefined) {
    const { rows, ...rest } = taken(await set(narrowed({ limit: max + 1, reverse: true }, undefined, bounds.before)), max, room);
    return { rows: rows.toReversed(), ...rest };
  }
  if (page.index === undefined) return taken(await set({ limit: max + 1 }), max, room);
  // XEP-0059 section 2.6: an index beyond the end asks for an empty page.
  const number = first.number + page.index;
  if (number > last.number) return { rows: [], complete: true, upTo: 0 };
  const near = await nearest(set, first, last, number);
  const skipped = number - near.number;
  // Its rows have gone meanwhile, and who asks again is told of what is there.
  if (skipped > skippedMax) return { rows: [], complete: false, upTo: 0 };
  const rows = [near, ...(await set({ after: near.key, limit: skipped + max }))];
  return taken(rows.slice(skipped), max, room);
}

/** Rows that are passed over rather than halved once more. */
const skippedMax = 256;

/** A row at most `skippedMax` before the one with this number: keys are as good as times, and numbers grow with them. */
async function nearest(set: Select, first: ArchivedRow, last: ArchivedRow, number: number): Promise<ArchivedRow> {
  let low = first;
  for (let high = last.key; number - low.number > skippedMax; ) {
    const middle = betweenArchiveKeys(low.key, high);
    // Its rows have gone meanwhile: what is there is what there is.
    if (middle === high || middle <= low.key) break;
    const [row] = await set({ after: middle, limit: 1 });
    if (row === undefined || row.number > number) high = middle;
    else low = row;
  }
  return low;
}

/** As many as there may be in one page, by their number and by their bytes, but one at least. */
function taken(rows: readonly ArchivedRow[], max: number, room: ResultPage["room"]): Rows {
  const bytesMax = Math.min(archivePageBytesMax, room?.bytes ?? archivePageBytesMax);
  let [count, bytes] = [0, 0];
  for (const row of rows.slice(0, max)) {
    bytes += row.bytes + (room?.besides ?? 0);
    if (count > 0 && bytes > bytesMax) break;
    count += 1;
  }
  return { rows: rows.slice(0, count), complete: count === rows.length, upTo: Math.max(rows[0]?.number ?? 0, rows.at(-1)?.number ?? 0) };
}

/** The rows of these ids by id, or the first id that no message has. */
async function find(source: ArchiveSource, told: ArchiveIds, host: string, username: string, ids: readonly string[]): Promise<Map<string, ArchivedRow> | ArchiveMissing> {
  const keys = ids.map((id) => told.keyOf(id));
  const sound = keys.filter((key) => key !== undefined);
  const rows = sound.length === 0 ? [] : await source.archivedAt(host, username, sound);
  const byId = new Map(rows.flatMap((row) => (row === undefined ? [] : [[told.toldOf(row.id), row] as const])));
  const missing = ids.find((id) => !byId.has(id));
  return missing === undefined ? byId : { missing };
}

/** Some rows as if nothing else were in the archive. */
function selectFrom(given: readonly ArchivedRow[]): Select {
  const rows = [...new Map(given.map((row) => [row.key, row])).values()]
    .toSorted((left, right) => (left.key < right.key ? -1 : 1));
  return async ({ after, before, reverse, limit }) => {
    const within = rows
      .filter(({ key }) => (after === undefined || key > after) && (before === undefined || key < before))
      .map((row) => ({ ...row, number: rows.indexOf(row) }));
    return (reverse === true ? within.toReversed() : within).slice(0, limit);
  };
}

function isWith({ with: other = "" }: ArchivedRow, contact: { readonly full: string; readonly resource: string | undefined }): boolean {
  return other === contact.full || (contact.resource === undefined && other.startsWith(`${contact.full}/`));
}

function narrowed(range: ArchiveRange, after: string | undefined, before: string | undefined): ArchiveRange {
  const bounds = { after: latest(range.after, after), before: earliest(range.before, before) };
  return {
    limit: range.limit,
    ...(range.reverse === undefined ? {} : { reverse: range.reverse }),
    ...(bounds.after === undefined ? {} : { after: bounds.after }),
    ...(bounds.before === undefined ? {} : { before: bounds.before }),
  };
}

/** Keys hold digits and small letters only, which `<` puts in their order. */
function latest(left: string | undefined, right: string | undefined): string | undefined {
  return left === undefined || (right !== undefined && right > left) ? right : left;
}

function earliest(left: string | undefined, right: string | undefined): string | undefined {
  return left === undefined || (right !== undefined && right < left) ? right : left;
}

function datedId(told: ArchiveIds, { id, key }: ArchivedRow): ArchivedId {
  return { id: told.toldOf(id), at: timeOfArchiveKey(key) };
}
