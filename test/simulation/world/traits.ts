/** How the client of a device goes about things: drawn once, by the seed of the world. */
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { nodes } from "./item-book.ts";
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

/** What extensions a client uses: drawn for itself, so that everything else of it is as it would be without them. */
export interface Uses {
  /** It asks for copies in each session (XEP-0280). */
  readonly copies: boolean;
  /** Whether and when it asks its archive in each session for what it has missed (XEP-0313 section 6.3). */
  readonly catchesUp: "never" | "before it shows itself" | "afterwards";
  readonly pageSize: number;
  /** Nodes of which it wants to hear (XEP-0163 section 4.2). */
  readonly nodes: readonly string[];
  /** It says what it can do as others can believe it (XEP-0115), and not only as before version 1.4. */
  readonly isProven: boolean;
  /** For each room of the world, whether it enters that in each session. */
  readonly rooms: readonly boolean[];
}

export function usesOf(random: SeededRandom): Uses {
  return {
    copies: random.chance(0.6),
    catchesUp: random.chance(0.5) ? "never" : random.chance(0.5) ? "before it shows itself" : "afterwards",
    pageSize: random.pick([1, 3, 10, 20]),
    nodes: random.chance(0.25) ? [] : nodes.filter(() => random.chance(0.7)),
    isProven: random.chance(0.8),
    rooms: [random.chance(0.6), random.chance(0.3), random.chance(0.3)],
  };
}

/** Of one who comes for a room of many alone. */
export function inCrowd(traits: Traits): Traits {
  return { ...traits, fetchesRoster: false, fetchesBlocks: false, becomesAvailable: true };
}

export function usesInCrowd(uses: Uses): Uses {
  return { ...uses, copies: false, catchesUp: "never", nodes: [], rooms: [true] };
}
