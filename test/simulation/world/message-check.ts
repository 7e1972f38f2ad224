/** Where every message went that the server had taken, when nothing is under way and everybody was there (invariant 11). */
import { everyFact } from "../../../src/history/source.ts";
import { createHistoryAdmin } from "../../../src/admin/history-admin.ts";
import { MessageTrace } from "../../../src/history/message-trace.ts";
import { tellStory } from "../../../src/history/message-story.ts";
import { waits } from "./message-form.ts";
import type { Message } from "./message-book.ts";
import type { Scene } from "./scene.ts";
import type { Sitting } from "./sitting.ts";

/** Milliseconds for which the server may take a session for alive whose client has lost it. */
const lateMs = 150_000;
/** Problems with a story each: it is looked for in the whole log. */
const storiesMax = 5;

export async function checkMessages(scene: Scene): Promise<void> {
  const lost = scene.messages.all.filter((message) => isLost(scene, message));
  for (const [index, message] of lost.entries()) {
    const { number, by, to, at, type } = message;
    const story = index < storiesMax ? await storyOf(scene, message) : "";
    scene.problem("Invariant 11: each message has one disposition", `m${number} (${type}) of ${by.device} to ${to}, written at ${at} ms and accepted, came nowhere; the log: ${story}`);
  }
}

function isLost(scene: Scene, message: Message): boolean {
  const { isAccepted, receipts, fetched, returned, form, by, account, at, type, resource, to } = message;
  // What does not wait is lost with the session that it was written to (XEP-0160 section 3).
  if (!isAccepted || receipts.length + fetched.length > 0 || returned !== undefined || !waits(form)) return false;
  const exists = scene.people.some((person) => person.account === account);
  if (exists && scene.rights.wasBlocked(by.account, account, at, scene.now())) return false;
  // RFC 6121 sections 8.5.1 and 8.5.3.2: an error, to a session that is no more.
  if (by.end !== undefined && (!exists || (type !== "chat" && resource !== undefined))) return false;
  if (scene.ghosts.some(({ jid, lostAt }) => jid === to && lostAt + lateMs >= at)) return false;
  return !scene.sittings.some((sitting) => sitting.account === account && mayHaveTaken(scene, sitting, message));
}

/** Whether it may have been written to this session and be lost with it: one that did not count, or had itself to blame. */
function mayHaveTaken(scene: Scene, sitting: Sitting, { at, resource }: Message): boolean {
  const { counting, isToBlame, end, endedAt = Infinity, wasAvailable } = sitting;
  if (!wasAvailable && sitting.resource !== resource) return false;
  const isUncertain = isToBlame || (counting !== "on" && end === "cut off");
  return isUncertain && endedAt + lateMs >= at && sitting.askedAt <= scene.now();
}

async function storyOf(scene: Scene, { number }: Message): Promise<string> {
  const source = createHistoryAdmin({ store: scene.disk.store, hosts: [scene.domain] });
  const query = { id: `m${number}` };
  const trace = new MessageTrace(query);
  for await (const fact of everyFact(source)) trace.take(fact);
  const { summary, passages } = tellStory(query, trace.passages, trace.facts, trace.others);
  return [summary, ...passages.flatMap(({ lines }) => lines.map(({ position, text }) => `${position}: ${text}`))].join("; ");
}
