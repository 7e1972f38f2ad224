import { parse } from "ltx";
import { describe, expect, it } from "vitest";
import { chartOf } from "../../diagrams/chart.ts";
import { coveragePage, coverageSvg } from "../../diagrams/coverage.ts";
import { exercisedRuns, heatBounds, markedPlan } from "../../diagrams/exercised.ts";
import { layoutOf, widthMax } from "../../diagrams/layout.ts";
import { overlapsOf } from "../../diagrams/overlaps.ts";
import { type Box, type Line, planOf } from "../../diagrams/plan.ts";
import { themes } from "../../diagrams/style.ts";
import { sessionMachine } from "../../machines/index.ts";
import type { Verdict } from "../../src/testing/model/verdict.ts";

const chart = chartOf(sessionMachine);
/** Each transition a number of its own, the last of them none. */
const scripts = new Map(chart.transitions.map(({ id }, index) => [id, Math.max(0, exercisedRuns - 5 * index)]));
const plan = markedPlan(planOf(chart), scripts);
const layout = await layoutOf(plan);
const svg = coverageSvg(layout, "light");

function linesIn({ notes, children }: Box): readonly Line[] {
  return [...notes.flatMap(({ lines }) => lines), ...children.flatMap(linesIn)];
}

const lines = [...[...plan.way, ...plan.ends].flatMap(linesIn), ...plan.arrows.flatMap((arrow) => arrow.lines)];

describe("the picture of what is exercised", () => {
  it("has on each line how many scripts took its transition; of several, the least and the most", () => {
    expect(lines.flatMap(({ transitions }) => transitions).toSorted()).toEqual([...scripts.keys()].toSorted());
    for (const { transitions, mark } of lines) {
      const counts = transitions.map((id) => scripts.get(id)!);
      if (counts.length === 0) expect(mark).toBeUndefined();
      else expect(mark?.text.split("–").map(Number)).toEqual([...new Set([Math.min(...counts), Math.max(...counts)])]);
    }
    for (const { mark } of lines) if (mark !== undefined) expect(svg).toContain(`<tspan class="mark ${mark.heat}"> ${mark.text}</tspan>`);
  });

  it("tells by colour what is never taken and what nearly always is", () => {
    const one = chart.transitions[0]!.id;
    const heatAt = (count: number) => {
      const marked = markedPlan(planOf(chart), new Map([[one, count]]));
      return [...[...marked.way, ...marked.ends].flatMap(linesIn), ...marked.arrows.flatMap((arrow) => arrow.lines)].find(({ transitions }) => transitions.includes(one))?.mark?.heat;
    };
    expect([0, heatBounds.seldom, heatBounds.some, heatBounds.often, heatBounds.mostly, exercisedRuns].map(heatAt)).toEqual(["never", "seldom", "some", "often", "mostly", "mostly"]);
    expect(heatAt(heatBounds.some - 1)).toBe("seldom");
  });

  it("has nothing that lies on anything else, and can be read in a README", () => {
    expect(overlapsOf(layout)).toEqual([]);
    expect(layout.width).toBeLessThanOrEqual(widthMax);
  });

  it.each(themes)("is well formed in the %s, says what its colours mean, and has a colour for each", (theme) => {
    const drawn = coverageSvg(layout, theme);
    expect(parse(drawn).name).toBe("svg");
    for (const heat of ["never 0", "seldom 1–4", "some 5–49", "often 50–249", "mostly 250–500"]) {
      expect(drawn).toContain(`>${heat}</tspan>`);
      expect(drawn).toMatch(new RegExp(`--${heat.split(" ")[0]}:#[0-9a-f]{6}`));
    }
  });
});

describe("the page of what is exercised", () => {
  const verdict: Verdict = {
    machine: "client-session", ok: true, seed: 1, runs: 500, events: 9_000, illegalEvents: 400, states: 0, steps: 0, invariants: [], problems: [],
    asked: { runs: 500, maxLength: 60, exhaustive: false, statesMax: 2_000 }, cutShort: false,
    coverage: {
      transitions: [...scripts].map(([id, count]) => ({ id, scripts: count, exhaustive: false, legal: true })),
      guards: [{ id: "isArmed in closing/timer.expired/0", held: true, failed: false }, { id: "isSecure in a/b/0", held: true, failed: true }],
      pairs: { taken: 600, possible: 0 },
    },
  };
  const whole: Verdict = {
    ...verdict, runs: 0, states: 392, steps: 27_252,
    coverage: {
      transitions: verdict.coverage.transitions.map((each) => ({ ...each, scripts: 0, exhaustive: true })),
      guards: verdict.coverage.guards.map(({ id }) => ({ id, held: true, failed: true })),
      pairs: { taken: 0, possible: 1_234 },
    },
  };
  const covered = { chart, exercised: { verdict, whole, scripts } };
  const page = coveragePage(covered, covered, covered);

  it("counts what was taken and names what was seen from one side only", () => {
    const missed = [...scripts.values()].filter((count) => count === 0).length;
    expect(page).toContain(`| Transitions taken by scripts | ${scripts.size - missed} of ${scripts.size} |`);
    expect(page).toContain("| Guards seen to hold and to fail in scripts | 1 of 2 |");
    expect(page).toContain("Seen from one side only by scripts: `isArmed in closing/timer.expired/0` (held).");
  });

  it("says of the exhaustive part whether it was complete, and what it took", () => {
    expect(page).toContain("\n## client-session\n");
    expect(page).toContain("| Pairs of consecutive transitions by scripts | 600 of 1234 |\n| Exhaustive | yes |\n| – states, and events told in them | 392, 27252 |\n");
    expect(page).toContain(`| – transitions taken | ${scripts.size} of ${scripts.size} |\n| – guards seen to hold and to fail | 2 of 2 |\n`);
    const short = { ...covered, exercised: { ...covered.exercised, whole: { ...whole, states: 50, cutShort: true } } };
    expect(coveragePage(short, covered, covered)).toContain("| Exhaustive | no: cut short after 50 states |");
  });

  it("lists each transition once, the rarest first", () => {
    const table = page.slice(page.indexOf("<details>"), page.indexOf("</details>"));
    const counts = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, count]) => Number(count));
    expect(counts).toHaveLength(scripts.size);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });
});
