/** A log that goes on: what is new is asked for again and again, of those streams only that can still grow. */
import { type HistorySource, sessionsOf } from "../history/source.ts";
import { streamOf, type Subject } from "../history/subject.ts";
import { liveClock } from "../live.ts";
import type { StoredFact } from "../ports.ts";
import { stateAfter } from "./log-lines.ts";

/** Milliseconds between two questions for new facts. */
const pauseMs = 500;
/** New sessions are looked for every so many pauses. */
const lookEvery = 4;

/** How the account's own lines are called. */
export const accountName = "account";

/**
 * Ends when nobody reads any more, or when nothing can follow. `versions`: of each stream, the last one that was shown; `names` is
 * told of new sessions.
 */
export async function follow(
  source: HistorySource,
  subject: Subject,
  versions: Map<string, number>,
  names: Map<string, string>,
  show: (fact: StoredFact) => Promise<boolean>,
): Promise<void> {
  const open = new Set([...(subject.account === null ? [] : [subject.account]), ...subject.sessions.filter(({ endedAt }) => endedAt === null).map(streamOf)]);
  for (let turn = 1; open.size > 0 || subject.jid !== null; turn += 1) {
    await pause();
    if (process.stdout.destroyed) return;
    if (turn % lookEvery === 0) await look(source, subject, versions, names, open);
    for (const fact of await newFacts(source, open, versions)) {
      versions.set(fact.stream, fact.version);
      if (stateAfter(fact) === "closed" || fact.type === "SessionEnded") open.delete(fact.stream);
      if (!(await show(fact))) return;
    }
  }
}

async function newFacts(source: HistorySource, open: ReadonlySet<string>, versions: ReadonlyMap<string, number>): Promise<readonly StoredFact[]> {
  const found: StoredFact[] = [];
  for (const stream of open) found.push(...(await source.streamFacts(stream, versions.get(stream) ?? 0)));
  return found.toSorted((a, b) => a.position - b.position);
}

/** Sessions of the account, or of the resource, that have begun since. */
async function look(source: HistorySource, { jid }: Subject, versions: ReadonlyMap<string, number>, names: Map<string, string>, open: Set<string>): Promise<void> {
  if (jid === null) return;
  for (const row of await sessionsOf(source, jid.domain, jid.local ?? "")) {
    const stream = streamOf(row);
    if (versions.has(stream) || (jid.resource !== undefined && row.resource !== jid.resource)) continue;
    names.set(stream, `${row.resource ?? "?"} ${row.id.slice(0, 6)}`);
    open.add(stream);
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => void liveClock.at(liveClock.now() + pauseMs, resolve, true));
}
