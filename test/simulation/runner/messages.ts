/** What the run and the processes in which worlds are played tell each other. */
import type { WorldCounts, WorldPlan, WorldReport } from "../world/plan.ts";

/** What plays worlds: the module whose address a child is given exports these two. */
export interface Player {
  /** `room`: so many people in one room, and nothing else. */
  planWorld(seed: number, room?: number): WorldPlan;
  playWorld(plan: WorldPlan): Promise<WorldReport>;
}

export type Ask =
  /** Play the world of this seed. */
  | { readonly kind: "seed"; readonly seed: number; readonly room?: number | undefined }
  /** Play this one. `isTold`: with its transcript, even if no rule is broken. */
  | { readonly kind: "plan"; readonly plan: WorldPlan; readonly isTold: boolean }
  /** Say what the world of this seed is. */
  | { readonly kind: "make"; readonly seed: number; readonly room?: number | undefined };

export type Answer =
  /** The first that a child says, once. */
  | { readonly kind: "ready" }
  | { readonly kind: "played"; readonly played: Played }
  | { readonly kind: "made"; readonly plan: WorldPlan };

/** A report without its plan, which the run knows or can ask for. The transcript is empty if there is no problem, unless it was asked for. */
export type Played = Omit<WorldReport, "plan">;

export const noCounts: WorldCounts = {
  tasks: 0, logins: 0, resumptions: 0, messages: 0, copies: 0, pages: 0, items: 0, pauses: 0, presences: 0, rosterChanges: 0,
  crashes: 0, restarts: 0, linkFaults: 0, diskFaults: 0, misdeeds: 0, entrances: 0, words: 0,
};

/** Of a world that did not come to its end: nothing is known but this. */
export function broken(rule: string, text: string): Played {
  return { problems: [{ rule, text, at: 0 }], clientMs: 0, counts: noCounts, digest: "", transcript: [] };
}
