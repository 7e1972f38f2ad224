/** Regions of parallel states: from left to right in the document's order, level at the top, with dashed lines between them. */
import { insideSides } from "./anatomy.ts";
import type { LayoutEdge, LayoutNode, Part, Separator } from "./layout.ts";
import { movedEdge, movedNode } from "./move.ts";

/** Moves regions within their state. Where an arrow leaves a region, they stay where they are: the arrow would not follow. */
export function regionsInOrder(part: Part): Part {
  return part.nodes.filter(({ kind }) => kind === "parallel").reduce(inOrder, part);
}

/** From below the state's head to its lower edge. */
export function separatorsOf(nodes: readonly LayoutNode[]): Separator[] {
  return nodes.filter(({ kind }) => kind === "parallel").flatMap((parallel) => {
    const regions = regionsOf(nodes, parallel).toSorted((a, b) => a.x - b.x);
    const top = Math.min(...regions.map(({ y }) => y));
    return regions.slice(1).flatMap((right, at): Separator[] => {
      const left = regions[at];
      if (left === undefined || left.x + left.width > right.x) return [];
      const x = Math.round((left.x + left.width + right.x) / 2);
      return [{ from: [x, top], to: [x, parallel.y + parallel.height] }];
    });
  });
}

function inOrder(part: Part, parallel: LayoutNode): Part {
  const regions = regionsOf(part.nodes, parallel);
  const placed = regions.toSorted((a, b) => a.x - b.x);
  const sideBySide = placed.every((right, at) => at === 0 || (placed[at - 1]?.x ?? 0) + (placed[at - 1]?.width ?? 0) <= right.x);
  const inside = new Map(part.nodes.map(({ id }) => [id, regions.find((region) => id === region.id || id.startsWith(`${region.id}.`))]));
  const leaves = ({ from, to }: LayoutEdge) => inside.get(from) !== inside.get(to);
  if (!sideBySide || part.edges.some(leaves)) return part;

  const free = parallel.width - 2 * insideSides - regions.reduce((sum, { width }) => sum + width, 0);
  const between = Math.floor(free / Math.max(1, regions.length - 1));
  const top = Math.min(...regions.map(({ y }) => y));
  const moves = new Map<LayoutNode, readonly [number, number]>();
  let x = parallel.x + insideSides;
  for (const region of regions) {
    moves.set(region, [x - region.x, top - region.y]);
    x += region.width + between;
  }
  const moveOf = (id: string) => {
    const region = inside.get(id);
    return (region && moves.get(region)) ?? ([0, 0] as const);
  };
  return {
    ...part,
    nodes: part.nodes.map((node) => movedNode(node, ...moveOf(node.id))),
    edges: part.edges.map((edge) => movedEdge(edge, ...moveOf(edge.from))),
  };
}

function regionsOf(nodes: readonly LayoutNode[], parallel: LayoutNode): LayoutNode[] {
  return nodes.filter(({ kind, parent }) => kind === "region" && parent === parallel.id);
}
