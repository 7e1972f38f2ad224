/** What a page asks of the past. */
import { inspectorFoundMax } from "../domain/limits.ts";
import { parseJid } from "../domain/jid.ts";
import { rostersAt } from "../history/replay.ts";
import { sessionsById, sessionsOf, type HistorySource, type SessionRow } from "../history/source.ts";
import type { StoredFact } from "../ports.ts";
import type { Question } from "./protocol.ts";
import { showFact } from "./redact-fact.ts";

export interface Past {
  readonly history: HistorySource;
  readonly hosts: readonly string[];
  readonly bodies: boolean;
  /** Resolves when everything that was recorded until now can be read. */
  settled(): Promise<void>;
}

/** Rejects where the log cannot be read. */
export async function answer(past: Past, question: Question): Promise<unknown> {
  await past.settled();
  switch (question.kind) {
    case "facts":
      return shown(past, await past.history.streamFacts(question.stream, question.after));
    case "find":
      return find(past, question.text.trim());
    case "related":
      return shown(past, await related(past.history, question.position, question.step));
    case "rosters":
      return rostersAt(past.history, question, question.positions);
  }
}

function shown({ bodies }: Past, facts: readonly StoredFact[]): readonly StoredFact[] {
  return facts.map((fact) => showFact(fact, bodies));
}

async function find({ history, hosts }: Past, text: string): Promise<readonly SessionRow[]> {
  const jid = text.includes("@") ? parseJid(text) : undefined;
  if (jid?.local !== undefined) return newest(await sessionsOf(history, jid.domain, jid.local));
  const found = new Map<string, SessionRow>();
  const add = (rows: readonly SessionRow[]): void => rows.forEach((row) => found.set(row.id, row));
  add(await sessionsById(history, text, inspectorFoundMax));
  // The name of a user without its host is what people write first.
  for (const host of hosts) {
    const local = parseJid(`${text}@${host}`);
    if (local?.local !== undefined && local.resource === undefined) add(await sessionsOf(history, host, local.local));
  }
  return newest([...found.values()]);
}

function newest(rows: readonly SessionRow[]): readonly SessionRow[] {
  return rows.toSorted((a, b) => b.startedAt - a.startedAt).slice(0, inspectorFoundMax);
}

/** How many facts before and after a place in the log are looked at. What one step recorded is next to each other. */
const [factsBefore, factsAfter] = [500, 1_000];

async function related(history: HistorySource, position: number, step: string): Promise<readonly StoredFact[]> {
  const near: StoredFact[] = [];
  for (let last = Math.max(0, position - factsBefore); last < position + factsAfter; ) {
    const page = await history.allFacts(last);
    if (page.length === 0) break;
    near.push(...page);
    last = page.at(-1)!.position;
  }
  const own = near.find((fact) => fact.position === position)?.stream;
  const steps = new Set([step]);
  // Causes come before what follows from them.
  for (const fact of near) if (fact.cause !== null && steps.has(fact.cause)) steps.add(fact.step);
  return near.filter((fact) => steps.has(fact.step) && fact.stream !== own).slice(0, inspectorFoundMax);
}
