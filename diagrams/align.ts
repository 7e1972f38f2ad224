/** Outermost boxes stand as far to the left as their arrows let them: where arrows are straightened, boxes drift to the side. */
import type { LayoutEdge, LayoutNode, Part } from "./layout.ts";
import { movedEdge, movedNode } from "./move.ts";
import { overlapsOf } from "./overlaps.ts";

/** From an arrow's end to the corner of its box. */
const cornerMin = 20;
const labelGap = 5;
const step = 8;

/** Of a drawing that goes downwards: what stands below each box moves to the left, as far as nothing comes to lie on anything else. */
export function leftAligned(part: Part): Part {
  const outermost = outermostOf(part);
  const order = [...new Set(part.nodes.toSorted((a, b) => a.y - b.y).map(({ id }) => outermost(id)))];
  const all = order.map((_, at) => new Set(order.slice(at)));
  const aligned = all.reduce((sofar, ids) => slid(sofar, (id) => ids.has(outermost(id))), part);
  return { ...aligned, width: rightOf(aligned) };
}

/** A dot goes where the box goes that its arrow points to. */
function outermostOf({ nodes, edges }: Part): (id: string) => string {
  const parents = new Map(nodes.map(({ id, parent }) => [id, parent]));
  const starts = new Map(nodes.filter(({ kind }) => kind === "initial").map(({ id }) => [id, edges.find(({ from }) => from === id)?.to]));
  const outermost = (id: string): string => {
    const above = starts.get(id) ?? parents.get(id) ?? null;
    return above === null ? id : outermost(above);
  };
  return outermost;
}

function slid(part: Part, below: (id: string) => boolean): Part {
  const before = crowdedIn(part);
  const nodes = part.nodes.filter(({ id }) => below(id));
  for (let dx = -Math.min(...nodes.map(({ x }) => x)); dx < 0; dx += step) {
    const moved = movedBelow(part, below, dx);
    if (moved !== null && leftOf(moved) >= 0 && crowdedIn(moved) <= before) return moved;
  }
  return part;
}

/** How many things lie on a label, or so close to one that they seem to belong to it. */
function crowdedIn({ nodes, edges }: Part): number {
  const widened = edges.map((edge): LayoutEdge => {
    if (edge.label === null) return edge;
    const { x, width } = edge.label;
    return { ...edge, label: { ...edge.label, x: x - labelGap, width: width + 2 * labelGap } };
  });
  return overlapsOf({ nodes, edges: widened }).length + overlapsOf({ nodes, edges }).length;
}

/** An arrow from above goes with the boxes below if it can, else it stays; null if it would lose one of its boxes either way. */
function movedBelow(part: Part, below: (id: string) => boolean, dx: number): Part | null {
  const nodes = part.nodes.map((node) => (below(node.id) ? movedNode(node, dx, 0) : node));
  const edges: LayoutEdge[] = [];
  for (const edge of part.edges) {
    const ends = [edge.from, edge.to].filter(below).length;
    const ways = ends === 2 ? [movedEdge(edge, dx, 0)] : ends === 0 ? [edge] : [movedEdge(edge, dx, 0), edge];
    const way = ways.find((way) => ends !== 1 || meetsBoth(way, nodes));
    if (way === undefined) return null;
    edges.push(way);
  }
  return { ...part, nodes, edges };
}

function meetsBoth(edge: LayoutEdge, nodes: readonly LayoutNode[]): boolean {
  const { from, to, points } = edge;
  const meets = (id: string, x: number) => {
    const node = nodes.find((node) => node.id === id);
    return node !== undefined && x >= node.x + cornerMin && x <= node.x + node.width - cornerMin;
  };
  return leftOf({ nodes: [], edges: [edge] }) >= 0 && meets(from, points[0]?.[0] ?? 0) && meets(to, points.at(-1)?.[0] ?? 0);
}

function leftOf({ nodes, edges }: Pick<Part, "nodes" | "edges">): number {
  const xs = edges.flatMap(({ points, label }) => [...points.map(([x]) => x), ...(label === null ? [] : [label.x])]);
  return Math.min(...xs, ...nodes.map(({ x }) => x));
}

function rightOf({ nodes, edges }: Part): number {
  const xs = edges.flatMap(({ points, label }) => [...points.map(([x]) => x), ...(label === null ? [] : [label.x + label.width])]);
  return Math.max(0, ...xs, ...nodes.map(({ x, width }) => x + width));
}
