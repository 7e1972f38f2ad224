/** What a run found, for people: figures, the evidence of what went wrong, and one last line for scripts. */
import { kinds, type Kind } from "./ledger.ts";
import type { Figures } from "./run.ts";

/** Faults beyond those that the last line always names. */
const otherTroubles = ["sessions", "rosters", "replay", "faults"] as const;

const titles: Readonly<Record<Kind, string>> = {
  message: "messages",
  presence: "changes of presence",
  answer: "answers to iqs",
  push: "roster pushes",
  said: "words in the room",
  shown: "presence there",
};

/** `rounds 200 resumed 3812 lost 0 doubled 0 disordered 0 flaps 0`; what else went wrong follows, if it did. */
export function lastLine({ rounds, resumed, troubles }: Figures): string {
  const others = otherTroubles.filter((trouble) => troubles.count(trouble) > 0).map((trouble) => ` ${trouble} ${troubles.count(trouble)}`);
  const counted = (["lost", "doubled", "disordered", "flaps"] as const).map((trouble) => ` ${trouble} ${troubles.count(trouble)}`);
  return `rounds ${rounds} resumed ${resumed}${[...counted, ...others].join("")}`;
}

/** One line while it runs. */
export function progressLine({ rounds, resumed, ledger, troubles }: Figures, of: number): string {
  const { sent, accepted, delivered } = ledger.totals("message");
  const trouble = troubles.total === 0 ? "" : `  TROUBLES ${troubles.total}`;
  return `round ${rounds}/${of}  resumed ${resumed}  messages: sent ${sent} accepted ${accepted} delivered ${delivered}${trouble}`;
}

/** Several lines at the end. */
export function summary({ cuts, absences, killsEarly, readyMs, backMs, ledger, replays, replaysLeft, reports, troubles }: Figures): string {
  const rows = kinds.map((kind) => {
    const { sent, accepted, delivered } = ledger.totals(kind);
    return `${titles[kind].padEnd(20)} sent ${sent}  accepted ${accepted}  delivered ${delivered}`;
  });
  return [
    ...rows,
    `starts ${readyMs.length}, ${killsEarly} ended before all were back; links cut besides ${cuts}; absences over restarts ${absences}`,
    `ready after ${spread(readyMs)}; all back ${spread(backMs)} after that, where it was waited for`,
    `replays ${replays}, compared with ${reports} reports of the live server: ${troubles.count("replay")} differ${replaysLeft === 0 ? "" : `; ${replaysLeft} more were left out for want of time`}`,
  ].join("\n");
}

/** undefined if there is none. */
export function evidence({ troubles }: Figures): string | undefined {
  if (troubles.total === 0) return undefined;
  return troubles.incidents.flatMap(({ trouble, text, evidence }) => ["", `${trouble}: ${text}`, ...evidence.map((line) => `  ${line}`)]).join("\n");
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return "-";
  const sorted = values.toSorted((a, b) => a - b);
  return `${Math.round(sorted[Math.floor(sorted.length / 2)]!)} ms (median), ${Math.round(sorted.at(-1)!)} ms (longest)`;
}
