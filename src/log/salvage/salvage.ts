/** From a damaged database to a new one that holds what could be read, and that a server can go on with. */

import { existsSync, rmSync } from "node:fs";
import { logSalvagedType, logSalvagedVersion, type VersionGap } from "../../domain/log-salvaged.ts";
import { numberOfTakenKey, parseQueuedText } from "../../domain/session-facts.ts";
import { serverStream } from "../../domain/facts.ts";
import type { Json } from "../../ports.ts";
import { BackupError, StoreOpenError } from "../errors.ts";
import { projections } from "../projections/index.ts";
import { beginFile, failed, finishFile } from "../sqlite/backup.ts";
import { resultCode, type Database, type OpenDatabase } from "../sqlite/driver.ts";
import { schema, schemaVersion } from "../sqlite/schema.ts";
import { canUpgrade, upgrade } from "../sqlite/upgrade.ts";
import { KnownGaps, versionGaps } from "../verify/version-gaps.ts";
import { collect, type Collected } from "./collect.ts";
import { DamagedFile } from "./damaged-file.ts";
import { beginAccounts, mendAccounts, type MendedAccount } from "./mend-accounts.ts";
import { beginRooms, mendRooms, type MendedRoom } from "./mend-rooms.ts";
import { mendSessions, type JudgeSession, type MendedSessions } from "./mend-sessions.ts";
import { SavedLog } from "./saved-log.ts";

export interface SalvageOptions {
  readonly open: OpenDatabase;
  /** It is only read. */
  readonly damaged: string;
  /** It must not exist. */
  readonly newFile: string;
  readonly judge: JudgeSession;
  /** Whether a text is one element of XML. */
  readonly isXml: (text: string) => boolean;
  /** Of what is written now: ms since 1970, and an id. */
  readonly at: number;
  readonly step: string;
  readonly progress: (what: string, done: number, total: number) => Promise<void>;
}

export interface Salvaged extends Collected, Omit<MendedSessions, "breaks"> {
  readonly pages: number;
  /** Pages in the write-ahead log after the last commit that is whole. */
  readonly framesLost: number;
  readonly facts: number;
  readonly contents: number;
  readonly secrets: number;
  /** Facts of which an index says that there were such: positions, from and through. */
  readonly lost: readonly { readonly from: number; readonly through: number }[];
  readonly lostFacts: number;
  readonly gaps: readonly VersionGap[];
  readonly accounts: readonly MendedAccount[];
  readonly rooms: readonly MendedRoom[];
  /** Texts that belong to nobody any more, or are damaged. */
  readonly contentsLost: number;
}

/** Rejects with StoreOpenError if nothing of a log can be found, BackupError if the new file cannot be written; then there is none. */
export async function salvage(options: SalvageOptions): Promise<Salvaged> {
  const { open, damaged, newFile } = options;
  if (existsSync(newFile)) throw new BackupError(`${newFile}: there is such a file already; name one that does not exist`);
  const file = openDamaged(damaged);
  const part = `${newFile}.part-${process.pid}`;
  let database: Database | undefined;
  try {
    if (file.schema !== undefined && file.schema > schemaVersion && file.schema < 1_000) {
      throw new StoreOpenError("newer", damaged, `${damaged}: expected schema ${schemaVersion}, got ${file.schema}; salvage it with the version of refrain that wrote it`);
    }
    beginFile(part, newFile);
    database = open(part);
    database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; ${schema} COMMIT; BEGIN`);
    database.exec("CREATE TEMP TABLE known (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL) STRICT");
    const found = await fill(file, database, options);
    database.exec("COMMIT; DROP TABLE known; PRAGMA journal_mode = DELETE");
    database.close();
    finishFile(part, newFile);
    return found;
  } catch (error) {
    try {
      database?.close();
    } catch {
      // The first error is the one that matters.
    }
    for (const rest of [part, `${part}-journal`]) rmSync(rest, { force: true });
    throw error instanceof BackupError || !isOfWriting(error) ? error : failed(newFile, error);
  } finally {
    file.close();
  }
}

async function fill(file: DamagedFile, database: Database, { damaged, judge, isXml, at, step, progress }: SalvageOptions): Promise<Salvaged> {
  const collected = await collect(file, database, (done, total) => progress("pages", done, total));
  const log = new SavedLog(database, projections, at, step);
  if (countOf(log, "fact") === 0 && countOf(log, "secret") === 0) {
    throw new StoreOpenError("not-a-database", damaged, `${damaged}: nothing of a log of refrain was found in it; take a backup back with \`refrain restore\``);
  }
  if (file.schema !== undefined && file.schema < schemaVersion && canUpgrade(file.schema)) upgradeFrom(database, file.schema);
  const lost = lostPositions(log);
  rememberVersions(log);
  rememberPosition(log, collected.lastPosition ?? 0);
  const unclear = collected.pagesMissing + collected.pagesDamaged + collected.pagesUnknown + collected.recordsLost + file.framesLost + file.unreadable > 0 || lost.count > 0;
  const endLost = isEndLost(log, collected, unclear);
  const contentsBefore = countOf(log, "content");
  dropDamagedTexts(log, isXml);
  forgetDoubtfulCauses(log);
  const begun = beginAccounts(log);
  const begunRooms = beginRooms(log);
  const refused = await log.makeModels((done, total) => progress("facts", done, total));
  const accounts = mendAccounts(log, begun);
  const rooms = mendRooms(log, begunRooms);
  const { breaks, ending, going } = mendSessions(log, { judge, endLost, unclear });
  dropOrphans(log);
  const gaps = [...gapsOf(log), ...breaks];
  log.append(serverStream, { type: logSalvagedType, v: logSalvagedVersion, data: { gaps } as unknown as Json });
  log.finish();
  return {
    ...collected,
    factsRefused: [...collected.factsRefused, ...refused],
    pages: file.pages,
    framesLost: file.framesLost,
    facts: countOf(log, "fact"),
    contents: countOf(log, "content"),
    secrets: countOf(log, "secret"),
    lost: lost.ranges,
    lostFacts: lost.count,
    gaps,
    ending,
    going,
    accounts,
    rooms,
    contentsLost: contentsBefore - countOf(log, "content"),
  };
}

/** The tables that came later are made by the upgrade. */
function upgradeFrom(database: Database, version: number): void {
  database.exec("DROP TABLE content; DROP TABLE forgotten; DROP TABLE shape; COMMIT");
  upgrade(database, version);
  database.exec("BEGIN");
}

/** What the index of the streams has and the log has not. */
function lostPositions(log: SavedLog): { readonly count: number; readonly ranges: Salvaged["lost"] } {
  const positions = log.all("SELECT position FROM known WHERE position NOT IN (SELECT position FROM fact) ORDER BY position").map(({ position }) => Number(position));
  const ranges: { from: number; through: number }[] = [];
  for (const position of positions) {
    const last = ranges.at(-1);
    if (last?.through === position - 1) last.through = position;
    else ranges.push({ from: position, through: position });
  }
  return { count: positions.length, ranges };
}

/** No version is given twice, also of facts that were lost. */
function rememberVersions(log: SavedLog): void {
  log.database.exec(`
    INSERT INTO forgotten (stream, version) SELECT stream, max(version) FROM known WHERE stream NOT NULL GROUP BY stream
      ON CONFLICT (stream) DO UPDATE SET version = max(version, excluded.version);
    DELETE FROM forgotten WHERE version <= coalesce((SELECT max(version) FROM fact WHERE fact.stream = forgotten.stream), 0);
  `);
}

/** Nor is a position. */
function rememberPosition(log: SavedLog, last: number): void {
  const positions = "SELECT coalesce(max(position), 0) AS last FROM";
  const most = Math.max(last, ...[`${positions} known`, `${positions} fact`].map((sql) => Number(log.all(sql)[0]?.["last"])));
  log.database.exec(`DELETE FROM sqlite_sequence WHERE name = 'fact'; INSERT INTO sqlite_sequence (name, seq) VALUES ('fact', ${most})`);
}

function isEndLost(log: SavedLog, { lastPosition }: Collected, unclear: boolean): boolean {
  const found = Number(log.all("SELECT coalesce(max(position), 0) AS last FROM fact")[0]?.["last"]);
  return lastPosition === undefined ? unclear : lastPosition > found;
}

function dropDamagedTexts(log: SavedLog, isXml: (text: string) => boolean): void {
  const drop = log.database.prepare("DELETE FROM content WHERE stream = ? AND key = ?");
  const page = log.database.prepare("SELECT stream, key, text FROM content WHERE (stream, key) > (?, ?) ORDER BY stream, key LIMIT 500");
  for (let [after, rows] = [["", ""] as readonly [string, string], page.all("", "")]; rows.length > 0; rows = page.all(...after)) {
    for (const row of rows) {
      const [stream, key, text] = [String(row["stream"]), String(row["key"]), String(row["text"])];
      after = [stream, key];
      if (!isWhole(key, text, isXml)) drop.run(stream, key);
    }
  }
}

function isWhole(key: string, text: string, isXml: (text: string) => boolean): boolean {
  if (numberOfTakenKey(key) !== undefined) return text === "";
  try {
    return isXml(key.startsWith("queue/") ? parseQueuedText(text).text : text);
  } catch {
    return false;
  }
}

/** A step has one cause: where its facts name several, the damage is in one of them. */
function forgetDoubtfulCauses(log: SavedLog): void {
  log.database.exec(`
    UPDATE fact SET cause = NULL WHERE cause = step OR step IN (
      SELECT step FROM fact GROUP BY step HAVING count(DISTINCT coalesce(cause, '')) > 1)`);
}

/** Texts and keys that nobody has any more. */
function dropOrphans(log: SavedLog): void {
  const kept = `
    SELECT 'account/' || key FROM projection WHERE name = 'accounts'
    UNION ALL SELECT 'room/' || key FROM projection WHERE name = 'rooms' AND key NOT GLOB '/*'
    UNION ALL SELECT 'session/' || substr(key, 6) FROM projection WHERE name = 'sessions' AND key GLOB 'live/*'
    UNION ALL SELECT '${serverStream}'`;
  log.database.exec(`DELETE FROM content WHERE stream NOT IN (${kept}); DELETE FROM secret WHERE stream NOT IN (${kept})`);
}

/** Where versions are missing that nobody has forgotten, also behind the last fact of a stream. */
function gapsOf(log: SavedLog): readonly VersionGap[] {
  const known = new KnownGaps(log.database);
  const gaps = [...versionGaps(log.database)].flat().filter((gap) => !known.isForgotten(gap));
  const ends = log.all(
    "SELECT stream, version, (SELECT max(version) FROM fact WHERE fact.stream = forgotten.stream) AS last FROM forgotten",
  );
  for (const { stream, version, last } of ends) {
    // What was mended may have gone on after them: then the gap is between, and was looked at above.
    if (last !== null && Number(last) < Number(version)) gaps.push({ stream: String(stream), from: Number(last) + 1, through: Number(version) });
  }
  return gaps;
}

function countOf(log: SavedLog, table: string): number {
  return Number(log.all(`SELECT count(*) AS rows FROM ${table}`)[0]?.["rows"]);
}

/** SQLite has only the new file; what cannot be read of the damaged one is counted, and no error. */
function isOfWriting(error: unknown): boolean {
  return resultCode(error) !== undefined || (error instanceof Error && "syscall" in error);
}

function openDamaged(damaged: string): DamagedFile {
  try {
    return new DamagedFile(damaged);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new StoreOpenError("failed", damaged, `${damaged}: there is no such file; name the damaged database`);
    throw new StoreOpenError("failed", damaged, `${damaged}: it cannot be opened (${message}); name a file, as a user who can read it`);
  }
}
