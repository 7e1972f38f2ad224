/** The archive of an account or a room of a salvaged log: every message that it has by the facts has a text, and there are no others. */

import { archiveContentKey, archivePrefix } from "../../domain/archive-keys.ts";
import { accountFactVersions } from "../../domain/facts.ts";
import { roomFactVersions } from "../../domain/room-facts.ts";
import { archive, archiveRowsPrefix } from "../projections/archive.ts";
import type { SavedLog } from "./saved-log.ts";

/** In the place of a message from the middle of an archive, whose id, time and contact stay (XEP-0313 section 3.2). */
const placeholder = "<message/>";
const pageRows = 1_000;

/** Once the read models are made. Returns what there was to be mended, for a person. */
export function mendArchive(log: SavedLog, stream: string): readonly string[] {
  const [kind, host = "", name = ""] = stream.split("/");
  const prefix = archiveRowsPrefix(host, name);
  const problems: string[] = [];
  const unknown = dropUnknown(log, stream, prefix);
  if (unknown > 0) problems.push(`${unknown} archived messages were found of which nothing was recorded: they are gone`);
  const oldest = firstWithText(log, stream);
  let [through, trimmed, replaced]: [string | undefined, number, number] = [undefined, 0, 0];
  for (const key of keysWithoutText(log, stream, prefix)) {
    if (oldest === undefined || key < oldest) {
      [through, trimmed] = [key, trimmed + 1];
    } else {
      replaced += 1;
      log.database.prepare("INSERT INTO content (stream, key, text) VALUES (?, ?, ?)").run(stream, archiveContentKey(key), placeholder);
    }
  }
  if (through !== undefined) {
    // As when it is trimmed, which may be what the lost facts said.
    if (kind === "room") log.append(stream, { type: "RoomArchiveTrimmed", v: roomFactVersions.RoomArchiveTrimmed, data: { host, room: name, through } });
    else log.append(stream, { type: "ArchiveTrimmed", v: accountFactVersions.ArchiveTrimmed, data: { host, username: name, through } });
    problems.push(`the texts of its ${trimmed} oldest archived messages were lost: its archive begins after them`);
  }
  if (replaced > 0) problems.push(`the texts of ${replaced} archived messages were lost: they are empty now`);
  return problems;
}

function dropUnknown(log: SavedLog, stream: string, prefix: string): number {
  const sql = `DELETE FROM content WHERE stream = ? AND key GLOB '${archivePrefix}*' AND NOT EXISTS (
    SELECT 1 FROM projection WHERE name = '${archive.name}' AND projection.key = ? || substr(content.key, ${archivePrefix.length + 1}))`;
  log.database.prepare(sql).run(stream, prefix);
  return Number(log.all("SELECT changes() AS changes")[0]?.["changes"]);
}

function firstWithText(log: SavedLog, stream: string): string | undefined {
  const sql = `SELECT min(key) AS key FROM content WHERE stream = ? AND key GLOB '${archivePrefix}*'`;
  const key = log.all(sql, stream)[0]?.["key"];
  return key === null || key === undefined ? undefined : String(key).slice(archivePrefix.length);
}

function* keysWithoutText(log: SavedLog, stream: string, prefix: string): Generator<string> {
  const sql = `SELECT key FROM projection WHERE name = '${archive.name}' AND key > ? AND key < ? AND NOT EXISTS (
    SELECT 1 FROM content WHERE stream = ? AND content.key = '${archivePrefix}' || substr(projection.key, ?)) ORDER BY key LIMIT ${pageRows}`;
  for (let after = prefix; ; ) {
    // "~" comes after whatever a key can hold. SQLite counts characters, as code points.
    const rows = log.all(sql, after, `${prefix}~`, stream, [...prefix].length + 1);
    for (const row of rows) yield (after = String(row["key"])).slice(prefix.length);
    if (rows.length < pageRows) return;
  }
}
