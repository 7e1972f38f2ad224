/** Sessions out of files: exports, checked at the border, and looked at like a log. */
import { z } from "zod";
import { recordSnapshot, restoreSnapshot } from "../../machines/fold.ts";
import { stateName } from "../../machines/state-name.ts";
import { inspectorFrameCharsMax } from "../domain/limits.ts";
import type { SessionSummary } from "../domain/session-summary.ts";
import { HistoryError } from "../history/errors.ts";
import { exportVersion, type SessionExport } from "../history/export/session-export.ts";
import { contextProblem } from "../history/session-form.ts";
import { evolveSession, type SessionMoment } from "../history/session-fold.ts";
import type { HistorySource, SessionRow } from "../history/source.ts";
import { streamOf } from "../history/subject.ts";
import type { WatchBegun, WatchItem } from "./protocol.ts";

/**
 * The export that is in a file's text; `name` is the file's, for people. Throws HistoryError if it is none, a later version's, broken, or
 * of a machine that this one cannot continue.
 */
export function parseExport(text: string, name: string): SessionExport {
  const value = parseJson(text, name);
  if (isDeeper(value, levelsMax)) {
    throw new HistoryError(`${name}: its JSON has more than ${levelsMax} levels, as no exported session has; the file was changed or is damaged: export the session again`);
  }
  const { refrain, version } = (typeof value === "object" && value !== null ? value : {}) as { readonly refrain?: unknown; readonly version?: unknown };
  if (refrain !== "session") {
    throw new HistoryError(`${name}: it is JSON, and no exported session; export one with \`refrain inspect SESSION --export FILE\`, or in the inspector's page`);
  }
  if (typeof version === "number" && version > exportVersion) {
    throw new HistoryError(`${name}: version: expected ${exportVersion}, got ${version}; open it with the release of refrain that exported it, or a later one`);
  }
  const checked = form.safeParse(value);
  if (!checked.success) {
    const { path, message } = checked.error.issues[0]!;
    throw new HistoryError(`${name}: ${pathText(path)}: ${message}; the file was changed or is damaged: export the session again`);
  }
  const exported = checked.data as unknown as SessionExport;
  mustFold(exported, name);
  return exported;
}

/** What one exported session says, as a log that holds nothing else. */
export function recordedSource({ session, facts }: SessionExport): HistorySource {
  const stream = streamIn(session);
  return {
    streamFacts: async (wanted, after) => (wanted === stream ? facts.filter(({ version }) => version > after).slice(0, pageFactsMax) : []),
    allFacts: async (after) => facts.filter(({ position }) => position > after).slice(0, pageFactsMax),
    streamContents: async () => [],
    sessionsById: async (prefix, after) => (stream !== null && after === undefined && session.id.startsWith(prefix) ? [session] : []),
    sessionsOf: async (host, username, after) => (stream !== null && host === session.host && username === session.username && session.id > after ? [session] : []),
  };
}

/**
 * What was seen of it beside its log, as a page is told it (`FromServer`): the session when the watching began, and the items in their order;
 * nothing where nobody watched.
 */
export function recordedFrames({ session, begun, items }: SessionExport): readonly string[] {
  if (begun === null) return [];
  const { snapshot, ...rest } = begun;
  const machine = restoreSnapshot(snapshot);
  const { username, host, resource } = machine.context;
  const summary: SessionSummary = {
    id: session.id,
    jid: username === null ? null : `${username}@${host}${resource === null ? "" : `/${resource}`}`,
    state: stateName(machine.value),
    tags: [...machine.tags],
    address: null, secure: null, since: begun.at, received: 0, delivered: 0, queue: null,
  };
  const watching: WatchBegun = { type: "watching", ...rest, summary, stream: streamIn(session), snapshot: recordSnapshot(machine) };
  const frames = [JSON.stringify(watching)];
  let [texts, chars]: [string[], number] = [[], 0];
  const give = (): void => {
    if (texts.length > 0) frames.push(`{"type":"items","items":[${texts.join(",")}],"dropped":0}`);
    [texts, chars] = [[], 0];
  };
  for (const item of items) {
    const text = JSON.stringify({ session: session.id, ...item } satisfies WatchItem);
    if (chars + text.length > inspectorFrameCharsMax) give();
    texts.push(text);
    chars += text.length;
  }
  give();
  return frames;
}

const pageFactsMax = 250;

const time = z.number().min(-8.64e15).max(8.64e15);
const json = z.json();
const text = z.string();
const nullable = text.nullable();
const counts = z.strictObject({ received: z.int(), sent: z.int(), acknowledged: z.int() }).nullable();
const outline = z.strictObject({ name: text, type: nullable, id: nullable, from: nullable, to: nullable });
const named = z.looseObject({ type: text, at: time });

const item = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("told"), at: time, step: text, event: named, state: text, transitions: z.array(text) }),
  z.strictObject({ kind: z.literal("wire"), at: time, step: text, direction: z.enum(["in", "out"]), xml: text, chars: z.int().min(0) }),
  z.strictObject({ kind: z.literal("touched"), at: time, step: text, other: z.strictObject({ session: text, jid: nullable }), stanza: outline }),
  z.strictObject({ kind: z.literal("closed"), at: time }),
]);

const fact = z.strictObject({
  position: z.int().min(1),
  stream: text.regex(/^session\/[^/]+\/[^/]+$/, "expected the name of a session's stream"),
  version: z.int().min(1),
  type: text.min(1),
  v: z.int().min(1),
  at: time,
  step: text,
  cause: nullable,
  data: json,
});

const form = z.strictObject({
  refrain: z.literal("session"),
  version: z.literal(exportVersion),
  exportedAt: time,
  session: z.strictObject({
    host: text.regex(/^[^/]*$/),
    id: text.regex(/^[\w-]{1,128}$/, "expected the id of a session"),
    username: text,
    resource: nullable,
    startedAt: time,
    endedAt: time.nullable(),
    reason: nullable,
    received: z.int().nullable(),
  }),
  facts: z.array(fact),
  begun: z
    .strictObject({
      at: time,
      snapshot: z.strictObject({ machine: text, version: z.int(), value: z.union([text, z.record(text, json)]), context: z.record(text, json) }),
      counts,
      lang: nullable,
    })
    .nullable(),
  items: z.array(item),
});

/** Of objects and lists in each other. An export has about ten; who walks through far more runs out of stack. */
const levelsMax = 100;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const form = text.startsWith("sequenceDiagram") ? "a diagram for Mermaid" : text.includes("as refrain recorded it; exported ") ? "a test" : undefined;
    if (form !== undefined) {
      throw new HistoryError(`${name}: it is ${form}, from which the session cannot be read again; export the session as JSON, which is the form without --format`);
    }
    const message = error instanceof Error ? error.message : String(error);
    // Which line it is, only some releases of Node say.
    const [, position] = /at position (\d+)/.exec(message) ?? [];
    const before = position === undefined ? text : text.slice(0, Number(position));
    throw new HistoryError(`${name}: line ${before.split("\n").length}: it is not JSON, or not whole; export the session again`);
  }
}

/** Facts of one stream, in order, that the machine can continue. */
function mustFold(exported: SessionExport, name: string): void {
  try {
    if (exported.begun !== null) restoreSnapshot(exported.begun.snapshot);
  } catch (error) {
    throw new HistoryError(`${name}: begun: ${error instanceof Error ? error.message : String(error)}`);
  }
  const stream = streamIn(exported.session);
  let [version, moment]: [number, SessionMoment | undefined] = [0, undefined];
  for (const [index, fact] of exported.facts.entries()) {
    const fail = (what: string): never => {
      throw new HistoryError(`${name}: facts[${index}]: ${what}; the file was changed or is damaged: export the session again`);
    };
    if (fact.stream !== stream) fail(`expected a fact of ${stream ?? "no stream"}, got one of ${fact.stream}`);
    if (fact.version <= version) fail(`expected a version after ${version}, got ${fact.version}`);
    version = fact.version;
    try {
      moment = evolveSession(moment, fact).moment;
      const problem = moment && contextProblem(moment.machine.context, exported.session.host);
      if (problem !== undefined) fail(problem);
    } catch (error) {
      if (error instanceof HistoryError) throw error.message.startsWith(name) ? error : new HistoryError(`${name}: ${error.message}`);
      fail(`it cannot be folded (${String(error)})`);
    }
  }
}

/** null where it never logged in: then it has no log. */
function streamIn(session: SessionRow): string | null {
  return session.host === "" ? null : streamOf(session);
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`)).join("") || "the file";
}
