/** What lies on something it should not lie on: a picture is right when there is nothing of the kind. */
import type { LayoutEdge, LayoutNode, Part, Point, Rectangle } from "./layout.ts";

/** Each overlap as a sentence that names both. */
export function overlapsOf({ nodes, edges }: Pick<Part, "nodes" | "edges">): readonly string[] {
  const labels = edges.flatMap(({ id, label }) => (label === null ? [] : [{ id: `label of ${id}`, ...label }]));
  const found: string[] = [];
  labels.forEach((label, at) => {
    for (const other of labels.slice(at + 1)) if (meet(label, other)) found.push(`${label.id} lies on ${other.id}`);
    for (const node of nodes) if (isForeign(label, node)) found.push(`${label.id} lies on ${node.id}`);
    for (const edge of edges) {
      const own = label.id === `label of ${edge.id}`;
      if (!own && legsOf(edge).some((leg) => meet(leg, label))) found.push(`${edge.id} runs through ${label.id}`);
    }
  });
  nodes.forEach((node, at) => {
    for (const other of nodes.slice(at + 1)) {
      const nested = isWithin(other, node) || isWithin(node, other);
      if (meet(node, other) && !nested) found.push(`${node.id} lies on ${other.id}`);
    }
  });
  for (const edge of edges) {
    for (const node of nodes.filter((node) => !hasInside(node, nodes))) {
      const own = node.id === edge.from || node.id === edge.to;
      if (!own && legsOf(edge).some((leg) => meet(leg, node))) found.push(`${edge.id} runs through ${node.id}`);
    }
  }
  return found;
}

/** A label may stand wholly inside a box that has others inside, below its head; it lies on every other box it meets. */
function isForeign(label: Rectangle, node: LayoutNode): boolean {
  return meet(label, node) && !(isContainer(node) && isWithin(label, node));
}

function isContainer({ kind }: LayoutNode): boolean {
  return kind === "composite" || kind === "parallel" || kind === "region";
}

function hasInside(node: LayoutNode, nodes: readonly LayoutNode[]): boolean {
  return nodes.some(({ parent }) => parent === node.id);
}

function isWithin(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function meet(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The legs of an arrow as rectangles of no thickness to speak of. */
function legsOf({ points }: LayoutEdge): Rectangle[] {
  return points.slice(1).map((to, at): Rectangle => {
    const [fromX, fromY] = points[at] ?? to;
    const [toX, toY]: Point = to;
    const [x, y] = [Math.min(fromX, toX), Math.min(fromY, toY)];
    return { x, y, width: Math.abs(fromX - toX) + 0.1, height: Math.abs(fromY - toY) + 0.1 };
  });
}
