/** What the process itself knows of itself, beside what the server counts. */
import { performance, type EventLoopUtilization } from "node:perf_hooks";
import { software } from "../software.ts";
import type { Figures } from "./measures.ts";

let last: EventLoopUtilization | undefined;

export function figuresOf(given: Pick<Figures, "startedAt" | "tally" | "now">): Figures {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const loopBusy = performance.eventLoopUtilization(loop, last).utilization;
  last = loop;
  return { ...given, version: software.version, process: { residentBytes: rss, heapBytes: heapUsed, cpuSeconds: (user + system) / 1e6, loopBusy } };
}
