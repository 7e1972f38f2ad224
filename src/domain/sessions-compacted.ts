/** What is taken out of the log of sessions that have ended: what was counted and queued. What was told to them stays, and their end. */
import { serverStream, sessionStream } from "./facts.ts";

/** The shape of the data of a fact `SessionsCompacted`, which is in the server's own stream. */
export interface SessionsCompacted {
  /** The last session that is done, in the order in which they ended; null for none. */
  readonly reached: EndedPlace | null;
  /** One behind it that is not yet done: facts of it may be missing. */
  readonly partly: EndedPlace | null;
}

export type EndedPlace = {
  readonly host: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
};

export const sessionsCompactedType = "SessionsCompacted";
export const sessionsCompactedVersion = 1;

/** Facts of one session that go. */
export interface Superfluous extends Omit<EndedPlace, "endedAt"> {
  readonly versions: readonly number[];
}

/** The fact that deletes these. It replaces the former ones of its kind. */
export function compactSessions(sessions: readonly Superfluous[], { reached, partly }: SessionsCompacted) {
  return {
    type: sessionsCompactedType,
    v: sessionsCompactedVersion,
    data: { reached, partly },
    forgets: [
      // Nothing is written to a session that has ended.
      ...sessions.map(({ host, id, versions }) => ({ stream: sessionStream(host, id), versions, final: true as const })),
      { stream: serverStream, types: [sessionsCompactedType] },
    ],
  };
}
