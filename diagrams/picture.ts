/**
 * The same layout for the inspector's page, which draws it anew with the state of a session. What the page has from the machine, and what
 * follows from the rest, is left out: src/page/chart/unpack.ts puts it in again.
 */
import type { LabelLine } from "./anatomy.ts";
import type { Layout, LayoutEdge, LayoutNode } from "./layout.ts";
import { roundedPath } from "./svg.ts";

export function pictureOf({ width, height, nodes, edges, separators }: Layout): string {
  return [
    "// Generated from machines/session.ts by `npm run diagrams`: change the machine, not this picture.",
    'import type { PackedPicture } from "./unpack.ts";',
    "",
    "export const packedSession: PackedPicture = {",
    `  size: [${width}, ${height}],`,
    ...listOf("nodes", nodes.map(nodeOf)),
    ...listOf("edges", edges.map(edgeOf)),
    ...listOf("separators", separators.map(({ from, to }) => [...from, ...to])),
    "};",
    "",
  ].join("\n");
}

function nodeOf({ id, kind, title, x, y, width, height, pieces }: LayoutNode): readonly unknown[] {
  const pills: unknown[] = [];
  const notes: unknown[][] = [];
  for (const piece of pieces) {
    if (piece.kind === "pill") pills.push([piece.x, piece.width, piece.text]);
    else if (piece.kind === "aside") pills.push([piece.x, 0, piece.text]);
    else if (piece.kind === "heading") notes.push([piece.text, piece.x, piece.y]);
    else if (piece.kind === "line") notes.at(-1)!.push([piece.x, piece.y, ...namesOf(piece.line)]);
  }
  return [id, kind, title === id.slice(id.lastIndexOf(".") + 1) ? "" : title, x, y, width, height, pills, notes];
}

function edgeOf({ from, to, points, label }: LayoutEdge): readonly unknown[] {
  return [from, to, roundedPath(points), label && [label.x, label.y, label.width, label.height, ...label.lines.map(labelLineOf)]];
}

function labelLineOf(line: LabelLine): readonly unknown[] {
  return [line.y, line.broken ? 1 : 0, ...namesOf(line)];
}

/** Without the state that the transitions leave; a name of its own comes first where a line stands for several, or for none. */
function namesOf({ event, transitions }: Pick<LabelLine, "event" | "transitions">): readonly string[] {
  const names = transitions.map((name) => name.slice(name.indexOf("/") + 1));
  return names.length === 1 ? names : [event, ...names];
}

/** One a line, so that a change of the machine is a small change of the file. */
function listOf(name: string, values: readonly unknown[]): string[] {
  return [`  ${name}: [`, ...values.map((value) => `    ${JSON.stringify(value)},`), "  ],"];
}
