/** What a page asks of the past. */
import { inspectorFoundMax, inspectorFrameCharsMax, inspectorQueueCharsMax } from "../domain/limits.ts";
import { parseJid } from "../domain/jid.ts";
import { rostersAt } from "../history/replay.ts";
import { byStart, newestSessions, newestSessionsOf, sessionsById, type HistorySource, type SessionRow } from "../history/source.ts";
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
      return related(past, question.position, question.step);
    case "rosters":
      return rostersAt(past.history, question, question.positions);
  }
}

function shown({ bodies }: Past, facts: readonly StoredFact[]): readonly StoredFact[] {
  return facts.map((fact) => showFact(fact, bodies));
}

async function find({ history, hosts }: Past, text: string): Promise<readonly SessionRow[]> {
  if (text === "") return newestSessions(history, newestMax);
  const jid = text.includes("@") ? parseJid(text) : undefined;
  if (jid?.local !== undefined) return newestSessionsOf(history, jid.domain, jid.local, inspectorFoundMax);
  const found = new Map<string, SessionRow>();
  const add = (rows: readonly SessionRow[]): void => rows.forEach((row) => found.set(row.id, row));
  add(await sessionsById(history, text, inspectorFoundMax));
  // The name of a user without its host is what people write first.
  for (const host of hosts) {
    const local = parseJid(`${text}@${host}`);
    if (local?.local === undefined || local.resource !== undefined) continue;
    add(await newestSessionsOf(history, host, local.local, inspectorFoundMax));
    if (history.newestSessionsOfNames !== undefined) add(await history.newestSessionsOfNames(host, local.local, inspectorFoundMax));
  }
  return byStart([...found.values()]).slice(0, inspectorFoundMax);
}

/** What is answered to who asks for nothing in particular. */
const newestMax = 100;

/** Of as many facts as an answer has room for; what one step recorded is next to each other. */
async function related({ history, bodies }: Past, position: number, step: string): Promise<readonly StoredFact[]> {
  const [here] = await history.allFacts(position - 1);
  const own = here?.position === position ? here.stream : undefined;
  const steps = new Set([step]);
  const found: StoredFact[] = [];
  let chars = 0;
  for await (const fact of factsAround(history, position)) {
    // Causes come before what follows from them.
    if (fact.cause !== null && steps.has(fact.cause)) steps.add(fact.step);
    if (!steps.has(fact.step) || fact.stream === own) continue;
    const shown = showFact(fact, bodies);
    chars += charsOf(shown);
    if (found.length > 0 && chars > inspectorFrameCharsMax) break;
    found.push(shown);
    if (found.length === inspectorFoundMax) break;
  }
  return found;
}

/** How many facts before and after a place in the log are looked at; and where they are long, how many of those before. */
const [factsBefore, factsAfter, factsShortlyBefore] = [500, 1_000, 25];

/** A page at a time, and in all not more than about `inspectorQueueCharsMax` characters. */
async function* factsAround(history: HistorySource, position: number): AsyncGenerator<StoredFact> {
  let chars = 0;
  for (let last = Math.max(0, position - factsBefore); last < position + factsAfter && chars < inspectorQueueCharsMax; ) {
    const page = await history.allFacts(last);
    if (page.length === 0) return;
    yield* page;
    for (const fact of page) chars += charsOf(fact);
    last = page.at(-1)!.position;
    if (chars > inspectorQueueCharsMax / 4) last = Math.max(last, position - factsShortlyBefore);
  }
}

function charsOf({ data }: StoredFact): number {
  return JSON.stringify(data).length;
}
