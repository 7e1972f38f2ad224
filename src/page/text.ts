/** Texts for people: what strangers wrote made visible, long texts cut, times and durations in words. */
import { duration } from "../history/plain-words.ts";

/**
 * The text with every character that is not seen, or that changes the order of others, shown by its number: `⟨U+202E⟩`. Control
 * characters (line ends and tabs too, unless `lines`), marks and overrides of direction, zero width, separators of lines, lone surrogates.
 */
export function visible(text: string, { lines = false }: { readonly lines?: boolean } = {}): string {
  return text.replaceAll(unseen, (character) => (lines && (character === "\n" || character === "\t") ? character : named(character)));
}

const unseen = new RegExp(
  [
    "[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb]",
    "[\\u{e0000}-\\u{e007f}]",
    "[\\ud800-\\udfff]",
  ].join("|"),
  "gu",
);

function named(character: string): string {
  return `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** At most `max` characters, the last of them `…` where something was cut. */
export function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = max - 1;
  // A pair of surrogates is one character: half of it is none.
  const last = text.charCodeAt(end - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end)}…`;
}

/** `12,345`, the same in every locale. */
export function number(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 row`, `2 rows`, `1,204 rows`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${number(count)} ${count === 1 ? noun : plural}`;
}

/** The time of day in UTC, to the millisecond: `14:03:27.042`. `at`: ms since 1970. */
export function timeOfDay(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

/** ISO 8601 in UTC, to the second, with a space: `2026-11-23 14:03:27`. */
export function dateAndTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** How long it took or lasts, never below 0: `3 ms`, `1.2 s`, `2 min 5 s`. */
export function durationWords(ms: number): string {
  const passed = Math.max(0, Math.round(ms));
  if (passed >= 1_000 && passed < 10_000) return `${(passed / 1_000).toFixed(1)} s`;
  return duration(passed);
}

/** `12 s ago`, `in 40 s`, `now` within half a second. */
export function relativeTime(at: number, now: number): string {
  const ms = at - now;
  if (Math.abs(ms) < 500) return "now";
  return ms > 0 ? `in ${duration(Math.max(1_000, ms))}` : `${duration(Math.max(1_000, -ms))} ago`;
}
