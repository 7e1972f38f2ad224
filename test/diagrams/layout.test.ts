import { describe, expect, it } from "vitest";
import { chartOf } from "../../diagrams/chart.ts";
import { drawn } from "../../diagrams/generate.ts";
import { layoutOf, widthMax } from "../../diagrams/layout.ts";
import type { Layout, LayoutNode, Point } from "../../diagrams/layout.ts";
import { overlapsOf } from "../../diagrams/overlaps.ts";
import { planOf } from "../../diagrams/plan.ts";
import { sizes } from "../../diagrams/text.ts";
import { everything, everyoneToEveryone, twoLamps } from "./machines.ts";

const layouts = await Promise.all(
  [...drawn.map(({ machine }) => machine), everything, twoLamps, everyoneToEveryone(6)].map((machine) => layoutOf(planOf(chartOf(machine)))),
);

function isOnBorder([x, y]: Point, node: LayoutNode | undefined): boolean {
  if (node === undefined) return false;
  const within = x >= node.x - 1 && x <= node.x + node.width + 1 && y >= node.y - 1 && y <= node.y + node.height + 1;
  const inside = x > node.x + 1 && x < node.x + node.width - 1 && y > node.y + 1 && y < node.y + node.height - 1;
  return within && !inside;
}

function boxesOf({ nodes, edges }: Layout) {
  return [...nodes, ...edges.flatMap(({ label }) => label ?? [])];
}

describe.each(layouts)("the picture of the machine $machine", (layout) => {
  it("has nothing that lies on anything else", () => {
    expect(overlapsOf(layout)).toEqual([]);
  });

  it("holds all of its boxes, and every state those inside it", () => {
    for (const { x, y, width, height } of boxesOf(layout)) {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(layout.width);
      expect(y + height).toBeLessThanOrEqual(layout.height);
    }
    for (const node of layout.nodes) {
      const parent = layout.nodes.find(({ id }) => id === node.parent);
      if (parent === undefined) continue;
      expect(node.x, node.id).toBeGreaterThanOrEqual(parent.x);
      expect(node.y, node.id).toBeGreaterThan(parent.y);
      expect(node.x + node.width, node.id).toBeLessThanOrEqual(parent.x + parent.width);
      expect(node.y + node.height, node.id).toBeLessThanOrEqual(parent.y + parent.height);
    }
  });

  it("draws arrows from border to border, level or upright", () => {
    for (const { id, from, to, points } of layout.edges) {
      const [source, target] = [from, to].map((end) => layout.nodes.find((node) => node.id === end));
      expect(isOnBorder(points[0] ?? [-1, -1], source), id).toBe(true);
      expect(isOnBorder(points.at(-1) ?? [-1, -1], target), id).toBe(true);
      const oblique = points.slice(1).filter(([x, y], at) => x !== points[at]?.[0] && y !== points[at]?.[1]);
      expect(oblique, id).toEqual([]);
    }
  });

  it("can be read in a README, where 830 pixels are all the width there is", () => {
    expect(layout.width).toBeLessThanOrEqual(widthMax);
    expect((sizes.min * 830) / Math.max(830, layout.width)).toBeGreaterThanOrEqual(9);
  });

  it("is in whole units", () => {
    const numbers = [
      ...boxesOf(layout).flatMap(({ x, y, width, height }) => [x, y, width, height]),
      ...layout.edges.flatMap(({ points }) => points.flat()),
    ];
    expect(numbers.filter((number) => !Number.isInteger(number))).toEqual([]);
  });
});

describe("regions of a parallel state", () => {
  it("stand level, in document order, with a line between each two", () => {
    const layout = layouts[0];
    const regions = layout?.nodes.filter(({ kind }) => kind === "region") ?? [];
    expect(regions.length).toBeGreaterThan(1);
    expect(new Set(regions.map(({ y }) => y)).size).toBe(1);
    expect(regions.map(({ x }) => x)).toEqual(regions.map(({ x }) => x).toSorted((a, b) => a - b));
    expect(layout?.separators.length).toBe(regions.length - 1);
  });
});

describe("the check for overlaps", () => {
  const node = (id: string, x: number, kind: LayoutNode["kind"] = "state"): LayoutNode =>
    ({ id, kind, x, y: 0, width: 100, height: 50, parent: null, title: id, description: null, pieces: [] });
  const edge = (id: string, points: readonly Point[], x: number) =>
    ({ id, from: "a", to: "b", points, label: { x, y: 10, width: 40, height: 20, lines: [] } });

  it("finds boxes on boxes, labels on boxes and labels, and arrows through both", () => {
    expect(overlapsOf({ nodes: [node("a", 0), node("b", 90)], edges: [] })).toEqual(["a lies on b"]);
    expect(overlapsOf({ nodes: [node("a", 0)], edges: [edge("e", [[0, 60], [9, 60]], 80)] })).toEqual(["label of e lies on a"]);
    const [one, other] = [edge("e", [[0, 60], [9, 60]], 200), edge("f", [[0, 60], [9, 60]], 230)];
    expect(overlapsOf({ nodes: [], edges: [one, other] })).toEqual(["label of e lies on label of f"]);
    const through = edge("g", [[210, 0], [210, 60]], 300);
    expect(overlapsOf({ nodes: [node("c", 190)], edges: [one, through] })).toContain("g runs through label of e");
    expect(overlapsOf({ nodes: [node("c", 190)], edges: [through] })).toEqual(["g runs through c"]);
  });

  it("lets a label stand inside a composite, but not across its border", () => {
    expect(overlapsOf({ nodes: [node("a", 0, "composite")], edges: [edge("e", [[0, 60], [9, 60]], 20)] })).toEqual([]);
    expect(overlapsOf({ nodes: [node("a", 0, "composite")], edges: [edge("e", [[0, 60], [9, 60]], 80)] })).toEqual([
      "label of e lies on a",
    ]);
  });
});
