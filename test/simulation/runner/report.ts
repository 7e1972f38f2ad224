/** What a run found, for people. */
import type { WorldPlan } from "../world/plan.ts";
import type { Tally } from "./tally.ts";

const hourMs = 60 * 60 * 1_000;

/** One line while it runs. */
export function progressLine(tally: Tally, of: number): string {
  const { seeds, clientMs, wallMs, failed } = tally;
  const speed = `${(seeds / (wallMs / 1_000)).toFixed(1)} a second`;
  const hours = `client-hours ${(clientMs / hourMs).toFixed(1)}`;
  return `seeds ${seeds}${Number.isFinite(of) ? `/${of}` : ""}  ${speed}  ${hours}  problems ${failed.length}`;
}

/** The first lines, `max` at most, and how many there are besides. */
export function firstLines(lines: readonly string[], max: number): readonly string[] {
  return lines.length <= max ? lines : [...lines.slice(0, max), `(and ${lines.length - max} more)`];
}

/** `1 world`, `2 worlds` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Several lines at the end. */
export function summary(tally: Tally): string {
  const { seeds, again, clientMs, wallMs, counts, rules } = tally;
  return [
    `${count(seeds, "seed")} with ${(clientMs / hourMs).toFixed(2)} client-hours in ${durationOf(wallMs)}, ${(seeds / (wallMs / 1_000)).toFixed(1)} seeds a second`,
    ...(again === 0 ? [] : [`${again} of them played again, to see that ${again === 1 ? "it comes" : "they come"} to the same`]),
    Object.entries(counts).map(([name, number]) => `${wordsOf(name)} ${number}`).join("  "),
    ...rules.map(([rule, seeds]) => `${count(seeds, "seed")}: ${rule}`),
  ].join("\n");
}

/** `seeds 10000 client-hours 1234.5 problems 0 digest 00e1…`: for scripts, and to compare two runs. */
export function lastLine({ seeds, clientMs, failed, digest }: Tally): string {
  return `seeds ${seeds} client-hours ${(clientMs / hourMs).toFixed(1)} problems ${failed.length} digest ${digest}`;
}

/** What there is, and what is to happen. */
export function planLines({ seed, accounts, devices, lengthMs, network, disk, happenings }: WorldPlan): readonly string[] {
  const both = ([least, most]: readonly [number, number]): string => (least === most ? `${least} ms` : `${least}–${most} ms`);
  return [
    `accounts ${accounts} with ${devices.join(", ")} ${accounts === 1 && devices[0] === 1 ? "device" : "devices"}, ${momentOf(lengthMs)} long, seed ${seed}; network ${both(network.delayMs)}, commits ${both(disk.commitMs)}`,
    ...happenings.map(({ at, kind, device, choice }) => `${momentOf(at)} ${kind}${kind === "server" ? "" : ` device ${device}`} choice ${choice}`),
  ];
}

/** Simulated milliseconds as `00:12.345`. */
export function momentOf(ms: number): string {
  const seconds = ms / 1_000;
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${(seconds % 60).toFixed(3).padStart(6, "0")}`;
}

function durationOf(ms: number): string {
  const seconds = ms / 1_000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
