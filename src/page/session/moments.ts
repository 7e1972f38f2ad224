/** Times for people: by the clock in UTC as the log tells them, and since a recording began. */
import { time } from "../../history/plain-words.ts";
import { durationWords } from "../text.ts";

/** ISO 8601 in UTC; what is no time is told as a number. */
export function timeText(at: number): string {
  return isTime(at) ? time(at) : String(at);
}

/** `10:12:03.123`, UTC. */
export function clockText(at: number): string {
  return timeText(at).slice(11, 23);
}

/** `+0:00.012`, `+2:05.123`, `+1:02:05.123`: minutes and seconds, to the millisecond, so that rows of one second can be told apart. Clocks may go back: `−0:00.003`. */
export function sinceText(at: number, begin: number): string {
  const ms = Math.abs(Math.round(at - begin));
  const sign = at < begin ? "−" : "+";
  const seconds = (ms % 60_000) / 1_000;
  const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60];
  const parts = hours === 0 ? [String(minutes)] : [String(hours), String(minutes).padStart(2, "0")];
  return `${sign}${[...parts, seconds.toFixed(3).padStart(6, "0")].join(":")}`;
}

/** How long an exchange took; what is within one millisecond is told so, for clocks know no better. */
export function tookText(ms: number): string {
  return ms < 1 ? "<1 ms" : durationWords(ms);
}

/** Names in events and facts whose numbers are times. */
export function isTimeName(name: string): boolean {
  return name === "at" || name === "deadline" || name === "until" || name === "since";
}

function isTime(at: number): boolean {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15;
}
