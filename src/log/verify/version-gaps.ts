/** Where versions of a stream are missing, and whether they were forgotten or lost. */

import type { LogSalvaged } from "../../domain/log-salvaged.ts";
import { logSalvagedType } from "../../domain/log-salvaged.ts";
import { sessionsCompactedType, type SessionsCompacted } from "../../domain/sessions-compacted.ts";
import { endedKey, livePrefix, sessions, type SessionRow } from "../projections/sessions.ts";
import type { Database, Value } from "../sqlite/driver.ts";

export interface Gap {
  readonly stream: string;
  /** The versions that are missing, both included. */
  readonly from: number;
  readonly through: number;
}

const pageRows = 5_000;

/** Whose streams lose facts while they live. */
interface Owner {
  readonly prefix: string;
  /** Facts before which everything is forgotten. */
  readonly ends: readonly string[];
  /** Facts that say how many have gone since the begin: `forgotten`. */
  readonly tells: readonly string[];
}

const owners: readonly Owner[] = [
  { prefix: "account/", ends: ["AccountCreated", "AccountDeleted"], tells: ["ArchiveTrimmed"] },
  // Of these nothing goes but the whole.
  { prefix: "invitation/", ends: [], tells: [] },
  { prefix: "room/", ends: ["RoomCreated", "RoomDestroyed"], tells: ["RoomArchiveTrimmed", "OccupantsNoted"] },
];

/** What the log itself says of facts that are not there any more. */
export class KnownGaps {
  readonly #database: Database;
  readonly #salvaged = new Set<string>();
  readonly #ends = new Set<string>();
  readonly #compacted: SessionsCompacted;
  /** The account or room that was asked for last, and whether no more of it is missing than its facts say has gone. */
  #owner = { stream: "", whole: true };

  constructor(database: Database) {
    this.#database = database;
    for (const { gaps } of serverFacts<LogSalvaged>(database, logSalvagedType)) {
      for (const gap of gaps) {
        this.#salvaged.add(nameOf(gap));
        this.#ends.add(`${gap.stream} ${gap.through + 1}`);
      }
    }
    this.#compacted = serverFacts<SessionsCompacted>(database, sessionsCompactedType).at(-1) ?? { reached: null, partly: null };
  }

  wasSalvaged(gap: Gap): boolean {
    return this.#salvaged.has(nameOf(gap));
  }

  /** Whether what came right before this fact was lost when the log was salvaged. */
  endsSalvagedGap(stream: string, version: number): boolean {
    return this.#ends.has(`${stream} ${version}`);
  }

  /** Whether it is as it has to be. */
  isForgotten(gap: Gap): boolean {
    const { stream, from, through } = gap;
    if (stream === "server" || this.wasSalvaged(gap)) return true;
    // What came before the begin or the end of an account, or of a room, is forgotten with it.
    const owner = owners.find(({ prefix }) => stream.startsWith(prefix));
    if (owner !== undefined) {
      if (owner.ends.includes(this.#typeAt(stream, through + 1))) return true;
      if (this.#owner.stream !== stream) this.#owner = { stream, whole: this.#isWhole(stream, owner) };
      return this.#owner.whole;
    }
    const [, host = "", id = ""] = stream.split("/");
    // Of a session that was forgotten before its end there is what came since, and nobody waits for it.
    if (from === 1) return !this.#hasRow(`${livePrefix}${host}/${id}`);
    return this.#isCompacted(host, id);
  }

  /** By numbers alone: which facts those were is not known any more. */
  #isWhole(stream: string, { ends, tells }: Owner): boolean {
    const begun = this.#number("SELECT max(version) AS number FROM fact WHERE stream = ? AND type IN (SELECT value FROM json_each(?))", stream, JSON.stringify(ends));
    const there = this.#number("SELECT count(*) AS number FROM fact WHERE stream = ? AND version > ?", stream, begun);
    const last = this.#number("SELECT max(version) AS number FROM fact WHERE stream = ?", stream);
    const salvaged = [...this.#salvaged].map((name) => name.split(" ")).filter(([of, from]) => of === stream && Number(from) > begun);
    const lost = salvaged.reduce((sum, [, from, through]) => sum + Number(through) - Number(from) + 1, 0);
    const gone = (type: string): number =>
      this.#number("SELECT max(json_extract(data, '$.forgotten')) AS number FROM fact WHERE stream = ? AND type = ? AND version > ?", stream, type, begun);
    return last - begun - there <= tells.reduce((sum, type) => sum + gone(type), lost);
  }

  #number(sql: string, ...values: readonly Value[]): number {
    return Number(this.#database.prepare(sql).get(...values)?.["number"] ?? 0);
  }

  #isCompacted(host: string, id: string): boolean {
    const { reached, partly } = this.#compacted;
    if (partly?.host === host && partly.id === id) return true;
    const row = this.#row(`session/${host}/${id}`);
    const endedAt = row === undefined ? null : (JSON.parse(row) as SessionRow).endedAt;
    if (reached === null || endedAt === null) return false;
    return endedKey(endedAt, host, id) <= endedKey(reached.endedAt, reached.host, reached.id);
  }

  #typeAt(stream: string, version: number): string {
    return String(this.#database.prepare("SELECT type FROM fact WHERE stream = ? AND version = ?").get(stream, version)?.["type"]);
  }

  #hasRow(key: string): boolean {
    return this.#row(key) !== undefined;
  }

  #row(key: string): string | undefined {
    const row = this.#database.prepare("SELECT value FROM projection WHERE name = ? AND key = ?").get(sessions.name, key);
    return row === undefined ? undefined : String(row["value"]);
  }
}

/** Every gap of every stream, in pages: the index of the streams is read, not the facts. An empty page is no end. */
export function* versionGaps(database: Database): Generator<readonly Gap[]> {
  const page = database.prepare(
    `SELECT stream, version FROM fact WHERE (stream, version) > (?, ?) ORDER BY stream, version LIMIT ${pageRows}`,
  );
  for (let [stream, version] = ["", 0]; ; ) {
    const rows = page.all(stream, version);
    const gaps: Gap[] = [];
    for (const row of rows) {
      const [next, at] = [String(row["stream"]), Number(row["version"])];
      const expected = next === stream ? version + 1 : 1;
      if (at > expected) gaps.push({ stream: next, from: expected, through: at - 1 });
      [stream, version] = [next, at];
    }
    yield gaps;
    if (rows.length < pageRows) return;
  }
}

function serverFacts<Data>(database: Database, type: string): readonly Data[] {
  const rows = database.prepare("SELECT data FROM fact WHERE stream = 'server' AND type = ? ORDER BY version").all(type);
  return rows.map((row) => JSON.parse(String(row["data"])) as Data);
}

function nameOf({ stream, from, through }: Gap): string {
  return `${stream} ${from} ${through}`;
}
