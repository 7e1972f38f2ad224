/** What is to happen in a round: when the server dies, whose link is cut, who stays away. */
import type { Decisions } from "./decisions.ts";

export interface RoundPlan<Client> {
  /** The server is killed `afterMs` after so many clients have resumed in this round; "all": all that are not away. */
  readonly kill: { readonly afterResumed: number | "all"; readonly afterMs: number };
  /** Milliseconds that it stays dead. */
  readonly downMs: number;
  /** Whose link goes: cut, or left open and not read any more, so that to the server it looks alive. */
  readonly cuts: readonly { readonly client: Client; readonly afterMs: number; readonly how: "drop" | "abandon" }[];
  /** Who leaves without a word and is back after so many restarts. */
  readonly absences: readonly { readonly client: Client; readonly afterMs: number; readonly restarts: number }[];
}

/** `clients` are those who are not away; two of them stay. */
export function planRound<Client>(decisions: Decisions, clients: readonly Client[]): RoundPlan<Client> {
  const early = decisions.chance(0.3);
  const kill = early
    ? { afterResumed: decisions.whole(0, clients.length - 1), afterMs: decisions.whole(0, 20) }
    : ({ afterResumed: "all", afterMs: decisions.magnitude(2, 1_000) } as const);
  const downMs = decisions.chance(0.2) ? decisions.whole(1, 300) : 0;
  const cuts = clients
    .filter(() => decisions.chance(0.2))
    .map((client) => ({ client, afterMs: decisions.magnitude(1, 800), how: decisions.chance(0.6) ? ("drop" as const) : ("abandon" as const) }));
  const absences = clients
    .slice(2)
    .filter(() => decisions.chance(0.05))
    .map((client) => ({ client, afterMs: decisions.whole(0, 600), restarts: decisions.whole(1, 4) }));
  return { kill, downMs, cuts, absences };
}
