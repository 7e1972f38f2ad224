/** What the process itself knows of itself, beside what the server counts. */
import { performance, type EventLoopUtilization } from "node:perf_hooks";
import { software } from "../software.ts";
import type { Figures } from "./measures.ts";

/** Of what is shorter, the most is what the asking itself took. */
const lookMsMin = 1_000;

let [before, last]: (EventLoopUtilization | undefined)[] = [];

export function figuresOf(given: Pick<Figures, "startedAt" | "tally" | "now">): Figures {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const loopBusy = busySince(loop);
  return { ...given, version: software.version, process: { residentBytes: rss, heapBytes: heapUsed, cpuSeconds: (user + system) / 1e6, loopBusy } };
}

/** Since the last look that was long enough ago; since the start of the process where there was none. */
function busySince(loop: EventLoopUtilization): number {
  const isLong = last === undefined || loop.idle + loop.active - (last.idle + last.active) >= lookMsMin;
  if (isLong) [before, last] = [last, loop];
  return (before === undefined ? loop : performance.eventLoopUtilization(loop, before)).utilization;
}
