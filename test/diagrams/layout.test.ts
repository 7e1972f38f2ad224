import { describe, expect, it } from "vitest";
import { leftAligned } from "../../diagrams/align.ts";
import { chartOf } from "../../diagrams/chart.ts";
import { drawn } from "../../diagrams/generate.ts";
import { layoutOf, widthMax } from "../../diagrams/layout.ts";
import type { Layout, LayoutNode, Part, Point } from "../../diagrams/layout.ts";
import { overlapsOf } from "../../diagrams/overlaps.ts";
import { planOf } from "../../diagrams/plan.ts";
import { packed, separatorsOf } from "../../diagrams/regions.ts";
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
  const region = (name: string, height: number): Part => ({
    width: 100,
    height,
    nodes: [{ id: `p.${name}`, kind: "region", x: 0, y: 0, width: 100, height, parent: "p", title: name, description: null, pieces: [] }],
    edges: [],
  });
  const parallel = (inside: Part): LayoutNode =>
    ({ id: "p", kind: "parallel", x: 0, y: 0, width: inside.width, height: inside.height, parent: null, title: "p", description: null, pieces: [] });

  it("stand from left to right in document order, with a line between each two", () => {
    const inside = packed([region("one", 50), region("two", 60), region("three", 40)], 0);
    expect(inside.nodes.map(({ x, y }) => [x, y])).toEqual([[0, 0], [114, 0], [228, 0]]);
    expect(inside).toMatchObject({ width: 328, height: 60 });
    expect(separatorsOf([parallel(inside), ...inside.nodes])).toEqual([
      { from: [107, 0], to: [107, 60] },
      { from: [221, 0], to: [221, 60] },
    ]);
  });

  it("stand beneath each other where a taller one leaves the room, with a line across their column", () => {
    const inside = packed([region("one", 50), region("two", 60), region("three", 140)], 0);
    expect(inside.nodes.map(({ x, y }) => [x, y])).toEqual([[0, 0], [0, 64], [114, 0]]);
    expect(inside).toMatchObject({ width: 214, height: 140 });
    expect(separatorsOf([parallel(inside), ...inside.nodes])).toEqual([
      { from: [107, 0], to: [107, 140] },
      { from: [0, 57], to: [107, 57] },
    ]);
  });

  it("share the width that their state has to have", () => {
    const inside = packed([region("one", 50), region("two", 50)], 414);
    expect(inside.nodes.map(({ x }) => x)).toEqual([0, 214]);
    expect(inside.width).toBe(414);
  });

  it("have a line between each two in the session's picture", () => {
    const regions = layouts[0]?.nodes.filter(({ kind }) => kind === "region") ?? [];
    expect(regions.length).toBe(3);
    expect(layouts[0]?.separators.length).toBe(regions.length - 1);
  });
});

describe("boxes under each other", () => {
  const box = (id: string, x: number, y: number): LayoutNode =>
    ({ id, kind: "state", x, y, width: 100, height: 50, parent: null, title: id, description: null, pieces: [] });
  const arrow = (from: string, to: string, points: readonly Point[]) => ({ id: `${from} > ${to}`, from, to, points, label: null });

  it("move to the left as far as their arrows let them", () => {
    const part = { width: 300, height: 160, nodes: [box("a", 0, 0), box("b", 60, 110)], edges: [arrow("a", "b", [[80, 50], [80, 110]])] };
    const { nodes, edges, width } = leftAligned(part);
    expect(nodes.map(({ x }) => x)).toEqual([0, 0]);
    expect(edges[0]?.points.map(([x]) => x)).toEqual([20, 20]);
    expect(width).toBe(100);
  });

  it("stay where an arrow between them would lose one of them", () => {
    const bent = arrow("a", "b", [[80, 50], [80, 80], [270, 80], [270, 110]]);
    const part = { width: 300, height: 160, nodes: [box("a", 0, 0), box("b", 200, 110)], edges: [bent] };
    const { nodes, edges } = leftAligned(part);
    const b = nodes[1]?.x ?? 0;
    expect(b).toBeLessThan(200);
    expect(isOnBorder(edges[0]?.points.at(-1) ?? [-1, -1], nodes[1])).toBe(true);
    expect(isOnBorder(edges[0]?.points[0] ?? [-1, -1], nodes[0])).toBe(true);
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
