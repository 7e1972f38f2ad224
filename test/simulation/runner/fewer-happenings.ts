/** Delta debugging of what happens (Zeller and Hildebrandt 2002, ddmin, complements only). */
import type { Happening, WorldPlan } from "../world/plan.ts";
import type { Search } from "./search.ts";

/** Most devices have nothing to do with what is wrong: first everything that happens to some of them is left out, in ever smaller groups. */
export async function withoutDevices(search: Search): Promise<void> {
  const devices = [...new Set(search.best.happenings.map(groupOf))].toSorted((a, b) => a - b);
  for (let size = Math.ceil(devices.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < devices.length; ) {
      const { best } = search;
      const left = devices.slice(start);
      const groups = Array.from({ length: Math.ceil(left.length / size) }, (_, i) => new Set(left.slice(i * size, (i + 1) * size)));
      if (!(await search.first(groups.map((group) => ({ ...best, happenings: best.happenings.filter((one) => !group.has(groupOf(one))) }))))) break;
      // What was tried before the group that is gone is not tried again in this round.
      const there = new Set(search.best.happenings.map(groupOf));
      const gone = devices.findIndex((device, i) => i >= start && !there.has(device));
      devices.splice(0, devices.length, ...devices.filter((device) => there.has(device)));
      start = gone;
    }
  }
}

/** Leaves out ever smaller parts. Afterwards none can be left out alone, if the time was enough. */
export async function withoutHappenings(search: Search): Promise<void> {
  for (let size = search.best.happenings.length; size > 1; size = Math.ceil(size / 2)) await leaveOutParts(search, size);
  while (await leaveOutParts(search, 1));
}

/** Once through all of them, parts of `size`; the later ones first, which hang on the earlier ones more often than these on them. */
async function leaveOutParts(search: Search, size: number): Promise<boolean> {
  let hasFound = false;
  for (let end = search.best.happenings.length; end > 0; ) {
    const { best } = search;
    const ends = Array.from({ length: Math.ceil(end / size) }, (_, i) => end - i * size);
    if (!(await search.first(ends.map((end) => without(best, end - size, end))))) return hasFound;
    hasFound = true;
    // On with what lies before the part that is gone: its first happening is where the two differ first.
    end = firstDifference(best.happenings, search.best.happenings);
  }
  return hasFound;
}

/** The server counts as one device more. */
function groupOf({ kind, device }: Happening): number {
  return kind === "server" ? -1 : device;
}

function without(plan: WorldPlan, from: number, to: number): WorldPlan {
  return { ...plan, happenings: plan.happenings.filter((_, i) => i < from || i >= to) };
}

function firstDifference(longer: readonly Happening[], shorter: readonly Happening[]): number {
  const index = shorter.findIndex((happening, i) => happening !== longer[i]);
  return index < 0 ? shorter.length : index;
}
