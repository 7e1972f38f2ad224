/**
 * Where everything stands: the layered algorithm of ELK places boxes, arrows and the labels on the arrows, so that nothing lies
 * on anything else. The result is plain data in whole units: the picture is drawn from it, and so can any page be.
 */
import ELK from "elkjs/lib/elk.bundled.js";
import type { ElkExtendedEdge, ElkNode, LayoutOptions } from "elkjs/lib/elk.bundled.js";
import { anatomyOf, lineWidth } from "./anatomy.ts";
import type { Piece } from "./anatomy.ts";
import type { Arrow, Box, Line, Plan } from "./plan.ts";
import { lineHeight } from "./text.ts";

export interface Layout {
  readonly machine: string;
  readonly width: number;
  readonly height: number;
  /** Outer boxes before those inside them. Absolute positions. */
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly LayoutEdge[];
  /** Dashed lines between the regions of parallel states. */
  readonly separators: readonly Separator[];
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Point = readonly [x: number, y: number];

export interface LayoutNode extends Rectangle {
  readonly id: string;
  readonly kind: Box["kind"];
  readonly parent: string | null;
  readonly title: string;
  readonly description: string | null;
  /** Relative to the node's own corner. */
  readonly pieces: readonly Piece[];
}

export interface LayoutEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
  readonly label: (Rectangle & { readonly lines: readonly Line[] }) | null;
}

export interface Separator {
  readonly from: Point;
  readonly to: Point;
}

/** Around the picture, and between the machine's way and its ends. */
const margin = 24;
const labelPadding = 6;

const common: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.spacing.nodeNode": "28",
  "elk.spacing.edgeNode": "18",
  "elk.spacing.edgeEdge": "14",
  "elk.spacing.edgeLabel": "6",
  "elk.spacing.labelLabel": "8",
  "elk.layered.spacing.nodeNodeBetweenLayers": "26",
  "elk.layered.spacing.edgeNodeBetweenLayers": "16",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "14",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.padding": "[top=0,left=0,bottom=0,right=0]",
};

export async function layoutOf(plan: Plan): Promise<Layout> {
  const way = await placed(plan.way, plan.arrows, "DOWN");
  const ends = await placed(plan.ends, plan.arrows, "RIGHT");
  const inner = Math.max(way.width, ends.width);
  const below = way.height === 0 || ends.height === 0 ? 0 : margin * 1.5;
  const parts = [
    moved(way, margin + Math.round((inner - way.width) / 2), margin),
    moved(ends, margin + Math.round((inner - ends.width) / 2), margin + way.height + below),
  ];
  const nodes = parts.flatMap((part) => part.nodes);
  return {
    machine: plan.id,
    width: inner + 2 * margin,
    height: way.height + below + ends.height + 2 * margin,
    nodes,
    edges: parts.flatMap((part) => part.edges),
    separators: nodes.filter(({ kind }) => kind === "parallel").flatMap((node) => separatorsOf(node, nodes)),
  };
}

type Part = Pick<Layout, "width" | "height" | "nodes" | "edges">;

async function placed(boxes: readonly Box[], arrows: readonly Arrow[], direction: "DOWN" | "RIGHT"): Promise<Part> {
  if (boxes.length === 0) return { width: 0, height: 0, nodes: [], edges: [] };
  const flat = boxes.flatMap((box) => flatten(box, null));
  const order = new Map(flat.map(({ box }, at) => [box.id, at]));
  const own = arrows.filter(({ from, to }) => order.has(from) && order.has(to));
  const graph: ElkNode = await new ELK.default().layout<ElkNode>(
    { id: "root", children: boxes.map(elkNode), edges: own.map((arrow) => elkEdge(arrow, order)) },
    { layoutOptions: { ...common, "elk.direction": direction } },
  );
  const shapes = new Map(flatNodes(graph).map((node) => [node.id, node]));
  const routes = new Map(flatEdges(graph).map((edge) => [edge.id, edge]));
  return {
    width: Math.round(graph.width ?? 0),
    height: Math.round(graph.height ?? 0),
    nodes: flat.map(({ box, parent }) => nodeOf(box, parent, known(shapes, box.id))),
    edges: own.map((arrow) => edgeOf(arrow, known(routes, arrow.id))),
  };
}

function elkNode(box: Box): ElkNode {
  const { width, height } = anatomyOf(box);
  if (box.children.length === 0) return { id: box.id, width, height };
  const parallel = box.kind === "parallel";
  const sides = box.kind === "region" ? 8 : 16;
  return {
    id: box.id,
    children: box.children.map(elkNode),
    layoutOptions: {
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${width}, ${height})`,
      "elk.padding": `[top=${height + (parallel ? 4 : 12)},left=${sides},bottom=${sides},right=${sides}]`,
    },
  };
}

/** What leads on in the document's order leads on in the picture: only arrows back may be turned against the flow. */
function elkEdge({ id, from, to, lines }: Arrow, order: ReadonlyMap<string, number>): ElkExtendedEdge {
  const on = known(order, from) < known(order, to);
  const layoutOptions = { "elk.layered.priority.direction": on ? "10" : "0" };
  if (lines.length === 0) return { id, sources: [from], targets: [to], layoutOptions };
  const width = Math.max(...lines.map(lineWidth)) + 2 * labelPadding;
  const height = lines.length * lineHeight + labelPadding;
  return { id, sources: [from], targets: [to], layoutOptions, labels: [{ id: `${id} label`, text: id, width, height, layoutOptions: { "elk.edgeLabels.inline": "true" } }] };
}

function nodeOf(box: Box, parent: string | null, shape: ElkNode): LayoutNode {
  const { id, kind, title, description } = box;
  return { id, kind, parent, title, description, ...rounded(shape), pieces: anatomyOf(box).pieces };
}

function edgeOf({ id, from, to, lines }: Arrow, edge: ElkExtendedEdge): LayoutEdge {
  const points = (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }): Point => [Math.round(x), Math.round(y)]),
  );
  const label = edge.labels?.[0];
  return { id, from, to, points, label: label === undefined ? null : { ...rounded(label), lines } };
}

/** Between regions that stand side by side, from the first region's top to the parallel state's lower edge. */
function separatorsOf(parallel: LayoutNode, nodes: readonly LayoutNode[]): Separator[] {
  const regions = nodes.filter(({ parent }) => parent === parallel.id).toSorted((a, b) => a.x - b.x);
  const top = Math.min(...regions.map(({ y }) => y));
  return regions.slice(1).map((right, at) => {
    const left = regions[at] ?? right;
    const x = Math.round((left.x + left.width + right.x) / 2);
    return { from: [x, top], to: [x, parallel.y + parallel.height] };
  });
}

function moved(part: Part, dx: number, dy: number): Part {
  return {
    ...part,
    nodes: part.nodes.map((node) => ({ ...node, x: node.x + dx, y: node.y + dy })),
    edges: part.edges.map((edge) => ({
      ...edge,
      points: edge.points.map(([x, y]): Point => [x + dx, y + dy]),
      label: edge.label === null ? null : { ...edge.label, x: edge.label.x + dx, y: edge.label.y + dy },
    })),
  };
}

function flatten(box: Box, parent: string | null): { readonly box: Box; readonly parent: string | null }[] {
  return [{ box, parent }, ...box.children.flatMap((child) => flatten(child, box.id))];
}

function flatNodes(node: ElkNode): ElkNode[] {
  return (node.children ?? []).flatMap((child) => [child, ...flatNodes(child)]);
}

function flatEdges(node: ElkNode): ElkExtendedEdge[] {
  return [...(node.edges ?? []), ...(node.children ?? []).flatMap(flatEdges)];
}

function rounded({ x = 0, y = 0, width = 0, height = 0 }: Partial<Rectangle>): Rectangle {
  return { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height) };
}

function known<Value>(map: ReadonlyMap<string, Value>, id: string): Value {
  const value = map.get(id);
  if (value === undefined) throw new Error(`the layout lost ${id}`);
  return value;
}
