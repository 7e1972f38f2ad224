/** Archived messages: each that the facts leave has its text, and no other text is kept. By look-ups, since there may be very many. */

import { archiveContentKey, archivePrefix } from "../../domain/archive-keys.ts";
import { accountStream } from "../../domain/facts.ts";
import { roomStream } from "../../domain/room-facts.ts";
import { accounts } from "../projections/accounts.ts";
import { archive } from "../projections/archive.ts";
import { rooms } from "../projections/rooms.ts";
import type { Database } from "../sqlite/driver.ts";
import type { FreshModels } from "../sqlite/fresh-models.ts";
import { fixes, type Report } from "./findings.ts";

/** What is looked at without a pause. */
const atOnce = 1_000;

/** `models`: as all facts give them. */
export async function checkArchives(database: Database, models: FreshModels, report: Report, progress: (done: number) => Promise<void>): Promise<void> {
  const text = database.prepare("SELECT 1 AS yes FROM content WHERE stream = ? AND key = ?");
  let done = 0;
  for (const row of models.keys(archive.name)) {
    const [host = "", name = "", order, key = ""] = row.split("/");
    if (order !== "n") continue;
    // No room has the address of an account.
    const stream = models.value(rooms.name, `${host}/${name}`) === undefined ? accountStream(host, name) : roomStream({ host, room: name });
    if (text.get(stream, archiveContentKey(key)) === undefined) {
      const problem = "a fact says that it was archived, and its text is not kept";
      report({ thing: `archived message ${key} of ${stream}`, problem, fix: fixes.salvage });
    }
    if ((done += 1) % atOnce === 0) await progress(done);
  }
  const page = database.prepare(
    `SELECT stream, key FROM content WHERE (stream, key) > (?, ?) AND key GLOB '${archivePrefix}*' ORDER BY stream, key LIMIT ${atOnce}`,
  );
  for (let [rows, last] = [page.all("account/", ""), ["", ""]]; rows.length > 0; rows = page.all(...(last as [string, string]))) {
    for (const row of rows) {
      last = [String(row["stream"]), String(row["key"])];
      const [stream = "", key = ""] = last;
      const owner = stream.slice(stream.indexOf("/") + 1);
      // Texts of nobody are found elsewhere.
      if (models.value(stream.startsWith("room/") ? rooms.name : accounts.name, owner) === undefined) continue;
      if (models.value(archive.name, `${owner}/n/${key.slice(archivePrefix.length)}`) !== undefined) continue;
      report({ thing: `content ${key} of ${stream}`, problem: "no fact says that this message was archived", fix: fixes.salvage });
    }
    await progress((done += rows.length));
  }
}
