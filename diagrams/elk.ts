/** The layered algorithm of ELK, which places boxes, arrows and the labels on the arrows so that nothing lies on anything else. */
import ELK from "elkjs/lib/elk.bundled.js";
import type { ElkExtendedEdge, ElkNode, LayoutOptions } from "elkjs/lib/elk.bundled.js";
import { anatomyOf, insideSides, lineWidth } from "./anatomy.ts";
import type { LayoutEdge, LayoutNode, Part, Point, Rectangle } from "./layout.ts";
import type { Arrow, Box } from "./plan.ts";
import { lineHeight } from "./text.ts";

const common: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.spacing.nodeNode": "26",
  "elk.spacing.edgeNode": "14",
  "elk.spacing.edgeEdge": "14",
  "elk.spacing.edgeLabel": "6",
  "elk.spacing.labelLabel": "8",
  "elk.layered.spacing.nodeNodeBetweenLayers": "20",
  "elk.layered.spacing.edgeNodeBetweenLayers": "12",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "12",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.padding": "[top=0,left=0,bottom=0,right=0]",
};

const labelPadding = 5;

/** Boxes that stand level stand in the document's order. ELK fails at that where boxes lie in others. */
const documentOrder: LayoutOptions = { "elk.layered.considerModelOrder.strategy": "PREFER_NODES" };

/** The boxes, and those of the arrows that lie between them. `inOrder`: level boxes in the document's order, if none has others inside. */
export async function placed(boxes: readonly Box[], arrows: readonly Arrow[], direction: "DOWN" | "RIGHT", inOrder = false): Promise<Part> {
  if (boxes.length === 0) return { width: 0, height: 0, nodes: [], edges: [] };
  const flat = boxes.flatMap((box) => flatten(box, null));
  const order = new Map(flat.map(({ box }, at) => [box.id, at]));
  const own = arrows.filter(({ from, to }) => order.has(from) && order.has(to));
  const manner = inOrder && flat.length === boxes.length ? documentOrder : {};
  const graph: ElkNode = await new ELK.default().layout<ElkNode>(
    { id: "root", children: boxes.map(elkNode), edges: own.map((arrow) => elkEdge(arrow, order)) },
    { layoutOptions: { ...common, ...manner, "elk.direction": direction } },
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
  const above = box.kind === "parallel" || box.kind === "region" ? 2 : 10;
  const sides = box.kind === "region" ? 8 : insideSides;
  return {
    id: box.id,
    children: box.children.map(elkNode),
    layoutOptions: {
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${width}, ${height})`,
      "elk.padding": `[top=${height + above},left=${sides},bottom=${sides},right=${sides}]`,
    },
  };
}

/** What leads on in the document's order leads on in the picture: only arrows back may go against the flow, or in bends. */
function elkEdge({ id, from, to, lines }: Arrow, order: ReadonlyMap<string, number>): ElkExtendedEdge {
  const priority = known(order, from) < known(order, to) ? "10" : "0";
  const edge = {
    id,
    sources: [from],
    targets: [to],
    layoutOptions: { "elk.layered.priority.direction": priority, "elk.layered.priority.straightness": priority },
  };
  if (lines.length === 0) return edge;
  const width = Math.max(...lines.map(lineWidth)) + 2 * labelPadding;
  const height = lines.length * lineHeight + labelPadding;
  const layoutOptions = { "elk.edgeLabels.inline": "true" };
  return { ...edge, labels: [{ id: `${id} label`, text: id, width, height, layoutOptions }] };
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

function rounded({ x = 0, y = 0, width = 0, height = 0 }: Partial<Rectangle>): Rectangle {
  return { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height) };
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

function known<Value>(map: ReadonlyMap<string, Value>, id: string): Value {
  const value = map.get(id);
  if (value === undefined) throw new Error(`the layout lost ${id}`);
  return value;
}
