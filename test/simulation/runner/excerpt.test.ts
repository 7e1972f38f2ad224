import { describe, expect, it } from "vitest";
import { excerptOf } from "./excerpt.ts";

const rule = "RFC 6120 section 8.2.3: an iq is answered once";
const line = (n: number, text = "does something") => `00:${String(Math.floor(n / 10)).padStart(2, "0")}.${n % 10}00 romeo/1 ${text} ${n}`;
const story = (length: number, special: Readonly<Record<number, string>>) => Array.from({ length }, (_, n) => special[n] ?? line(n));

describe("An excerpt of a transcript", () => {
  it("is all of a short one", () => {
    const transcript = story(40, { 30: `00:03.000 !! ${rule}: romeo/1: nobody waits` });
    expect(excerptOf(transcript, [rule])).toEqual(transcript);
    expect(excerptOf([], [rule])).toEqual([]);
  });

  it("has what led to the problem, and where its stanza began, in few lines", () => {
    const transcript = story(1_000, {
      100: "00:10.000 juliet/1 → <iq id='q7' type='get'>",
      105: "00:10.500 romeo/1 → <iq id='q7' type='set'>",
      110: "00:10.500 romeo/1 ← <iq id='q7' type='result'/>",
      500: `00:50.000 !! ${rule}: romeo/1: nobody waits for <iq id='q7'/>`,
      600: `00:60.000 !! ${rule}: romeo/1: nobody waits for <iq id='q8'/>`,
    });
    const shown = excerptOf(transcript, [rule]);
    expect(shown.length).toBeLessThanOrEqual(60);
    expect(shown.slice(0, 3)).toEqual(["(105 lines)", transcript[105], "(350 lines)"]);
    expect(shown.slice(3, -5)).toEqual(transcript.slice(456, 501));
    expect(shown.slice(-5)).toEqual([...transcript.slice(501, 505), "(495 lines)"]);
  });

  it("has the first problem of each rule, and never grows long", () => {
    const problems = ["Invariant 11: nothing is lost", "Invariant 11: nothing comes twice", "Invariant 7: nobody is another", "A fourth"];
    const said = Object.fromEntries(problems.map((rule, index) => [200 * (index + 1), `00:00.000 !! ${rule}: m${index} and m${index + 10}`]));
    const ids = Object.fromEntries(problems.flatMap((_, index) => [[10 * index + 5, line(5, `says m${index}`)], [10 * index + 65, line(5, `says m${index + 10}`)]]));
    const shown = excerptOf(story(2_000, { ...said, ...ids }), problems);
    expect(shown.length).toBeLessThanOrEqual(60);
    expect(shown.filter((line) => line.includes(" !! "))).toEqual([said[200], said[400], said[600]]);
    expect(shown.filter((line) => line.includes(" says m"))).toHaveLength(6);
  });

  it("has the end where nothing marks a problem, and no line that fills a screen", () => {
    const transcript = story(200, { 199: `00:19.900 romeo/1 → ${"x".repeat(5_000)}` });
    const shown = excerptOf(transcript, [rule]);
    expect(shown.slice(0, 2)).toEqual(["(150 lines)", transcript[150]]);
    expect(shown.at(-1)!.length).toBeLessThan(250);
  });
});
