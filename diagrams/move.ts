/** Drawings, boxes and arrows, moved as they are. */
import type { LayoutEdge, LayoutNode, Part, Point } from "./layout.ts";

export function moved(part: Part, dx: number, dy: number): Part {
  return {
    ...part,
    nodes: part.nodes.map((node) => movedNode(node, dx, dy)),
    edges: part.edges.map((edge) => movedEdge(edge, dx, dy)),
  };
}

export function movedNode(node: LayoutNode, dx: number, dy: number): LayoutNode {
  return { ...node, x: node.x + dx, y: node.y + dy };
}

export function movedEdge(edge: LayoutEdge, dx: number, dy: number): LayoutEdge {
  return {
    ...edge,
    points: edge.points.map(([x, y]): Point => [x + dx, y + dy]),
    label: edge.label === null ? null : { ...edge.label, x: edge.label.x + dx, y: edge.label.y + dy },
  };
}
