/**
 * The picture of a layout, light or dark, with a ground of its own and no font but the reader's. Each state carries its path in `data-state`, each arrow its ends, so that a page can light them up.
 */
import { guardIndent } from "./anatomy.ts";
import type { LabelLine, Piece } from "./anatomy.ts";
import type { Layout, LayoutEdge, LayoutNode, Point } from "./layout.ts";
import { heats } from "./plan.ts";
import type { Line } from "./plan.ts";
import { styleOf } from "./style.ts";
import type { Theme } from "./style.ts";
import { lineHeight } from "./text.ts";

/** `legend`: more of the picture, for which the layout has left room. Lines that are marked have colours then. */
export function svgOf(layout: Layout, theme: Theme, legend?: readonly string[]): string {
  const { width, height, machine } = layout;
  const outer = layout.nodes.filter(({ kind }) => isOuter(kind));
  const inner = layout.nodes.filter(({ kind }) => !isOuter(kind));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" class="chart" role="img" aria-label="Statechart of the ${escaped(machine)} machine">`,
    `<style>${styleOf(theme, legend !== undefined)}</style>`,
    `<defs><marker id="${machine}-tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse"><path class="tip" d="M0.5 0.5 7.5 4 0.5 7.5Z"/></marker></defs>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    ...outer.map(nodeSvg),
    ...layout.separators.map(({ from, to }) => `<path class="separator" d="M${from.join(" ")}L${to.join(" ")}"/>`),
    ...layout.edges.map((edge) => arrowSvg(edge, machine)),
    ...inner.map(nodeSvg),
    ...layout.edges.map(labelSvg),
    ...(legend ?? []),
    "</svg>",
    "",
  ].join("\n");
}

function isOuter(kind: LayoutNode["kind"]): boolean {
  return kind === "composite" || kind === "parallel" || kind === "region";
}

function nodeSvg(node: LayoutNode): string {
  const { id, kind, x, y, width, height, pieces, description } = node;
  if (kind === "initial") return `<circle class="dot" cx="${x + width / 2}" cy="${y + height / 2}" r="${width / 2}"/>`;
  const title = description === null ? "" : `<title>${escaped(description)}</title>`;
  const box = kind === "region" ? "" : `<rect class="box" width="${width}" height="${height}" rx="9"/>`;
  const ring = kind === "final" ? `<rect class="ring" x="3" y="3" width="${width - 6}" height="${height - 6}" rx="6.5"/>` : "";
  const inside = pieces.map((piece) => pieceSvg(piece, width)).join("");
  return `<g class="${kind}" data-state="${escaped(id)}" transform="translate(${x} ${y})">${title}${box}${ring}${inside}</g>`;
}

function pieceSvg(piece: Piece, width: number): string {
  switch (piece.kind) {
    case "title":
    case "aside":
    case "region":
      return `<text class="${piece.kind}" x="${piece.x}" y="${piece.y}">${escaped(piece.text)}</text>`;
    case "pill":
      return (
        `<g class="pill"><rect x="${piece.x}" y="${piece.y}" width="${piece.width}" height="${piece.height}" rx="${piece.height / 2}"/>` +
        `<text x="${piece.x + piece.width / 2}" y="${piece.y + 12.5}">${escaped(piece.text)}</text></g>`
      );
    case "heading":
      return `<text class="heading ${piece.of}" x="${piece.x}" y="${piece.y}">${escaped(piece.text)}</text>`;
    case "line":
      return `<text class="${piece.of}" x="${piece.x}" y="${piece.y}">${lineSvg(piece.line)}</text>`;
    case "rule":
      return `<path class="rule" d="M0 ${piece.y}H${width}"/>`;
  }
}

function arrowSvg({ from, to, points, label }: LayoutEdge, machine: string): string {
  const hottest = Math.max(-1, ...(label?.lines ?? []).flatMap(({ mark }) => (mark === undefined ? [] : heats.indexOf(mark.heat))));
  return `<path class="arrow${hottest === -1 ? "" : ` ${heats[hottest]}`}" data-from="${escaped(from)}" data-to="${escaped(to)}" marker-end="url(#${machine}-tip)" d="${roundedPath(points)}"/>`;
}

function labelSvg({ label }: LayoutEdge): string {
  if (label === null) return "";
  const lines = label.lines.map((line) => `<text x="${label.x + line.x}" y="${label.y + line.y}">${labelLineSvg(line, label.x)}</text>`);
  return `<g class="label"><rect x="${label.x}" y="${label.y}" width="${label.width}" height="${label.height}" rx="5"/>${lines.join("")}</g>`;
}

function labelLineSvg(line: LabelLine, left: number): string {
  const { event, guard, x, broken } = line;
  if (!broken) return lineSvg(line);
  const below = `<tspan class="guard" x="${left + x + guardIndent}" dy="${lineHeight - 2}">[${escaped(guard ?? "")}]</tspan>`;
  return `<tspan class="event">${escaped(event)}</tspan>${below}${markSvg(line)}`;
}

function lineSvg(line: Line): string {
  const text = `<tspan class="event">${escaped(line.event)}</tspan>`;
  return `${text}${line.guard === null ? "" : `<tspan class="guard"> [${escaped(line.guard)}]</tspan>`}${markSvg(line)}`;
}

function markSvg({ mark }: Line): string {
  return mark === undefined ? "" : `<tspan class="mark ${mark.heat}"> ${escaped(mark.text)}</tspan>`;
}

/** A line through the points whose corners are rounded, as far as the shorter leg allows. */
export function roundedPath(points: readonly Point[]): string {
  const [start, ...rest] = points;
  if (start === undefined) return "";
  let path = `M${start.join(" ")}`;
  rest.forEach((corner, at) => {
    const before = points[at] ?? corner;
    const after = rest[at + 1];
    if (after === undefined) {
      path += `L${corner.join(" ")}`;
      return;
    }
    const radius = Math.min(7, distance(before, corner) / 2, distance(corner, after) / 2);
    path += `L${towards(corner, before, radius).join(" ")}Q${corner.join(" ")} ${towards(corner, after, radius).join(" ")}`;
  });
  return path;
}

function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.abs(ax - bx) + Math.abs(ay - by);
}

/** From `corner`, `by` units along the leg to `other`; legs are level or upright. */
function towards([x, y]: Point, [otherX, otherY]: Point, by: number): Point {
  return [x + Math.sign(otherX - x) * by, y + Math.sign(otherY - y) * by];
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
