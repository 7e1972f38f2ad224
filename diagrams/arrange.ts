/** Two drawings on one sheet: the machine's way, and its ends. */
import type { LayoutEdge, LayoutNode, Part } from "./layout.ts";
import { moved, movedEdge, movedNode } from "./move.ts";
import { overlapsOf } from "./overlaps.ts";

const gap = 24;

/**
 * The ends to the right of the way's upper part, which moves to the left to make room. Null where that cannot be done: the sheet
 * would be too wide, or something would come to lie on something else.
 */
export function besideOf(way: Part, ends: Part, widthMax: number): Part | null {
  if (ends.nodes.length === 0) return way;
  const upper = way.nodes
    .filter(({ parent, y }) => parent === null && y < ends.height + gap)
    .toSorted((a, b) => a.y - b.y)
    .map(({ id }) => id);
  const left = upper.reduceRight((part, _, at) => toTheLeft(part, upper.slice(0, at + 1)), way);
  const { nodes, edges } = belongings(left, upper);
  const width = Math.max(left.width, rightOf(nodes, edges) + gap + ends.width);
  const panel = moved(ends, width - ends.width, 0);
  const whole = {
    width,
    height: Math.max(way.height, ends.height),
    nodes: [...left.nodes, ...panel.nodes],
    edges: [...left.edges, ...panel.edges],
  };
  return width <= widthMax && overlapsOf(whole).length === 0 ? whole : null;
}

/** The ends under the way, both in the middle. */
export function beneathOf(way: Part, ends: Part): Part {
  const width = Math.max(way.width, ends.width);
  const top = way.nodes.length === 0 || ends.nodes.length === 0 ? way.height : way.height + gap;
  const parts = [
    moved(way, Math.round((width - way.width) / 2), 0),
    moved(ends, Math.round((width - ends.width) / 2), top),
  ];
  return {
    width,
    height: top + ends.height,
    nodes: parts.flatMap(({ nodes }) => nodes),
    edges: parts.flatMap(({ edges }) => edges),
  };
}

/** Moves some outermost boxes to the left edge, with their arrows, unless an arrow would lose a box that stays behind. */
function toTheLeft(part: Part, outer: readonly string[]): Part {
  const { nodes, edges } = belongings(part, outer);
  const dx = -leftOf(nodes, edges);
  if (!edges.every((edge) => staysAttached(part, nodes, edge, dx))) return part;
  return {
    ...part,
    nodes: part.nodes.map((node) => (nodes.includes(node) ? movedNode(node, dx, 0) : node)),
    edges: part.edges.map((edge) => (edges.includes(edge) ? movedEdge(edge, dx, 0) : edge)),
  };
}

/** Whether an arrow that is moved still meets the boxes that are not. */
function staysAttached(part: Part, movedNodes: readonly LayoutNode[], edge: LayoutEdge, dx: number): boolean {
  const ends = [
    { id: edge.from, x: edge.points[0]?.[0] ?? 0 },
    { id: edge.to, x: edge.points.at(-1)?.[0] ?? 0 },
  ];
  return ends.every(({ id, x }) => {
    const node = part.nodes.find((node) => node.id === id);
    if (node === undefined) return false;
    return movedNodes.includes(node) || (x + dx > node.x + gap && x + dx < node.x + node.width - gap);
  });
}

/** Outermost boxes with all that is inside them, and the arrows that touch them. */
function belongings(part: Part, outer: readonly string[]): Pick<Part, "nodes" | "edges"> {
  const parents = new Map(part.nodes.map(({ id, parent }) => [id, parent]));
  const outermost = (id: string): string => {
    const parent = parents.get(id) ?? null;
    return parent === null ? id : outermost(parent);
  };
  const belongs = (id: string) => outer.includes(outermost(id));
  return {
    nodes: part.nodes.filter(({ id }) => belongs(id)),
    edges: part.edges.filter(({ from, to }) => belongs(from) || belongs(to)),
  };
}

function leftOf(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): number {
  const labels = edges.flatMap(({ label }) => label ?? []);
  return Math.min(...[...nodes, ...labels].map(({ x }) => x), ...edges.flatMap(({ points }) => points.map(([x]) => x)));
}

function rightOf(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): number {
  const labels = edges.flatMap(({ label }) => label ?? []);
  const boxes = [...nodes, ...labels].map(({ x, width }) => x + width);
  return Math.max(...boxes, ...edges.flatMap(({ points }) => points.map(([x]) => x)));
}
