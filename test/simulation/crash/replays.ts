/**
 * Whether the log gives back what the live server said: reports are taken while it works, and in the end each session that is in them is
 * replayed at the positions of the log between which its report was taken. At one of them it must have been just so.
 */
import type { Member } from "./cast.ts";
import type { Decisions } from "./decisions.ts";
import type { LoggedFact, Operator, Past, ReportedSession } from "./operator.ts";
import { countDifferences, differencesOf, finalCountDifferences, type Told } from "./replay-differences.ts";

/** Commands at once. */
const commandsMax = 2;
/** Milliseconds after which no other comparison is begun while the server runs. */
const compareMs = 150_000;
/** Positions at which a session is replayed for one report, at most. */
const positionsMax = 40;
/** Reports at the end until nothing was recorded during one. */
const quietTriesMax = 5;
/** Facts that change nothing in a report. */
const countingFacts: ReadonlySet<string> = new Set([
  "StanzaQueued", "StanzasCounted", "StanzasAcknowledged", "StanzasTaken", "QueueDropped", "StanzaHeld", "HeldStanzasReleased", "MessageArchived",
]);

export interface ReplaysSettings {
  readonly operator: Operator;
  readonly members: readonly Member[];
  readonly decisions: Decisions;
  /** Changes what the live server is said to have reported: for tests of what is compared. */
  readonly misreport?: ((session: ReportedSession) => ReportedSession) | undefined;
  trouble(text: string, evidence: readonly string[]): void;
}

interface Report {
  /** Positions of the log before and after. */
  readonly from: number;
  readonly through: number;
  readonly sessions: readonly ReportedSession[];
  /** By session, those that were there before and after. */
  readonly told: ReadonlyMap<string, { readonly before: Told; readonly after: Told }>;
}

/** One session of a report. */
interface Sample extends Pick<Report, "from" | "through"> {
  readonly session: ReportedSession;
  readonly told: { readonly before: Told; readonly after: Told } | undefined;
  /** Nothing was under way. */
  readonly isFinal: boolean;
}

/** What a session was at the end by both, while the server ran. */
interface Final {
  readonly sample: Sample;
  readonly past: Past;
}

export class Replays {
  readonly #settings: ReplaysSettings;
  #samples: Sample[] = [];
  #reports = 0;
  #compared = 0;
  #left = 0;
  readonly #facts = new Map<string, Promise<readonly LoggedFact[]>>();
  readonly #finals: Final[] = [];

  constructor(settings: ReplaysSettings) {
    this.#settings = settings;
  }

  get reports(): number {
    return this.#reports;
  }

  /** Replays that were compared with what was reported. */
  get compared(): number {
    return this.#compared;
  }

  /** Sessions of reports that were not compared: it would have taken too long. */
  get left(): number {
    return this.#left;
  }

  /** A report of the live server, of which one session is kept: any of the cast's, or as often one that is in some way unusual. */
  async sample(): Promise<void> {
    const { decisions } = this.#settings;
    const report = await this.#report();
    const known = report.sessions.filter(({ username }) => username !== null);
    const usual = known.filter(({ id, conn }) => report.told.has(id) && conn !== null);
    const others = known.filter((session) => !usual.includes(session));
    const some = usual.length === 0 || (others.length > 0 && decisions.chance(0.5)) ? others : usual;
    if (some.length > 0) this.#samples.push(sampleOf(report, decisions.pick(some), false));
  }

  /** All sessions as they are now, when nothing is under way and both sides have told their counts, and all that were sampled. */
  async compare(): Promise<void> {
    let report = await this.#report();
    for (let tries = 1; report.through > report.from && tries < quietTriesMax; tries++) report = await this.#report();
    const finals = report.sessions.filter(({ id }) => report.told.has(id)).map((session) => sampleOf(report, session, true));
    const until = performance.now() + compareMs;
    await each([...finals, ...this.#samples], async (sample) => {
      if (performance.now() < until) await this.#compare(sample);
      else this.#left++;
    });
  }

  /** All have said goodbye; the server runs. */
  async compareGone(): Promise<void> {
    const live = this.#finals.length === 0 ? [] : await this.#settings.operator.sessions();
    for (const { sample } of this.#finals) {
      const found = live.find(({ id }) => id === sample.session.id);
      if (found !== undefined) this.#trouble(sample, "has ended, and the live server still reports it", [JSON.stringify(found)]);
    }
  }

  /** The server has stopped: of the sessions in turn, one is replayed as it was while the server ran, and one as it has ended. */
  async compareStopped(): Promise<void> {
    await each([...this.#finals.entries()], async ([index, final]) => {
      await (index % 2 === 0 ? this.#compareAgain(final) : this.#compareEnd(final));
      this.#compared++;
    });
  }

  async #compareAgain({ sample, past }: Final): Promise<void> {
    const again = await this.#settings.operator.replay(sample.session.id, past.position);
    if (comparable(again) === comparable(past)) return;
    const evidence = [`while it ran: ${comparable(past)}`, `stopped: ${comparable(again)}`];
    this.#trouble(sample, `replayed at ${past.position} with the server stopped is not what it was while it ran`, evidence);
  }

  async #compareEnd({ sample }: Final): Promise<void> {
    const past = await this.#settings.operator.replay(sample.session.id);
    const hasEnded = past.ended && past.link === null && past.session["state"] === "closed";
    // Since then it was only told who else said goodbye.
    if (hasEnded && past.counts?.received === sample.told!.after.handledThere) return;
    this.#trouble(sample, "has ended with the counts of then, and the replay says something else", [JSON.stringify(past)]);
  }

  async #report(): Promise<Report> {
    const { operator, misreport = (session) => session } = this.#settings;
    const before = this.#told();
    const from = await operator.position();
    const sessions = (await operator.sessions()).map(misreport);
    const through = await operator.position();
    const after = this.#told();
    this.#reports++;
    const told = new Map<string, { before: Told; after: Told }>();
    for (const [id, first] of before) {
      const last = after.get(id);
      if (last === undefined) continue;
      told.set(id, { before: first, after: last });
      if (!sessions.some((session) => session.id === id)) {
        this.#settings.trouble(`session ${id} is missing in what the live server reported between positions ${from} and ${through}`, sessions.map((session) => JSON.stringify(session)));
      }
    }
    return { from, through, sessions, told };
  }

  /** By session. */
  #told(): ReadonlyMap<string, Told> {
    const { members } = this.#settings;
    return new Map(members.flatMap(({ client }) => (client.session === undefined ? [] : [[client.session, client.told]])));
  }

  async #compare(sample: Sample): Promise<void> {
    const { operator } = this.#settings;
    const positions = await this.#positions(sample);
    if (positions.length === 0) return this.#trouble(sample, "has no facts in the log", []);
    let nearest: { readonly past: Past; readonly found: readonly string[] } | undefined;
    for (const at of positions.slice(0, positionsMax)) {
      const past = await operator.replay(sample.session.id, at);
      const found = [...differencesOf(sample.session, past), ...differencesInCounts(sample, past)];
      if (nearest === undefined || found.length < nearest.found.length) nearest = { past, found };
      if (found.length === 0) break;
    }
    this.#compared++;
    const { past, found } = nearest!;
    const { position } = past;
    if (found.length === 0 && sample.isFinal) this.#finals.push({ sample, past });
    if (found.length === 0) return;
    const text = `replayed is not what the live server reported; of ${positions.length} positions the nearest is ${position}`;
    this.#trouble(sample, text, [...found, `see: refrain replay --at ${position} -- ${sample.session.id}`]);
  }

  /** Where it may have been as it was reported: the ends of what is between, and the places after each step; likely ones first. */
  async #positions({ session: { id, username, host }, from, through, isFinal }: Sample): Promise<readonly (number | undefined)[]> {
    if (isFinal && from === through) return [undefined];
    const account = `${username}@${host}`;
    let reading = this.#facts.get(account);
    if (reading === undefined) this.#facts.set(account, (reading = this.#settings.operator.facts(account)));
    const facts = (await reading).filter(({ stream }) => stream === `account/${host}/${username}` || stream === `session/${host}/${id}`);
    const own = facts.filter(({ stream }) => stream.startsWith("session/"));
    const [first, last] = [own[0]?.position, own.at(-1)?.position];
    if (first === undefined || last === undefined) return [];
    const between = facts.filter(({ position, type }) => position > from && position <= through && !countingFacts.has(type));
    const ends = between.filter(({ step }, index) => between[index + 1]?.step !== step).map(({ position }) => position);
    // It can be replayed only from its first fact to its last one. Most likely it was in the middle.
    const positions = [from, ...ends, through].map((position) => Math.min(last, Math.max(first, position)));
    const distance = (position: number) => Math.abs(position - (from + through) / 2);
    return [...new Set(positions)].toSorted((a, b) => distance(a) - distance(b));
  }

  #trouble({ session, from, through }: Sample, text: string, evidence: readonly string[]): void {
    const reported = `reported between positions ${from} and ${through}: ${JSON.stringify(session)}`;
    this.#settings.trouble(`session ${session.id} of ${session.username}@${session.host} ${text}`, [reported, ...evidence]);
  }
}

function sampleOf({ from, through, told }: Report, session: ReportedSession, isFinal: boolean): Sample {
  return { session, from, through, told: told.get(session.id), isFinal };
}

function differencesInCounts({ told, isFinal }: Sample, past: Past): readonly string[] {
  if (told === undefined) return [];
  return isFinal ? finalCountDifferences(told.after, past) : countDifferences(told.before, told.after, past);
}

/** The text of a presence is erased when its session ends. */
function comparable({ session, ...past }: Past): string {
  const presence = session.presence === null ? null : { ...session.presence, text: null };
  return JSON.stringify({ ...past, session: { ...session, presence } });
}

/** A few at once. */
async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: commandsMax }, worker));
}
