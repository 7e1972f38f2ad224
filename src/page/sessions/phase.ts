/** Where in its life a session is, read from the name of its state (`stateName`): for a colour, a word and a filter. */

export type Phase = "opening" | "login" | "connected" | "hibernating" | "closing" | "closed";

/** Names of states are few, however many sessions are in them. */
const known = new Map<string, readonly string[]>();
const knownMax = 500;

/** The active states without the names of regions: `connected.available+attached` → `connected`, `available`, `attached`. */
export function statesIn(name: string): readonly string[] {
  const found = known.get(name);
  if (found !== undefined) return found;
  if (known.size >= knownMax) known.clear();
  const states = name.split(/[.+]/);
  known.set(name, states);
  return states;
}

export function phaseOf(name: string): Phase {
  const states = statesIn(name);
  if (states.includes("hibernating")) return "hibernating";
  return phases[states[0] ?? ""] ?? "opening";
}

const phases: Readonly<Record<string, Phase>> = {
  awaitingStream: "opening",
  negotiating: "opening",
  authenticated: "login",
  connected: "connected",
  closing: "closing",
  closed: "closed",
};

/** What a pill has room for. The tags say the rest of a connected session. */
export function shortState(name: string): string {
  const phase = phaseOf(name);
  if (phase === "connected" || phase === "hibernating") return phase;
  return statesIn(name).at(-1) ?? name;
}
