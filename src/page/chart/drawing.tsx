/** The picture as SVG, with the light of a moment on it. */
import { useMemo } from "preact/hooks";
import { lineKey, stateKey, type ItemKey } from "./items.ts";
import { isTaken, type Lighting } from "./lighting.ts";
import type { Picture, PictureEdge, PictureLine, PictureNode, PicturePiece } from "./picture.ts";
import { transitionWords } from "./transitions.ts";

export interface Look {
  readonly picture: Picture;
  readonly lighting: Lighting;
  /** Whether what is new glows for a moment. */
  readonly glows: boolean;
  /** The one item that the keyboard reaches by Tab. */
  readonly current: ItemKey;
  /** Whether lines do something when they are chosen. */
  readonly choosable: boolean;
}

/** Of the fonts that the picture was measured with. */
const mono = { em: 6.66, ascent: 11, height: 15 } as const;
/** As diagrams/anatomy.ts has it. */
const guardIndent = 8;

export function Drawing({ look, scale }: { readonly look: Look; readonly scale: number }) {
  const { width, height, nodes, edges, separators } = look.picture;
  const outer = nodes.filter(({ kind }) => kind === "composite" || kind === "parallel" || kind === "region");
  const inner = nodes.filter((node) => !outer.includes(node));
  return (
    <svg class="chart-svg" width={width * scale} height={height * scale} viewBox={`0 0 ${width} ${height}`} role="presentation">
      <defs><Tip id="chart-tip" /><Tip id="chart-tip-taken" /></defs>
      {outer.map((node) => <State key={node.id} node={node} look={look} />)}
      {separators.map(([x, y, toX, toY]) => <path key={`${x} ${y}`} class="chart-separator" d={`M${x} ${y}L${toX} ${toY}`} />)}
      {edges.map((edge) => <Arrow key={edge.id} edge={edge} look={look} />)}
      {inner.map((node) => <State key={node.id} node={node} look={look} />)}
      {edges.map((edge) => <Label key={edge.id} edge={edge} look={look} />)}
    </svg>
  );
}

function Tip({ id }: { readonly id: string }) {
  return (
    <marker id={id} viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="9" markerHeight="9" orient="auto" markerUnits="userSpaceOnUse">
      <path d="M0.5 0.5 7.5 4 0.5 7.5Z" />
    </marker>
  );
}

function State({ node, look }: { readonly node: PictureNode; readonly look: Look }) {
  const light = lightOf(node.id, look.lighting);
  const lines = node.pieces.flatMap((piece) => (piece.kind === "line" ? [piece.line] : []));
  const looks = `${light} ${glowOf(look, look.lighting.entered.has(node.id))} ${linesLook(lines, look)} ${look.current === stateKey(node.id)}`;
  return useMemo(() => <Box node={node} light={light} look={look} />, [looks, look.choosable]);
}

/** What of the look matters to these lines: where it is the same, they are not drawn again. */
function linesLook(lines: readonly PictureLine[], look: Look): string {
  const taken = lines.filter((line) => isTaken(line, look.lighting)).map(lineKey);
  const current = lines.some((line) => lineKey(line) === look.current) ? look.current : "";
  return `${taken.join(" ")} ${glowOf(look, taken.length > 0)} ${current}`;
}

function glowOf({ glows, lighting: { index } }: Look, isNew: boolean): number | null {
  return glows && isNew ? index : null;
}

function lightOf(id: string, { leaves, around }: Lighting): string {
  if (leaves.has(id)) return "chart-lit";
  return around.has(id) ? "chart-around" : "";
}

function Box({ node, light, look }: { readonly node: PictureNode; readonly light: string; readonly look: Look }) {
  const { id, kind, x, y, width, height, pieces } = node;
  if (kind === "initial") return <circle class="chart-dot" cx={x + width / 2} cy={y + height / 2} r={width / 2} />;
  const { entered, index } = look.lighting;
  const head = Math.min(height, pieces.find((piece) => piece.kind === "rule")?.y ?? 34);
  const key = stateKey(id);
  return (
    <g class={`chart-state chart-${kind} ${light}`} transform={`translate(${x} ${y})`}>
      {look.glows && entered.has(id) && <rect key={index} class="chart-glow" width={width} height={height} rx="9" />}
      {kind !== "region" && <rect class="chart-box" width={width} height={height} rx="9" />}
      {kind === "final" && <rect class="chart-ring" x="3" y="3" width={width - 6} height={height - 6} rx="6.5" />}
      <g class="chart-item chart-head" {...reachable(key, look)} role="img" aria-label={stateLabel(node, light)}>
        <rect class="chart-hit" x="2" y="2" width={width - 4} height={head - 4} rx="7" />
        {pieces.map((piece, at) => (isOfHead(piece) ? <HeadPiece key={at} piece={piece} /> : null))}
      </g>
      {pieces.map((piece, at) => (isOfHead(piece) ? null : <BodyPiece key={at} piece={piece} width={width} look={look} />))}
    </g>
  );
}

function isOfHead({ kind }: PicturePiece): boolean {
  return kind === "title" || kind === "aside" || kind === "region" || kind === "pill";
}

function HeadPiece({ piece }: { readonly piece: PicturePiece }) {
  if (piece.kind === "title" || piece.kind === "aside" || piece.kind === "region") {
    return <text class={`chart-${piece.kind}`} x={piece.x} y={piece.y}>{piece.text}</text>;
  }
  if (piece.kind !== "pill") return null;
  const { x, y, width, height, text } = piece;
  return (
    <g class="chart-pill">
      <rect x={x} y={y} width={width} height={height} rx={height / 2} />
      <text x={x + width / 2} y={y + 12.5}>{text}</text>
    </g>
  );
}

function BodyPiece({ piece, width, look }: { readonly piece: PicturePiece; readonly width: number; readonly look: Look }) {
  if (piece.kind === "rule") return <path class="chart-rule" d={`M0 ${piece.y}H${width}`} />;
  if (piece.kind === "heading") return <text class={`chart-heading chart-of-${piece.of}`} x={piece.x} y={piece.y}>{piece.text}</text>;
  if (piece.kind !== "line") return null;
  return <Line line={piece.line} x={piece.x} y={piece.y} broken={false} of={`chart-of-${piece.of}`} look={look} />;
}

function Arrow({ edge, look }: { readonly edge: PictureEdge; readonly look: Look }) {
  const taken = edge.label?.lines.some((line) => isTaken(line, look.lighting)) ?? false;
  return (
    <>
      {taken && look.glows && <path key={look.lighting.index} class="chart-glow" d={edge.path} />}
      <path class={taken ? "chart-arrow chart-taken" : "chart-arrow"} marker-end={`url(#${taken ? "chart-tip-taken" : "chart-tip"})`} d={edge.path} />
    </>
  );
}

function Label({ edge: { label }, look }: { readonly edge: PictureEdge; readonly look: Look }) {
  const looks = linesLook(label?.lines ?? [], look);
  return useMemo(() => (label === null ? null : <Plate label={label} look={look} />), [looks, look.choosable]);
}

function Plate({ label, look }: { readonly label: NonNullable<PictureEdge["label"]>; readonly look: Look }) {
  const taken = label.lines.some((line) => isTaken(line, look.lighting));
  return (
    <g class={taken ? "chart-label chart-taken" : "chart-label"} transform={`translate(${label.x} ${label.y})`}>
      <rect class="chart-plate" width={label.width} height={label.height} rx="5" />
      {label.lines.map((line) => <Line key={line.transitions[0]} line={line} x={line.x} y={line.y} broken={line.broken} of="" look={look} />)}
    </g>
  );
}

interface LineProperties {
  readonly line: PictureLine;
  readonly x: number;
  readonly y: number;
  readonly broken: boolean;
  readonly of: string;
  readonly look: Look;
}

function Line({ line, x, y, broken, of, look }: LineProperties) {
  const { event, guard } = line;
  const words = (
    <text x={x} y={y}>
      {event}
      {guard !== null && <tspan class="chart-guard" {...(broken ? { x: x + guardIndent, dy: mono.height - 2 } : {})}>{`${broken ? "" : " "}[${guard}]`}</tspan>}
    </text>
  );
  const key = lineKey(line);
  if (key === null) return <g class={`chart-line ${of}`}>{words}</g>;
  const taken = isTaken(line, look.lighting);
  const guardChars = guard === null ? 0 : guard.length + 2;
  const chars = broken ? Math.max(event.length, guardChars + 1) : event.length + (guard === null ? 0 : guardChars + 1);
  const area = { x: x - 4, y: y - mono.ascent, width: chars * mono.em + 8, height: mono.height * (broken ? 2 : 1) - (broken ? 2 : 0), rx: 4 };
  return (
    <g class={`chart-item chart-line ${of} ${taken ? "chart-taken" : ""}`} {...reachable(key, look)} role={look.choosable ? "button" : "img"} aria-label={lineLabel(line, taken)}>
      <rect class="chart-hit" {...area} />
      {taken && look.glows && <rect key={look.lighting.index} class="chart-glow" {...area} />}
      {words}
    </g>
  );
}

function reachable(key: ItemKey, { current }: Look) {
  // In SVG names of attributes have no capitals to lose.
  return { "data-item": key, tabindex: key === current ? 0 : -1, ...(key === current ? { "aria-describedby": "chart-card" } : {}) };
}

function stateLabel({ id, title }: PictureNode, light: string): string {
  const name = id === "*" ? title : `state ${id}`;
  return light === "" ? name : `${name}, active`;
}

function lineLabel({ event, transitions }: PictureLine, taken: boolean): string {
  const [only] = transitions;
  const words = only === undefined || transitions.length > 1 ? undefined : transitionWords(only);
  const parts = words === undefined
    ? [`ignores ${event}`]
    : [event, ...(words.guard === null ? [] : [`guard ${words.guard.name}`]), words.to === null ? "stays" : `to ${words.to}`];
  return [...parts, ...(taken ? ["just taken"] : [])].join(", ");
}
