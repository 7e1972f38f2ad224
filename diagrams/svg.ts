/**
 * The picture of a layout: one file that is light or dark as its reader is, with a ground of its own and no font but the
 * reader's. Each state carries its path in `data-state`, each arrow its ends, so that a page can light them up.
 */
import type { Piece } from "./anatomy.ts";
import type { Layout, LayoutEdge, LayoutNode, Point } from "./layout.ts";
import type { Line } from "./plan.ts";
import { lineHeight, sizes } from "./text.ts";

export function svgOf(layout: Layout): string {
  const { width, height, machine } = layout;
  const outer = layout.nodes.filter(({ kind }) => isOuter(kind));
  const inner = layout.nodes.filter(({ kind }) => !isOuter(kind));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Statechart of the ${escaped(machine)} machine">`,
    `<style>${style}</style>`,
    `<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse"><path class="tip" d="M0.5 0.5 7.5 4 0.5 7.5Z"/></marker></defs>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    ...outer.map(nodeSvg),
    ...layout.separators.map(({ from, to }) => `<path class="separator" d="M${from.join(" ")}V${to[1]}"/>`),
    ...layout.edges.map(arrowSvg),
    ...inner.map(nodeSvg),
    ...layout.edges.map(labelSvg),
    "</svg>",
    "",
  ].join("\n");
}

const sans = `-apple-system,BlinkMacSystemFont,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif`;
const mono = `ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace`;

const light =
  "--ground:#ffffff;--frame:#d8dee4;--ink:#1f2328;--soft:#59636e;--box:#ffffff;--edge:#8c959f;--arrow:#57606a;" +
  "--inside:#f6f8fa;--label:#eef2f6;--accent:#0550ae;--away:#a40e26;--pill:#ddf4ff;--pillink:#0550ae;--end:#fff5f2;--endedge:#d1867a";
const dark =
  "--ground:#0d1117;--frame:#30363d;--ink:#f0f6fc;--soft:#9198a1;--box:#1b222b;--edge:#6e7781;--arrow:#8b949e;" +
  "--inside:#131920;--label:#252d37;--accent:#79c0ff;--away:#ff9a8d;--pill:#12314f;--pillink:#9bd1ff;--end:#2a1b1b;--endedge:#a8625a";

const style = [
  `svg{${light}}`,
  `@media(prefers-color-scheme:dark){svg{${dark}}}`,
  `text{font:400 ${sizes.mono}px ${mono};fill:var(--ink);white-space:pre}`,
  `.title{font:600 ${sizes.title}px ${sans}}`,
  `.region,.heading{font:600 ${sizes.heading}px ${sans};fill:var(--soft)}`,
  `.aside{font:400 ${sizes.heading}px ${sans};fill:var(--soft)}`,
  `.pill text{font:500 ${sizes.tag}px ${sans};fill:var(--pillink);text-anchor:middle}`,
  `.heading.to{fill:var(--away)}`,
  `.guard,.does,.ignores .event,.ignores .guard{fill:var(--soft)}`,
  `rect{stroke-width:1.25}`,
  `.ground{fill:var(--ground);stroke:var(--frame);stroke-width:1}`,
  `.box{fill:var(--box);stroke:var(--edge)}`,
  `.composite .box,.parallel .box{fill:var(--inside);stroke:var(--edge)}`,
  `.any .box{fill:none;stroke-dasharray:5 4}`,
  `.final .box,.final .ring{fill:var(--end);stroke:var(--endedge)}`,
  `.pill rect{fill:var(--pill);stroke:none}`,
  `.rule{stroke:var(--frame);fill:none}`,
  `.separator{stroke:var(--edge);stroke-dasharray:5 4;fill:none}`,
  `.arrow{stroke:var(--arrow);stroke-width:1.4;fill:none}`,
  `.tip,.dot{fill:var(--arrow)}`,
  `.label rect{fill:var(--label);stroke:none}`,
].join("");

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

function arrowSvg({ from, to, points }: LayoutEdge): string {
  return `<path class="arrow" data-from="${escaped(from)}" data-to="${escaped(to)}" marker-end="url(#tip)" d="${rounded(points)}"/>`;
}

function labelSvg({ label }: LayoutEdge): string {
  if (label === null) return "";
  const lines = label.lines.map((line, at) => {
    const y = label.y + at * lineHeight + 14;
    return `<text x="${label.x + 5}" y="${y}">${lineSvg(line)}</text>`;
  });
  return `<g class="label"><rect x="${label.x}" y="${label.y}" width="${label.width}" height="${label.height}" rx="5"/>${lines.join("")}</g>`;
}

function lineSvg({ event, guard }: Line): string {
  const text = `<tspan class="event">${escaped(event)}</tspan>`;
  return guard === null ? text : `${text}<tspan class="guard"> [${escaped(guard)}]</tspan>`;
}

/** A line through the points whose corners are rounded, as far as the shorter leg allows. */
function rounded(points: readonly Point[]): string {
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

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
