/** Where a stanza went, told in sentences with the places in the log that they rest on. */
import { cameFrom, isWaiting, type MessageQuery, type Passage, type PassageEvent } from "./message-trace.ts";
import { ruleWords } from "./rule-words.ts";
import { sessionIdOf } from "./session-past.ts";
import { stanzaWords } from "./words.ts";

export interface MessageStory {
  readonly query: MessageQuery;
  /** Facts of the log that were looked at. */
  readonly facts: number;
  /** One sentence, without a full stop. */
  readonly summary: string;
  readonly passages: readonly (Passage & { readonly lines: readonly StoryLine[]; readonly outcome: Outcome })[];
  /** What the log cannot know, where that matters. */
  readonly remarks: readonly string[];
}

export interface StoryLine {
  readonly position: number;
  readonly at: number;
  readonly text: string;
}

export type Outcome = "acknowledged" | "waiting" | "kept" | "archived" | "trimmed" | "delivered-or-dropped" | "given-on" | "unknown" | "missed-by-nobody" | "returned";

/** `others`: passages of stanzas with this id that are not from and for whom the query asks. Pure. */
export function tellStory(query: MessageQuery, passages: readonly Passage[], facts: number, others = 0): MessageStory {
  const told = passages.map((passage) => ({ ...passage, lines: linesOf(passage, passages), outcome: outcomeOf(passage, passages) }));
  return { query, facts, summary: summaryOf(query, told, others), passages: told, remarks: remarksOf(told) };
}

function linesOf(passage: Passage, all: readonly Passage[]): readonly StoryLine[] {
  const { position, at, events } = passage;
  return [{ position, at, text: arrival(passage, all) }, ...events.map((event) => ({ position: event.position, at: event.at, text: eventText(event, passage, all) }))];
}

function arrival(passage: Passage, all: readonly Passage[]): string {
  const { where, owner, number, why, stream, sender, copy } = passage;
  const place = where === "archive" ? `into the archive of ${owner} (XEP-0313)` : where === "queue" ? `into the queue of ${owner} as number ${number} (session ${sessionIdOf(stream)})` : `kept for ${owner} as message ${number}`;
  const before = cameFrom(passage, all);
  const origin = before !== undefined ? `, as what follows from ${before.position}` : sender === null ? "" : `, sent by session ${sender}`;
  return `${copy ? "a copy of " : ""}${stanzaWords({ ...passage, id: null })} ${place}${origin}${why === null ? "" : `: ${ruleWords(why)}`}`;
}

const eventTexts: Readonly<Record<PassageEvent["what"], string>> = {
  hibernated: "the session lost its stream, and keeps it until its client is back (XEP-0198 section 5)",
  resent: "sent again to the client, which has resumed the session (XEP-0198 section 5)",
  acknowledged: "the client has acknowledged it (XEP-0198 section 4)",
  taken: "another session of the account has it: here it is a copy from now on",
  dropped: "too much waited for the client: it was sent, and is kept no longer",
  "session-over": "the session is over, and its client has not acknowledged it",
  trimmed: "the archive does not keep it any longer",
  removed: "kept no longer",
  "account-deleted": "the account was deleted with all that was kept for it",
};

function eventText(event: PassageEvent, passage: Passage, all: readonly Passage[]): string {
  const text = eventTexts[event.what];
  const next = all.filter((other) => cameFrom(other, all) === passage).map(({ position }) => position);
  if (event.what === "session-over") return `${text}: ${next.length > 0 ? `it went on at ${next.join(", ")}` : fates[outcomeOf(passage, all)] ?? ""}`;
  if (event.what !== "removed") return text;
  if (next.length > 0) return `${text}: it went on at ${next.join(", ")}, in the same commit (XEP-0160 section 2)`;
  return `${text}: a client that does not count stanzas has it, or its sender is blocked since (XEP-0160 section 2)`;
}

/** Where the log says no more. */
const fates: Readonly<Partial<Record<Outcome, string>>> = {
  "missed-by-nobody": "nobody misses it, so it was dropped (XEP-0198 section 4)",
  returned: "answered service-unavailable to its sender, if that was still there (XEP-0198 section 4)",
  unknown: "it went to a resource that does not count stanzas, or back to its sender, or nowhere, for its sender is blocked (XEP-0198 section 4)",
};

function outcomeOf(passage: Passage, all: readonly Passage[]): Outcome {
  if (isWaiting(passage)) return passage.where === "queue" ? "waiting" : passage.where === "archive" ? "archived" : "kept";
  const last = passage.events.at(-1)?.what;
  if (last === "trimmed") return "trimmed";
  if (last === "acknowledged") return "acknowledged";
  if (all.some((other) => cameFrom(other, all) === passage)) return "given-on";
  if (last === "removed" || last === "account-deleted") return "delivered-or-dropped";
  if (last === "dropped") return "unknown";
  const { kind, type } = passage;
  const copy = passage.copy || passage.events.some(({ what }) => what === "taken");
  if (copy || kind === "presence" || type === "error" || type === "headline" || type === "result") return "missed-by-nobody";
  return kind === "iq" || type === "groupchat" ? "returned" : "unknown";
}

function summaryOf({ id, from, to }: MessageQuery, passages: MessageStory["passages"], others: number): string {
  if (passages.length === 0) {
    const asked = [...(from === undefined ? [] : [`from ${from}`]), ...(to === undefined ? [] : [`for ${to}`])].join(" and ");
    if (others === 0) return `the log knows nothing of a stanza with the id ${id}`;
    return `${id}: nothing ${asked}, but the log has the id ${others === 1 ? "once" : `${others} times`} for others; leave out --from and --to to see all`;
  }
  const last = passages.filter(({ outcome }) => outcome !== "given-on");
  const ends = last.map(({ owner, outcome, type }) => `${type === "error" ? "an error for " : ""}${owner}: ${outcomeWords[outcome]}`);
  return `${id}: ${[...new Set(ends)].join("; ")}`;
}

const outcomeWords: Readonly<Record<Outcome, string>> = {
  acknowledged: "its client has it",
  waiting: "in its queue, not acknowledged yet",
  kept: "kept until the user is there",
  archived: "in the archive (XEP-0313)",
  trimmed: "was in the archive, which does not keep it any longer",
  "delivered-or-dropped": "was kept, and is no longer",
  "given-on": "given on",
  unknown: "what became of it is not in the log",
  "missed-by-nobody": "never acknowledged, and dropped",
  returned: "never acknowledged, and answered with an error",
};

const uncounted = "a session that does not count stanzas (XEP-0198) leaves no trace of what it was sent";

function remarksOf(passages: MessageStory["passages"]): readonly string[] {
  if (passages.length === 0) {
    return [`${uncounted}, nor does what was refused`, "the log of sessions that ended long ago has expired, and that of deleted accounts is gone"];
  }
  const isOpenEnded = passages.some(({ outcome }) => outcome === "unknown" || outcome === "delivered-or-dropped");
  return isOpenEnded ? [uncounted] : [];
}
