/** How the client of a device goes about things: drawn once, by the seed of the world. */
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import type { LoginIntent } from "./login.ts";

export interface Traits {
  readonly over: "plaintext" | "starttls" | "tls";
  readonly mechanism: LoginIntent["mechanism"];
  readonly plus: boolean;
  /** What it asks for when it logs in; null: the server makes a resource each time. */
  readonly resource: string | null;
  /** Stream management (XEP-0198): resumable, without resumption, not at all. */
  readonly management: "resumable" | "on" | "off";
  /** Seconds for which it wants to be able to resume; undefined: as long as it may. */
  readonly max: number | undefined;
  /** Milliseconds for which a request of the server waits; Infinity: it is never answered. */
  readonly answerMs: number;
  /** Stanzas after which it acknowledges unasked; 0: it does not. */
  readonly acknowledgeEvery: number;
  /** Stanzas after which it asks the server; 0: it does not. */
  readonly askEvery: number;
  /** What it does by itself once it has a session. */
  readonly fetchesRoster: boolean;
  readonly usesVersions: boolean;
  readonly fetchesBlocks: boolean;
  readonly becomesAvailable: boolean;
  readonly priority: number;
  /** Whether its user lets everybody see who asks, and asks back. */
  readonly welcomes: boolean;
  /** Milliseconds of silence after which it looks whether the server is there. */
  readonly patienceMs: number;
  /** Whether it tries to resume a session that the server has closed with an error. */
  readonly isStubborn: boolean;
}

/** `own`: the resource that no other device of the account has; `others`: those of the others. */
export function traitsOf(random: SeededRandom, own: string, others: readonly string[]): Traits {
  const resource = random.chance(0.15) ? null : others.length > 0 && random.chance(0.12) ? random.pick(others) : own;
  return {
    over: random.pick(["plaintext", "plaintext", "starttls", "tls"]),
    mechanism: random.pick(["SCRAM-SHA-1", "SCRAM-SHA-256"]),
    plus: random.chance(0.5),
    resource,
    management: random.chance(0.75) ? "resumable" : random.chance(0.4) ? "on" : "off",
    max: random.chance(0.2) ? random.whole(5, 40) : undefined,
    answerMs: random.chance(0.55) ? 0 : random.chance(0.75) ? random.whole(20, 3_000) : Infinity,
    acknowledgeEvery: random.pick([0, 0, 1, 4, 10]),
    askEvery: random.pick([0, 1, 1, 5]),
    fetchesRoster: random.chance(0.85),
    usesVersions: random.chance(0.5),
    fetchesBlocks: random.chance(0.4),
    becomesAvailable: random.chance(0.9),
    priority: random.chance(0.6) ? 0 : random.pick([-5, -1, 1, 1, 5, 127]),
    welcomes: random.chance(0.65),
    patienceMs: random.whole(15_000, 45_000),
    isStubborn: random.chance(0.5),
  };
}
