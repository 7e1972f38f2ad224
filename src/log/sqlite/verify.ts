/** A whole look at a database: its pages, each fact, its streams, what is kept beside them and its read models. Nothing is changed. */

import type { Content } from "../../ports.ts";
import { StoreOpenError } from "../errors.ts";
import type { Projection } from "../projection.ts";
import { projections as ownProjections } from "../projections/index.ts";
import { AccountsCheck } from "../verify/accounts-check.ts";
import { checkArchives } from "../verify/archives-check.ts";
import { FactForm, isStream } from "../verify/fact-form.ts";
import { Findings, fixes, type Finding, type LogCheck, type Report } from "../verify/findings.ts";
import { RoomsCheck } from "../verify/rooms-check.ts";
import { KnownGaps, versionGaps } from "../verify/version-gaps.ts";
import type { Database, OpenDatabase } from "./driver.ts";
import { resultCode } from "./driver.ts";
import { FreshModels } from "./fresh-models.ts";
import { checkFindings, pragma } from "./open-file.ts";
import type { FactRow } from "../rows.ts";
import { openForReading } from "./reading.ts";
import { applicationId, schemaVersion } from "./schema.ts";
import { canUpgrade } from "./upgrade.ts";

export interface VerifyOptions {
  readonly open: OpenDatabase;
  readonly file: string;
  /** Besides those of this room. `isSalvaged` says of which facts it is known that those before them are missing. */
  readonly checks?: (report: Report, isSalvaged: (stream: string, version: number) => boolean) => readonly LogCheck[];
  /** Told often; what it returns is waited for. `total`: 0 while it is not known. */
  readonly progress: (what: string, done: number, total: number) => Promise<void>;
  readonly findingsMax: number;
}

export interface Verified {
  readonly findings: readonly Finding[];
  /** Further ones, which are only counted. */
  readonly more: number;
  readonly facts: number;
  /** The schema of the file; smaller than today's for one that the next start upgrades. */
  readonly schema: number;
}

/** Facts that are looked at without a pause. */
const pageFacts = 2_000;
const pageRows = 1_000;
/** Of SQLite's own findings. */
const pageFindingsMax = 50;

/** Rejects with StoreOpenError where there is no database that could be looked at, StoreLockedError while a process holds it. */
export async function verifyFile(options: VerifyOptions): Promise<Verified> {
  const { open, file, findingsMax } = options;
  const database = openForReading(open, file);
  const findings = new Findings(findingsMax);
  try {
    const schema = mustBeOurs(database, file);
    const facts = await new Verification(database, options, findings, schema).run();
    return { findings: findings.list, more: findings.more, facts, schema };
  } finally {
    database.close();
  }
}

class Verification {
  readonly #database: Database;
  readonly #options: VerifyOptions;
  readonly #report: Report;
  readonly #schema: number;

  constructor(database: Database, options: VerifyOptions, findings: Findings, schema: number) {
    this.#database = database;
    this.#options = options;
    this.#report = findings.add;
    this.#schema = schema;
  }

  /** Returns the number of facts. */
  async run(): Promise<number> {
    await this.#part("pages", () => this.#pages());
    let facts = 0;
    await this.#part("table fact", async () => void (facts = await this.#facts()));
    if (this.#schema < schemaVersion) return facts;
    await this.#part("index of the streams", () => this.#streams());
    return facts;
  }

  /** Where the database itself cannot be read the other parts may still be. */
  async #part(thing: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (resultCode(error) === undefined) throw error;
      this.#report({ thing, problem: `it cannot be read to its end (${(error as Error).message})`, fix: fixes.salvage });
    }
  }

  async #pages(): Promise<void> {
    await this.#options.progress("pages", 0, Number(pragma(this.#database, "page_count")));
    for (const row of this.#database.prepare(`PRAGMA integrity_check(${pageFindingsMax})`).all()) {
      for (const problem of checkFindings(row)) this.#report({ thing: "pages", problem, fix: fixes.salvage });
    }
  }

  /** One pass over the log for everything that needs its order. */
  async #facts(): Promise<number> {
    const { open, checks, progress } = this.#options;
    const form = new FactForm(this.#report);
    const known = this.#schema < schemaVersion ? undefined : new KnownGaps(this.#database);
    const isSalvaged = (stream: string, version: number): boolean => known?.endsSalvagedGap(stream, version) ?? false;
    const looking: readonly LogCheck[] = [new AccountsCheck(this.#report), new RoomsCheck(this.#report), ...(checks?.(this.#report, isSalvaged) ?? [])];
    const models = new FreshModels(open, ownProjections);
    try {
      const page = this.#database.prepare(
        `SELECT position, stream, version, type, v, at, step, cause, data FROM fact WHERE position > ? ORDER BY position LIMIT ${pageFacts}`,
      );
      const total = Number(this.#database.prepare("SELECT count(*) AS facts FROM fact").get()?.["facts"]);
      const shapes = this.#shapes();
      let [done, whole] = [0, true];
      for (let after = 0; ; ) {
        const rows = page.all(after) as unknown as readonly FactRow[];
        for (const row of rows) {
          if (!shapes.has(`${row.type} ${row.v}`)) this.#unlisted(row, shapes);
          const fact = form.read(row);
          if (fact === undefined) whole = false;
          else for (const check of looking) check.see(fact);
          whole &&= this.#apply(models, row);
        }
        done += rows.length;
        after = rows.at(-1)?.position ?? after;
        await progress("facts", done, total);
        if (rows.length < pageFacts) break;
      }
      if (this.#schema < schemaVersion) return done;
      await this.#part("table content", () => this.#contents(looking));
      await this.#part("table secret", async () => this.#secrets(looking));
      for (const check of looking) check.end?.();
      if (whole) await this.#part("archives", () => checkArchives(this.#database, models, this.#report, (done) => this.#options.progress("archived messages", done, 0)));
      if (whole) await this.#part("table projection", () => this.#models(models, ownProjections));
      return done;
    } finally {
      models.close();
    }
  }

  #apply(models: FreshModels, row: FactRow): boolean {
    if (this.#schema < schemaVersion) return true;
    try {
      models.apply(row);
      return true;
    } catch (error) {
      this.#report({ thing: `position ${row.position}`, problem: (error as Error).message, fix: fixes.salvage });
      return false;
    }
  }

  #shapes(): Set<string> {
    if (this.#schema < schemaVersion) return new Set();
    return new Set(this.#database.prepare("SELECT type, v FROM shape").all().map((row) => `${String(row["type"])} ${Number(row["v"])}`));
  }

  /** Once for each. */
  #unlisted({ type, v }: FactRow, shapes: Set<string>): void {
    shapes.add(`${type} ${v}`);
    if (this.#schema < schemaVersion) return;
    const problem = `facts ${type} of version ${v} are in the log and not in this list, by which a start knows whether it can read them all`;
    this.#report({ thing: "table shape", problem, fix: fixes.salvage });
  }

  async #contents(looking: readonly LogCheck[]): Promise<void> {
    const page = this.#database.prepare(
      `SELECT stream, key, text FROM content WHERE (stream, key) > (?, ?) ORDER BY stream, key LIMIT ${pageRows}`,
    );
    for (let [stream, key, done] = ["", "", 0]; ; ) {
      const rows = page.all(stream, key) as unknown as readonly (Content & { readonly stream: string })[];
      for (const row of rows) {
        if (!isStream(row.stream)) this.#report({ thing: `content ${row.key} of ${row.stream}`, problem: "no stream has such a name", fix: fixes.salvage });
        for (const check of looking) check.content?.(row.stream, row);
      }
      await this.#options.progress("contents", (done += rows.length), 0);
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageRows) return;
      ({ stream, key } = last);
    }
  }

  #secrets(looking: readonly LogCheck[]): void {
    for (const row of this.#database.prepare("SELECT stream, type FROM secret").all()) {
      for (const check of looking) check.secret?.(String(row["stream"]), String(row["type"]));
    }
  }

  async #models(models: FreshModels, projections: readonly Projection[]): Promise<void> {
    const last = Number(this.#database.prepare("SELECT max(position) AS position FROM fact").get()?.["position"] ?? 0);
    for (const { name, version } of projections) {
      const row = this.#database.prepare("SELECT version, position FROM checkpoint WHERE name = ?").get(name);
      // The next start makes it anew, or brings it up to the last fact.
      if (row?.["version"] !== version || Number(row["position"]) < last) return;
    }
    let done = 0;
    for (const { projection, key, found, fromFacts } of models.differences(this.#database)) {
      const problem = found === undefined ? "it is missing" : fromFacts === undefined ? "no fact gives it" : `it is ${short(found)}, and ${short(fromFacts)} by the facts`;
      this.#report({ thing: `read model ${projection}, row ${key}`, problem, fix: fixes.rebuild });
      if ((done += 1) % pageRows === 0) await this.#options.progress("read models", done, 0);
    }
  }

  async #streams(): Promise<void> {
    const known = new KnownGaps(this.#database);
    let done = 0;
    for (const gaps of versionGaps(this.#database)) {
      for (const gap of gaps) {
        if (known.isForgotten(gap)) continue;
        const { stream, from, through } = gap;
        const versions = from === through ? `version ${from} is missing` : `versions ${from} to ${through} are missing`;
        this.#report({ thing: stream, problem: `${versions}, and nothing says that they were forgotten`, fix: fixes.salvage });
      }
      await this.#options.progress("streams", (done += 1), 0);
    }
  }
}

/** Returns the schema's version. */
function mustBeOurs(database: Database, file: string): number {
  const id = Number(pragma(database, "application_id"));
  const version = Number(pragma(database, "user_version"));
  const salvage = `if it was one, \`refrain log salvage ${file} NEW-FILE\` reads what can be read of it`;
  if (id !== applicationId) {
    throw new StoreOpenError("foreign", file, `${file}: expected a database of refrain (application_id ${applicationId}), got ${id}; ${salvage}`);
  }
  if (version !== schemaVersion && !canUpgrade(version)) {
    throw new StoreOpenError("newer", file, `${file}: expected schema ${schemaVersion}, got ${version}; look at it with the version of refrain that wrote it`);
  }
  return version;
}

function short(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
