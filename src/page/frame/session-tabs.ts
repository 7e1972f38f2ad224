import type { SessionTab } from "../model/contract.ts";

export const tabTitles: Readonly<Record<SessionTab, string>> = { chart: "Statechart", timeline: "Timeline", sequence: "Sequence", session: "Session" };

/** In the order in which they stand, and by the keys 1 to 4. */
export const sessionTabs: readonly SessionTab[] = ["chart", "timeline", "sequence", "session"];
