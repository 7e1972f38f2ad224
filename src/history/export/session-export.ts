/**
 * A session as a file: what its log says of it, and what was seen of it beside the log. Plain JSON, complete by itself: the page opens
 * it again without a server, and the other forms (mermaid.ts, test-file.ts) are made from it.
 */
import { recordSnapshot, type RecordedSnapshot, type SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import type { Counts } from "../../domain/session-facts.ts";
import type { StoredFact } from "../../ports.ts";
import type { SeenItem, StanzaOutline } from "../seen.ts";
import { dataOf, eventOf } from "../session-fold.ts";
import { sessionIdOf } from "../session-past.ts";
import type { SessionRow } from "../source.ts";

export interface SessionExport {
  readonly refrain: "session";
  /** Of this form; a later one may hold what an earlier release cannot read. */
  readonly version: typeof exportVersion;
  /** ms since 1970. */
  readonly exportedAt: number;
  /** `host` and `username` are empty where it never logged in. */
  readonly session: SessionRow;
  /** The session's stream in the log, in order; empty where it never logged in. */
  readonly facts: readonly StoredFact[];
  /** What the session was when somebody began to watch it; null where nobody did. */
  readonly begun: ExportedBegin | null;
  /** What was seen of it from then on, in order. */
  readonly items: readonly SeenItem[];
}

export const exportVersion = 1;

export interface ExportedBegin {
  readonly at: number;
  readonly snapshot: RecordedSnapshot;
  readonly counts: Counts | null;
  readonly lang: string | null;
}

/** What the inspector's page holds of a session, as far as an export needs it. */
export interface RecordingLike {
  readonly id: string;
  /** Facts of its stream, in order. */
  readonly facts: readonly StoredFact[];
  readonly entries: readonly { readonly at: number; readonly step: string; readonly what: HappeningLike }[];
  momentAt(index: number): { readonly snapshot: SessionSnapshot | null; readonly past: { readonly counts: Counts | null; readonly lang: string | null } | null };
}

type HappeningLike =
  | { readonly kind: "begun" | "closed" | "fact" }
  | { readonly kind: "told"; readonly event: SessionEvent; readonly state: string; readonly transitions: readonly string[] | null }
  | { readonly kind: "wire"; readonly direction: "in" | "out"; readonly xml: string; readonly chars: number }
  | { readonly kind: "touched"; readonly other: { readonly session: string; readonly jid: string | null }; readonly stanza: StanzaOutline };

/** `exportedAt`: ms since 1970. */
export function exportOf(recording: RecordingLike, exportedAt: number): SessionExport {
  const { id, facts, entries } = recording;
  const items = entries.flatMap(({ at, step, what }): readonly SeenItem[] => {
    switch (what.kind) {
      case "begun":
      case "fact":
        return [];
      case "closed":
        return [{ at, kind: "closed" }];
      case "told":
        // What the page was not told of, but has read in the log, is among the facts.
        return what.transitions === null ? [] : [{ at, step, ...what, transitions: what.transitions }];
      default:
        return [{ at, step, ...what }];
    }
  });
  const begin = entries.findIndex(({ what }) => what.kind === "begun");
  return { refrain: "session", version: exportVersion, exportedAt, session: rowOf(id, facts), facts, begun: begin === -1 ? null : begunAt(recording, begin), items };
}

/** Of what the log alone tells. */
export function exportOfLog(session: SessionRow, facts: readonly StoredFact[], exportedAt: number): SessionExport {
  return { refrain: "session", version: exportVersion, exportedAt, session, facts, begun: null, items: [] };
}

/** The file's text. */
export function exportJson(exported: SessionExport): string {
  return `${JSON.stringify(exported, null, 2)}\n`;
}

/** A name for its file, without an extension; of characters that every file system takes. */
export function exportName({ session: { username, resource, id } }: SessionExport): string {
  const name = [username, resource ?? "", id.slice(0, 8)].map((part) => part.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 60));
  return ["session", ...name.filter((part) => part !== "")].join("-");
}

function begunAt(recording: RecordingLike, index: number): ExportedBegin | null {
  const { snapshot, past } = recording.momentAt(index);
  if (snapshot === null) return null;
  return { at: recording.entries[index]!.at, snapshot: recordSnapshot(snapshot), counts: past?.counts ?? null, lang: past?.lang ?? null };
}

/** As the log's own index has it. */
function rowOf(id: string, facts: readonly StoredFact[]): SessionRow {
  const [first] = facts;
  let row: SessionRow = { host: "", id, username: "", resource: null, startedAt: first?.at ?? 0, endedAt: null, reason: null, received: null };
  if (first !== undefined) row = { ...row, host: first.stream.split("/")[1] ?? "", id: sessionIdOf(first.stream) };
  for (const fact of facts) row = { ...row, ...changeOf(fact, row) };
  return row;
}

function changeOf(fact: StoredFact, row: SessionRow): Partial<SessionRow> {
  switch (fact.type) {
    case "SessionSnapshotTaken": {
      const { username, resource } = dataOf(fact, "SessionSnapshotTaken").context as { readonly username?: string; readonly resource?: string | null };
      return { username: username ?? row.username, resource: resource ?? row.resource };
    }
    case "SessionTold": {
      const event = eventOf(fact);
      if (event.type === "resource.bound") return { resource: event.resource };
      return dataOf(fact, "SessionTold").state === "closed" ? { endedAt: row.endedAt ?? fact.at } : {};
    }
    case "SessionEnded":
      return { ...dataOf(fact, "SessionEnded"), endedAt: row.endedAt ?? fact.at };
    default:
      return {};
  }
}
