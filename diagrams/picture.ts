/** The same layout for the inspector's page, which draws it anew with the state of a session: what the page has from the machine is left out. */
import type { Layout, LayoutEdge, LayoutNode } from "./layout.ts";
import { roundedPath } from "./svg.ts";

export function pictureOf({ width, height, nodes, edges, separators }: Layout): string {
  return [
    "// Generated from machines/session.ts by `npm run diagrams`: change the machine, not this picture.",
    'import type { Picture } from "./picture.ts";',
    "",
    "export const sessionPicture: Picture = {",
    `  width: ${width},`,
    `  height: ${height},`,
    ...listOf("nodes", nodes.map(nodeOf)),
    ...listOf("edges", edges.map(edgeOf)),
    ...listOf("separators", separators.map(({ from, to }) => [...from, ...to])),
    "};",
    "",
  ].join("\n");
}

function nodeOf({ id, kind, title, parent, x, y, width, height, pieces }: LayoutNode): object {
  return { id, kind, title, parent, x, y, width, height, pieces };
}

function edgeOf({ id, from, to, points, label }: LayoutEdge): object {
  return { id, from, to, path: roundedPath(points), label };
}

/** One a line, so that a change of the machine is a small change of the file. */
function listOf(name: string, values: readonly unknown[]): string[] {
  return [`  ${name}: [`, ...values.map((value) => `    ${JSON.stringify(value)},`), "  ],"];
}
