/** The layered algorithm of ELK, which places boxes, arrows and the labels on the arrows so that nothing lies on anything else. */
import ELK from "elkjs/lib/elk.bundled.js";
import type { ElkExtendedEdge, ElkNode, LayoutOptions } from "elkjs/lib/elk.bundled.js";
import { anatomyOf, insideSides, labelOf } from "./anatomy.ts";
import type { LayoutEdge, LayoutNode, Part, Point, Rectangle } from "./layout.ts";
import { moved } from "./move.ts";
import type { Arrow, Box } from "./plan.ts";
import { isSealed, packed } from "./regions.ts";

const common: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.spacing.nodeNode": "18",
  "elk.spacing.edgeNode": "10",
  "elk.spacing.edgeEdge": "10",
  "elk.spacing.edgeLabel": "6",
  "elk.spacing.labelLabel": "8",
  "elk.layered.spacing.nodeNodeBetweenLayers": "14",
  "elk.layered.spacing.edgeNodeBetweenLayers": "9",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "9",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.padding": "[top=0,left=0,bottom=0,right=0]",
};

/** What a state that is entered first has on its left: a dot, and an arrow from it to the state's title. */
const start = { width: 30, dot: 10, y: 17 } as const;

/** Boxes that stand level stand in the document's order. ELK fails at that where boxes lie in others. */
const documentOrder: LayoutOptions = { "elk.layered.considerModelOrder.strategy": "PREFER_NODES" };

/** The boxes, and those of the arrows that lie between them. `inOrder`: level boxes in the document's order, if none has others inside. */
export async function placed(boxes: readonly Box[], arrows: readonly Arrow[], direction: "DOWN" | "RIGHT", inOrder = false): Promise<Part> {
  if (boxes.length === 0) return { width: 0, height: 0, nodes: [], edges: [] };
  const sealed = await sealedOf(boxes, arrows);
  const flat = boxes.flatMap((box) => flatten(box, null, sealed));
  const order = new Map(flat.map(({ box }, at) => [box.id, at]));
  const known = arrows.filter(({ from, to }) => order.has(from) && order.has(to));
  const dots = new Set(flat.filter(({ box }) => box.kind === "initial").map(({ box }) => box.id));
  const own = known.filter(({ from }) => !dots.has(from));
  const starts = known.filter(({ from }) => dots.has(from));
  const entered = new Set(starts.map(({ to }) => to));
  const states = flat.filter(({ box }) => box.kind !== "initial");
  const manner = inOrder && states.every(({ parent }) => parent === null) ? documentOrder : {};
  const graph: ElkNode = await new ELK.default().layout<ElkNode>(
    { id: "root", children: inside(boxes).map((box) => elkNode(box, sealed, entered)), edges: own.map((arrow) => elkEdge(arrow, order)) },
    { layoutOptions: { ...common, ...manner, "elk.direction": direction } },
  );
  const shapes = new Map(flatNodes(graph).map((node) => [node.id, node]));
  const routes = new Map(flatEdges(graph).map((edge) => [edge.id, edge]));
  const nodes = states.map(({ box, parent }) => nodeOf(box, parent, lookUp(shapes, box.id)));
  const drawn = [...sealed].map(([id, part]) => contentsOf(lookUp(new Map(nodes.map((node) => [node.id, node])), id), part));
  const parents = new Map(flat.map(({ box, parent }) => [box.id, parent]));
  const begun = starts.map((arrow) => startOf(arrow, parents.get(arrow.from) ?? null, lookUp(new Map(nodes.map((node) => [node.id, node])), arrow.to)));
  return {
    width: Math.round(graph.width ?? 0),
    height: Math.round(graph.height ?? 0),
    nodes: [...nodes, ...begun.map(({ node }) => node), ...drawn.flatMap((part) => part.nodes)],
    edges: [...begun.map(({ edge }) => edge), ...own.map((arrow) => edgeOf(arrow, lookUp(routes, arrow.id))), ...drawn.flatMap((part) => part.edges)],
  };
}

/** The insides of parallel states whose regions can be drawn each for itself, by the state's id. */
async function sealedOf(boxes: readonly Box[], arrows: readonly Arrow[]): Promise<ReadonlyMap<string, Part>> {
  const found = new Map<string, Part>();
  for (const box of boxes) {
    if (isSealed(box, arrows)) {
      const regions: Part[] = [];
      for (const region of box.children) regions.push(await placed([region], arrows, "DOWN"));
      found.set(box.id, packed(regions, anatomyOf(box).width - 2 * insideSides));
    } else for (const [id, part] of await sealedOf(box.children, arrows)) found.set(id, part);
  }
  return found;
}

function elkNode(box: Box, sealed: ReadonlyMap<string, Part>, entered: ReadonlySet<string>): ElkNode {
  const { width, height } = anatomyOf(box);
  const labels = entered.has(box.id) ? { labels: [startLabel(box.id)] } : {};
  const part = sealed.get(box.id);
  if (part !== undefined) {
    return { id: box.id, ...labels, width: part.width + 2 * insideSides, height: height + aboveOf(box) + part.height + insideSides };
  }
  if (box.children.length === 0) return { id: box.id, ...labels, width, height };
  const sides = box.kind === "region" ? 8 : insideSides;
  return {
    id: box.id,
    ...labels,
    children: inside(box.children).map((child) => elkNode(child, sealed, entered)),
    layoutOptions: {
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${width}, ${height})`,
      "elk.padding": `[top=${height + aboveOf(box)},left=${sides},bottom=${sides},right=${sides}]`,
    },
  };
}

/** Between a box's head and what is inside. */
function aboveOf({ kind }: Box): number {
  return kind === "parallel" || kind === "region" ? 2 : 8;
}

function inside(boxes: readonly Box[]): Box[] {
  return boxes.filter(({ kind }) => kind !== "initial");
}

/** Keeps the room free that the dot and its arrow need. */
function startLabel(id: string) {
  return { id: `${id} start`, text: " ", width: start.width, height: 2 * start.y, layoutOptions: { "elk.nodeLabels.placement": "[OUTSIDE, H_LEFT, V_TOP, H_PRIORITY]" } };
}

function startOf({ id, from, to }: Arrow, parent: string | null, target: LayoutNode): { readonly node: LayoutNode; readonly edge: LayoutEdge } {
  const { dot, width, y } = start;
  const [left, middle] = [target.x - width, target.y + y];
  const rectangle = { x: left, y: middle - dot / 2, width: dot, height: dot };
  return {
    node: { id: from, kind: "initial", parent, title: "", description: null, ...rectangle, pieces: [] },
    edge: { id, from, to, points: [[left + dot, middle], [target.x, middle]], label: null },
  };
}

/** What is inside a sealed state, where the state stands. */
function contentsOf({ id, x, y, height }: LayoutNode, part: Part): Part {
  const { nodes, edges } = moved(part, x + insideSides, y + height - insideSides - part.height);
  return { ...part, nodes: nodes.map((node) => (node.parent === null ? { ...node, parent: id } : node)), edges };
}

/** What leads on in the document's order leads on in the picture: only arrows back may go against the flow, or in bends. */
function elkEdge({ id, from, to, lines }: Arrow, order: ReadonlyMap<string, number>): ElkExtendedEdge {
  const priority = lookUp(order, from) < lookUp(order, to) ? "10" : "0";
  const edge = {
    id,
    sources: [from],
    targets: [to],
    layoutOptions: { "elk.layered.priority.direction": priority, "elk.layered.priority.straightness": priority },
  };
  const label = labelOf(lines);
  if (label === null) return edge;
  const { width, height } = label;
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
  const label = labelOf(lines);
  return { id, from, to, points, label: label === null ? null : { ...rounded(edge.labels?.[0] ?? {}), lines: label.lines } };
}

function rounded({ x = 0, y = 0, width = 0, height = 0 }: Partial<Rectangle>): Rectangle {
  return { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height) };
}

function flatten(box: Box, parent: string | null, sealed: ReadonlyMap<string, Part>): { readonly box: Box; readonly parent: string | null }[] {
  const children = sealed.has(box.id) ? [] : box.children;
  return [{ box, parent }, ...children.flatMap((child) => flatten(child, box.id, sealed))];
}

function flatNodes(node: ElkNode): ElkNode[] {
  return (node.children ?? []).flatMap((child) => [child, ...flatNodes(child)]);
}

function flatEdges(node: ElkNode): ElkExtendedEdge[] {
  return [...(node.edges ?? []), ...(node.children ?? []).flatMap(flatEdges)];
}

function lookUp<Value>(map: ReadonlyMap<string, Value>, id: string): Value {
  const value = map.get(id);
  if (value === undefined) throw new Error(`the layout lost ${id}`);
  return value;
}
