/** A session that is named on the command line: out of a file, or out of the log of the data folder. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ConfigFlags } from "../config/load.ts";
import { HistoryError } from "../history/errors.ts";
import { exportOfLog, type SessionExport } from "../history/export/session-export.ts";
import { factsOf, newestSessions, type HistorySource, type SessionRow } from "../history/source.ts";
import { findSession, streamOf } from "../history/subject.ts";
import { parseExport } from "../inspector/recorded.ts";
import { showFact } from "../inspector/redact-fact.ts";
import { liveClock } from "../live.ts";
import type { StoredFact } from "../ports.ts";
import { withHistory } from "./history-access.ts";
import { OperatorError } from "./terminal.ts";

/** Of a file that is read: more than the longest session, and less than memory. */
const fileBytesMax = 256 * 1_048_576;

/** Whether it names a file: one that is there, or what can be nothing else. */
export function isFileName(what: string): boolean {
  if (existsSync(what)) return statSync(what).isFile();
  return !what.includes("@") && (what.includes("/") || what.includes("\\") || what.includes("."));
}

/** Rejects with OperatorError. */
export async function readExport(file: string): Promise<SessionExport> {
  if (!existsSync(file)) throw new OperatorError(`${file}: there is no such file; export a session with \`refrain inspect SESSION --export FILE\``);
  const { size } = statSync(file);
  if (size > fileBytesMax) throw new OperatorError(`${file}: expected at most ${fileBytesMax} bytes, got ${size}; it is no exported session`);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new OperatorError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); see to its permissions`);
  });
  try {
    return parseExport(text, file);
  } catch (error) {
    throw error instanceof HistoryError ? new OperatorError(error.message) : error;
  }
}

/** What the log has of it. Nobody's words are in it. Rejects with OperatorError. */
export function exportFromLog(what: string, flags: ConfigFlags): Promise<SessionExport> {
  return withHistory(flags, async (source) => {
    const row = await findSession(source, what);
    const facts: StoredFact[] = [];
    for await (const fact of factsOf(source, streamOf(row))) facts.push(showFact(fact, false));
    return exportOfLog(row, facts, liveClock.now());
  });
}

/** Rejects with OperatorError. */
export function findRecorded(what: string, flags: ConfigFlags): Promise<SessionRow> {
  return withHistory(flags, (source) => findSession(source, what));
}

/**
 * The log as it is at each question: that of the server that runs then, or that of the folder. Between two questions nothing is open, so that
 * a server can start, stop and start again while somebody looks.
 */
export function borrowedHistory(flags: ConfigFlags): HistorySource {
  let last: Promise<unknown> = Promise.resolve();
  // One after the other: the database of a folder is opened by one at a time.
  const ask = <Answer>(question: (source: HistorySource) => Promise<Answer>): Promise<Answer> => {
    const answer = last.then(() => withHistory(flags, question));
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    streamFacts: (stream, after) => ask((source) => source.streamFacts(stream, after)),
    allFacts: (after) => ask((source) => source.allFacts(after)),
    streamContents: (stream, after) => ask((source) => source.streamContents(stream, after)),
    sessionsById: (prefix, after) => ask((source) => source.sessionsById(prefix, after)),
    sessionsOf: (host, username, after) => ask((source) => source.sessionsOf(host, username, after)),
    newestSessions: (max) => ask((source) => newestSessions(source, max)),
  };
}
