/**
 * What is to happen in a simulated world, as data: who is there, how the network is, and a list of happenings. What a happening comes to is
 * decided when it happens, by natural numbers in the state that the world is in then: so any of them can be left out, and what is left is a
 * plan still. That is how a failing one is made smaller.
 */

export interface WorldPlan {
  /** Of everything that is drawn while the plan is played: ids and salts of the server, delays of the network. */
  readonly seed: number;
  readonly accounts: number;
  /** Devices of each account, 1 or 2 (rarely 3). */
  readonly devices: readonly number[];
  /** Milliseconds of simulated time; afterwards faults end and everybody comes to rest. */
  readonly lengthMs: number;
  readonly network: NetworkPlan;
  readonly disk: DiskPlan;
  /** Rooms of many that there are; none without it. */
  readonly rooms?: number;
  /** Everybody enters the first room at once, and has little else to do. */
  readonly isCrowd?: boolean;
  /** In the order of their time. */
  readonly happenings: readonly Happening[];
}

export interface NetworkPlan {
  /** Milliseconds that bytes are under way, at least and at most: drawn for each piece, order within a stream is kept. */
  readonly delayMs: readonly [least: number, most: number];
}

export interface DiskPlan {
  /** Milliseconds that a commit takes, at least and at most. */
  readonly commitMs: readonly [least: number, most: number];
}

/** Who or what does something at a time. */
export interface Happening {
  /** Milliseconds since the world began. */
  readonly at: number;
  readonly kind: HappeningKind;
  /** Which device, counted through all accounts; not used by what concerns the server. */
  readonly device: number;
  /** Decides everything else, as the state of the world allows. */
  readonly choice: number;
}

export type HappeningKind =
  /** A device does what its client and its user would do in its state: logs in, says something, changes its presence or its contacts … */
  | "act"
  /** A device does what extensions are for: asks for copies, reads its archive, says that nobody looks at it, publishes items … */
  | "use"
  /** A device does what people do in rooms: enters, speaks, takes another nick, leaves, makes somebody a moderator … */
  | "room"
  /** A device does what none may: counts wrongly, speaks before it has bound, sends what is not well-formed … */
  | "misbehave"
  /** Its link: cut, half open (what is sent vanishes), one that stands still, one that is read slowly, one that is slow. */
  | "link"
  /** The server: stopped and started again, killed (between two tasks, or in the middle of a commit), its disk failing. */
  | "server";

/** What a world came to. */
export interface WorldReport {
  readonly plan: WorldPlan;
  /** Empty if all is well. The first one is what went wrong first. */
  readonly problems: readonly WorldProblem[];
  /** Sum over all devices of the time for which they were online, in ms. */
  readonly clientMs: number;
  readonly counts: WorldCounts;
  /** The last lines of what was said and done, for people: `00:12.345 romeo/1 → <message …`. */
  readonly transcript: readonly string[];
  /** A digest of everything that was said, in order: the same plan always gives the same. */
  readonly digest: string;
}

export interface WorldProblem {
  /** A sentence: the rule that is broken, `Invariant 11: each message has one disposition`. Problems with the same rule are the same problem, for making a plan smaller. */
  readonly rule: string;
  readonly text: string;
  /** Simulated ms since the world began. */
  readonly at: number;
}

export interface WorldCounts {
  readonly tasks: number;
  readonly logins: number;
  readonly resumptions: number;
  readonly messages: number;
  readonly copies: number;
  /** Pages of archives. */
  readonly pages: number;
  readonly items: number;
  /** How often nobody looked at a client any more. */
  readonly pauses: number;
  readonly presences: number;
  readonly rosterChanges: number;
  readonly crashes: number;
  readonly restarts: number;
  readonly linkFaults: number;
  readonly diskFaults: number;
  readonly misdeeds: number;
  /** Into rooms, as they were asked for; and what was said there. */
  readonly entrances: number;
  readonly words: number;
}
