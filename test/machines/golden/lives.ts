/** A life for each state that a session can be recorded in, and how each goes on: what golden snapshots are taken of. */
import { fold, recordSnapshot, type RecordedSnapshot, type SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionPolicy } from "../../../machines/session-context.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import {
  begin, bindFailed, bindRequested, counted, linkAttached, linkLost, opened, policy, presenceChanged, recovered, resourceBound, resumable,
  startAt, timeOf, toBinding, toConnected, toInlineBinding, toInlineResuming, toPending, toRestart, toResumable, toResuming, type Telling,
} from "../telling.ts";

/** A snapshot, with the life that led to it and a tail that was told after it. */
export interface Golden {
  readonly name: string;
  readonly policy: SessionPolicy;
  readonly events: readonly SessionEvent[];
  readonly snapshot: RecordedSnapshot;
  readonly tail: readonly SessionEvent[];
  readonly after: RecordedSnapshot;
}

interface Life {
  readonly name: string;
  readonly events: readonly Telling[];
  readonly tail: readonly Telling[];
}

const roster = { type: "roster.requested" } as const;
const directed = { type: "presence.directed", to: "nurse@localhost/garden" } as const;
const carbons = { type: "extension.changed", name: "carbons", value: { on: true } } as const;

/** The regions of a connected session are independent: each combination is a state of its own. */
const connected: readonly Life[] = [[], [presenceChanged]].flatMap((availability) =>
  [[], [roster]].flatMap((interest) =>
    [[], [resumable, linkLost]].map((link) => ({
      name: ["connected", ...[...availability, ...interest, ...link].map(({ type }) => type)].join(" "),
      events: [...toConnected, ...availability, ...interest, ...link],
      tail: link.length > 0 ? [linkAttached, directed, { ...presenceChanged, digest: "d2" }] : [directed, carbons, { type: "presence.withdrawn" }],
    })),
  ),
);

const lives: readonly Life[] = [
  { name: "awaits its restart", events: toRestart, tail: [opened, bindRequested, resourceBound] },
  { name: "binding", events: toBinding, tail: [bindRequested, resourceBound, presenceChanged] },
  { name: "binding after a failure", events: [...toPending, bindFailed], tail: [bindRequested, bindFailed] },
  { name: "claims a resource", events: toPending, tail: [resourceBound, resumable, linkLost] },
  { name: "looks for another session", events: toResuming, tail: [{ type: "resume.refused", condition: "item-not-found", h: 3 }, bindRequested] },
  {
    name: "looks for another session within its login", events: toInlineResuming,
    tail: [{ type: "resume.refused", condition: "item-not-found", h: 3 }, resourceBound, linkLost],
  },
  { name: "claims a resource within its login", events: toInlineBinding, tail: [bindFailed, bindRequested, resourceBound] },
  ...connected,
  { name: "counts", events: [...toConnected, counted], tail: [{ type: "queue.overflowed" }] },
  { name: "can be resumed, for as long as it wants", events: [...toConnected, { ...resumable, max: 7 }], tail: [linkLost, recovered] },
  { name: "keeps what extensions keep", events: [...toResumable, directed, carbons], tail: [{ type: "queue.overflowed" }, roster] },
  { name: "outlives the server", events: [...toResumable, { type: "server.stopping" }], tail: [{ ...recovered, until: startAt + 3_600_000 }, linkAttached] },
  { name: "closes", events: [...toConnected, { type: "server.stopping" }], tail: [{ type: "stream.ended" }] },
  { name: "closes without a resource", events: [...toBinding, { type: "close.requested" }], tail: [linkLost] },
  { name: "has ended", events: [...toResumable, { type: "stream.ended" }], tail: [] },
];

/** What this version of the machine records of them. */
export function goldens(): readonly Golden[] {
  return lives.map(({ name, events, tail }) => {
    const before = events.map((event, index) => timed(event, index));
    const later = tail.map((event, index) => timed(event, events.length + index));
    const snapshot = fold(begin().snapshot, before);
    return { name, policy, events: before, snapshot: recordSnapshot(snapshot), tail: later, after: recordSnapshot(fold(snapshot, later)) };
  });
}

/** One life a line, so that a difference shows where it is. */
export function textOf(all: readonly Golden[]): string {
  return `[\n${all.map((golden) => JSON.stringify(golden)).join(",\n")}\n]\n`;
}

/** As its own lines say it, whatever machine wrote them. */
export function plain(snapshot: SessionSnapshot): unknown {
  return JSON.parse(JSON.stringify(recordSnapshot(snapshot)));
}

function timed(event: Telling, index: number): SessionEvent {
  return { ...event, at: event.at ?? timeOf(index) } as SessionEvent;
}
