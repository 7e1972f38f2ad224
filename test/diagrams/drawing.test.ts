import { parse } from "ltx";
import { describe, expect, it } from "vitest";
import { lineText } from "../../diagrams/anatomy.ts";
import { chartOf } from "../../diagrams/chart.ts";
import { messagesOf } from "../../diagrams/contract.ts";
import { drawn } from "../../diagrams/generate.ts";
import { layoutOf } from "../../diagrams/layout.ts";
import { mermaidOf } from "../../diagrams/mermaid.ts";
import { planOf } from "../../diagrams/plan.ts";
import { themes } from "../../diagrams/style.ts";
import { svgOf } from "../../diagrams/svg.ts";
import { everything, everyoneToEveryone, twoLamps } from "./machines.ts";

const machines = [...drawn.map(({ machine }) => machine), everything, twoLamps, everyoneToEveryone(6)];

describe.each(machines)("the SVG of the machine $id", async (machine) => {
  const plan = planOf(chartOf(machine));
  const layout = await layoutOf(plan);
  const svg = svgOf(layout, "light");

  it.each(themes)("is well formed in the %s, and needs nothing from elsewhere", (theme) => {
    const drawn = svgOf(layout, theme);
    expect(parse(drawn).name).toBe("svg");
    expect(drawn.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|@import|@font-face|<script/);
  });

  it("is the same in the light and in the dark but for its colours", () => {
    const [light, dark] = themes.map((theme) => svgOf(layout, theme));
    const bare = (text: string | undefined) => text?.replaceAll(/--[a-z]+:#[0-9a-f]{6}/g, "");
    expect(light).not.toBe(dark);
    expect(bare(light)).toBe(bare(dark));
  });

  it("shows every state and every line of every arrow", () => {
    const text = svg.replaceAll(/<style>.*?<\/style>|<title>.*?<\/title>|<tspan[^>]*>|<\/tspan>/g, "");
    const shown = new Set([...text.matchAll(/>([^<>]+)<\/text>/g)].map(([, words]) => words));
    for (const { key, path } of chartOf(machine).states) if (path !== "") expect(shown).toContain(key);
    // Where a line of a label is broken, there is no blank before the guard.
    const bare = new Set([...shown].map((words) => words?.replaceAll(" ", "")));
    for (const { lines } of plan.arrows) for (const line of lines) expect(bare).toContain(lineText(line).replaceAll(" ", ""));
  });
});

describe.each(machines)("the Mermaid source of the machine $id", (machine) => {
  const plan = planOf(chartOf(machine));
  const source = mermaidOf(plan);

  it("declares each state before it is used, once", () => {
    const declared = [...source.matchAll(/^ *state "[^"]+" as (\w+)/gm)].map(([, id]) => id);
    expect(new Set(declared).size).toBe(declared.length);
    const used = [...source.matchAll(/^ *(\S+) --> (\S+)/gm)].flatMap(([, from, to]) => [from, to]);
    expect(used.filter((id) => id !== "[*]" && !declared.includes(id))).toEqual([]);
  });

  it("closes what it opens and has an arrow for each of the plan", () => {
    const lines = source.split("\n");
    expect(lines[0]).toBe("stateDiagram-v2");
    expect(lines.filter((line) => line.endsWith("{")).length).toBe(lines.filter((line) => line.trim() === "}").length);
    const finals = chartOf(machine).states.filter(({ kind }) => kind === "final").length;
    expect(lines.filter((line) => line.includes(" --> ")).length).toBe(plan.arrows.length + finals);
  });
});

describe("the contract of a machine", () => {
  const source = `
    export type Told =
      /** The door; it has \`|\` and "quotes" in its comment. */
      | Event<"door.opened", { /** Who. */ readonly who: string | null; readonly at?: number }>
      | Event<"bell.rung">;
    export type Asked = | { readonly type: "ring.bell"; readonly loud: boolean };
  `;

  it("is read with its words, and what each message carries", () => {
    expect(messagesOf(source, "Told")).toEqual([
      { name: "door.opened", fields: ["who", "at"], meaning: 'The door; it has `|` and "quotes" in its comment.' },
      { name: "bell.rung", fields: [], meaning: "" },
    ]);
    expect(messagesOf(source, "Asked")).toEqual([{ name: "ring.bell", fields: ["loud"], meaning: "" }]);
  });

  it("is refused where there is none", () => {
    expect(() => messagesOf(source, "Wanted")).toThrow('no "export type Wanted ="');
  });
});
