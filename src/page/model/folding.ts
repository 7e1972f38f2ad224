/** A recording, folded in the page by the session's own machine: the session as it was after each entry. */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import { transitionsTaken } from "../../../machines/taken.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import { sessionFactVersions } from "../../domain/session-facts.ts";
import { differences, type Difference } from "../../history/differences.ts";
import { evolveSession, type Disagreement, type SessionMoment } from "../../history/session-fold.ts";
import { sessionPast, type SessionPast } from "../../history/session-past.ts";
import type { WatchBegun } from "../../inspector/protocol.ts";
import type { Json, StoredFact } from "../../ports.ts";
import type { Entry, Moment } from "./contract.ts";

/** What is folded. It may change, which `changedFrom` is told of. */
export interface Folded {
  readonly id: string;
  readonly stream: string | null;
  readonly entries: readonly Entry[];
  factAt(index: number): StoredFact | undefined;
  begunAt(index: number): WatchBegun | undefined;
}

interface Reached {
  /** The entries before this index are folded. */
  readonly index: number;
  readonly moment: SessionMoment | undefined;
  readonly last: { readonly entry: number; readonly event: SessionEvent; readonly transitions: readonly string[] | null; readonly before: SessionSnapshot | undefined } | undefined;
  readonly disagreements: readonly Disagreement[];
}

/** So many entries are folded at most to reach any place. */
const stretch = 64;
/** Moments that are remembered. */
const momentsMax = 64;
const start: Reached = { index: 0, moment: undefined, last: undefined, disagreements: [] };

export class Folding {
  readonly #recording: Folded;
  /** After 0, `stretch`, 2 × `stretch` … entries. */
  readonly #reached: Reached[] = [start];
  readonly #moments = new Map<number, Moment>();

  constructor(recording: Folded) {
    this.#recording = recording;
  }

  changedFrom(index: number): void {
    this.#reached.length = Math.min(this.#reached.length, Math.floor(index / stretch) + 1);
    for (const known of this.#moments.keys()) if (known >= index) this.#moments.delete(known);
  }

  /** After the entry, which has to be there. */
  momentAt(index: number): Moment {
    const known = this.#moments.get(index);
    if (known !== undefined) return known;
    const made = this.#momentOf(index, this.#reach(index + 1));
    if (this.#moments.size >= momentsMax) this.#moments.delete(this.#moments.keys().next().value!);
    this.#moments.set(index, made);
    return made;
  }

  differences(from: number, to: number): readonly Difference[] {
    return differences(comparable(this.momentAt(from).past), comparable(this.momentAt(to).past));
  }

  #reach(count: number): Reached {
    let at = this.#reached[Math.min(Math.floor(count / stretch), this.#reached.length - 1)]!;
    while (at.index < count) {
      at = this.#advance(at);
      if (at.index % stretch === 0 && this.#reached.length === at.index / stretch) this.#reached.push(at);
    }
    return at;
  }

  #advance(at: Reached): Reached {
    const entry = this.#recording.entries[at.index]!;
    const next = { ...at, index: at.index + 1 };
    const { what } = entry;
    const last = what.kind !== "told" ? at.last : { entry: entry.index, event: what.event, transitions: what.transitions, before: at.moment?.machine };
    const begun = this.#recording.begunAt(entry.index);
    if (begun !== undefined) return this.#guarded(next, entry, () => ({ moment: this.#restored(at.moment, begun), disagreements: [] }));
    const fact = this.#recording.factAt(entry.index) ?? this.#assumed(entry, at.moment);
    if (fact === undefined || !Object.hasOwn(sessionFactVersions, fact.type)) return { ...next, last };
    return this.#guarded({ ...next, last }, entry, () => evolveSession(at.moment, fact));
  }

  /** What cannot be folded, of another machine perhaps, changes nothing, and says so. */
  #guarded(at: Reached, { index, position }: Entry, fold: () => Pick<Reached, "moment" | "disagreements">): Reached {
    try {
      const { moment, disagreements: found } = fold();
      return { ...at, moment, disagreements: found.length === 0 ? at.disagreements : [...at.disagreements, ...found] };
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      const version = this.#recording.factAt(index)?.version ?? 0;
      return { ...at, disagreements: [...at.disagreements, { position: position ?? 0, version, what, folded: undefined, recorded: undefined }] };
    }
  }

  /** What was told and is not in the log, or not yet, as the fact that it would be. */
  #assumed({ at, step, what }: Entry, moment: SessionMoment | undefined): StoredFact | undefined {
    if (what.kind !== "told" || moment === undefined) return undefined;
    const { stream, position, version } = moment;
    const data = { event: what.event as unknown as Json, state: what.state };
    return { stream, position, version, at, step, cause: null, type: "SessionTold", v: sessionFactVersions.SessionTold, data };
  }

  /** The state of when the watching began is the truth from there on, whatever the log has told so far. */
  #restored(before: SessionMoment | undefined, { at, snapshot, counts, lang }: WatchBegun): SessionMoment | undefined {
    const { id, stream } = this.#recording;
    // Without the log before it the next fact has any version.
    const place = { position: before?.position ?? 0, version: before?.version ?? Infinity };
    const fact: StoredFact = {
      ...place,
      stream: stream ?? `session//${id}`,
      at,
      step: "",
      cause: null,
      type: "SessionSnapshotTaken",
      v: sessionFactVersions.SessionSnapshotTaken,
      data: { ...snapshot, counts, lang } as unknown as Json,
    };
    const { moment } = evolveSession(undefined, fact);
    if (moment === undefined || before === undefined) return moment;
    const { queue, keepsQueue, ended, available } = before;
    return {
      ...moment,
      keepsQueue,
      ended,
      queue: counts === null ? [] : queue.filter(({ number }) => number > counts.acknowledged),
      available: moment.available === null ? null : (available ?? moment.available),
    };
  }

  #momentOf(index: number, { moment, last, disagreements: found }: Reached): Moment {
    const machine = moment?.machine ?? null;
    return {
      index,
      snapshot: machine,
      past: moment === undefined ? null : sessionPast(moment),
      active: machine === null ? [] : statePaths(machine.value),
      taken: last === undefined ? [] : (last.transitions ?? (last.before === undefined ? [] : transitionsTaken(last.before, last.event))),
      event: last?.event ?? null,
      disagreements: found,
    };
  }
}

/** The paths of the active states, parents first. */
export function statePaths(value: unknown, parent = ""): readonly string[] {
  const path = (name: string) => (parent === "" ? name : `${parent}.${name}`);
  if (typeof value === "string") return [path(value)];
  return Object.entries(value as Record<string, unknown>).flatMap(([name, child]) => [path(name), ...statePaths(child, path(name))]);
}

/** Place and time differ between any two places. */
function comparable(past: SessionPast | null): Json {
  if (past === null) return {};
  const { position: _position, at: _at, ...others } = past;
  return others as unknown as Json;
}
