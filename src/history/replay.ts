/** A session as it was at places in the log. */
import { accountStream } from "../domain/facts.ts";
import { presenceKey } from "../domain/session-facts.ts";
import { HistoryError } from "./errors.ts";
import { PastAccount } from "./past-account.ts";
import { type Disagreement, evolveSession, type SessionMoment } from "./session-fold.ts";
import { sessionPast, type SessionPast } from "./session-past.ts";
import { contentsOf, factsOf, type HistorySource, type SessionRow } from "./source.ts";
import { streamOf } from "./subject.ts";

export interface Replay {
  /** One for each of the positions that were asked for, in that order. */
  readonly pasts: readonly SessionPast[];
  /** Where the session's stream does not agree with itself, from its begin to its end. */
  readonly disagreements: readonly Disagreement[];
  /** The positions of its facts, the first and the last that tell a state. */
  readonly first: number;
  readonly last: number;
}

/** `positions`: places in the whole log; "last" for the last fact of the session. Rejects with HistoryError if it is outside of them. */
export async function replay(source: HistorySource, session: SessionRow, positions: readonly (number | "last")[]): Promise<Replay> {
  const stream = streamOf(session);
  const chosen: (SessionMoment | undefined)[] = positions.map(() => undefined);
  const disagreements: Disagreement[] = [];
  let [first, moment]: [number | undefined, SessionMoment | undefined] = [undefined, undefined];
  for await (const fact of factsOf(source, stream)) {
    const next = evolveSession(moment, fact);
    moment = next.moment;
    disagreements.push(...next.disagreements);
    if (moment === undefined) continue;
    first ??= fact.position;
    positions.forEach((position, index) => {
      if (position === "last" || fact.position <= position) chosen[index] = moment;
    });
  }
  if (moment === undefined || first === undefined) {
    throw new HistoryError(`session ${session.id}: the log holds no snapshot of it, so no state can be told; \`refrain log ${session.id}\` shows what there is`);
  }
  const last = moment.position;
  const outside = positions.find((position) => position !== "last" && (position < first || position > last));
  if (outside !== undefined) {
    throw new HistoryError(`position ${outside}: session ${session.id} has facts from ${first} to ${last}; give a position among these`);
  }
  const rosters = await rostersAt(source, session, positions);
  const kept = (await contentsOf(source, stream)).get(presenceKey);
  const latest = moment.available?.last.position;
  const pasts = chosen.map((moment, index) => {
    // What is kept is the last one: at an earlier presence it is not that of then.
    const presence = moment!.available?.last.position === latest ? kept : undefined;
    return sessionPast(moment!, { roster: rosters[index], presence });
  });
  return { pasts, disagreements, first, last };
}

/** The roster of its account at these places, by the account's own facts. */
export async function rostersAt(source: HistorySource, { host, username }: Pick<SessionRow, "host" | "username">, positions: readonly (number | "last")[]) {
  const account = new PastAccount(host, username);
  const rosters = positions.map(() => account.roster);
  for await (const fact of factsOf(source, accountStream(host, username))) {
    account.take(fact);
    positions.forEach((position, index) => {
      if (position === "last" || fact.position <= position) rosters[index] = account.roster;
    });
  }
  return rosters;
}
