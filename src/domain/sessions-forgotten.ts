/** The end of what the log holds of sessions: their streams are deleted, and the read models with them. */
import { serverStream, sessionStream } from "./facts.ts";

/** The shape of the data of a fact `SessionsForgotten`, which is in the server's own stream. */
export interface SessionsForgotten {
  readonly sessions: readonly ForgottenSession[];
}

export type ForgottenSession = {
  readonly host: string;
  readonly id: string;
  readonly username: string;
  /** Milliseconds since 1970; null if it had not ended. */
  readonly endedAt: number | null;
};

export const sessionsForgottenVersion = 1;

/**
 * The fact that deletes the streams of these sessions. It replaces the former ones of its kind: nothing in the log is left that they
 * would be needed for.
 */
export function forgetSessions(sessions: readonly ForgottenSession[]) {
  return {
    type: "SessionsForgotten",
    v: sessionsForgottenVersion,
    data: { sessions },
    forgets: [
      // Nothing is written to a session that has ended.
      ...sessions.map(({ host, id, endedAt }) => ({ stream: sessionStream(host, id), ...(endedAt === null ? {} : { final: true as const }) })),
      { stream: serverStream, types: ["SessionsForgotten"] },
    ],
  };
}
