/** The picture as the page fetches it: what follows from the rest, or from the machine, is put in again here. */
import type { NoteKind, Picture, PictureEdge, PictureLine, PictureNode, PicturePiece } from "./picture.ts";
import { transitionWords } from "./transitions.ts";

/** `EVENT/PLACE` of the one transition that it stands for; or a name of its own, then those of all transitions, if there are any. */
type Names = readonly string[];
/** A title beside the name (the width is 0), or a pill. */
type PackedPill = readonly [x: number, width: number, text: string];
type PackedNote = readonly [heading: string, x: number, y: number, ...lines: (readonly [x: number, y: number, ...Names])[]];
/** No title: the last part of its path. */
type PackedNode = readonly [
  id: string, kind: PictureNode["kind"], title: string, x: number, y: number, width: number, height: number,
  pills: readonly PackedPill[], notes: readonly PackedNote[],
];
type PackedLabel = readonly [x: number, y: number, width: number, height: number, ...lines: (readonly [y: number, broken: 0 | 1, ...Names])[]];
type PackedEdge = readonly [from: string, to: string, path: string, label: PackedLabel | null];

export interface PackedPicture {
  readonly size: readonly [width: number, height: number];
  readonly nodes: readonly PackedNode[];
  readonly edges: readonly PackedEdge[];
  readonly separators: Picture["separators"];
}

export function unpacked({ size: [width, height], nodes, edges, separators }: PackedPicture): Picture {
  return { width, height, nodes: nodes.map(nodeOf), edges: edges.map(edgeOf), separators };
}

function nodeOf([id, kind, named, x, y, width, height, pills, notes]: PackedNode): PictureNode {
  const dot = id.lastIndexOf(".");
  const isInitial = kind === "initial";
  const title = named === "" && !isInitial ? id.slice(dot + 1) : named;
  const parent = dot === -1 || id.startsWith("*") ? null : id.slice(0, dot);
  const pieces: PicturePiece[] = [];
  if (kind === "region") pieces.push({ kind, x: 12, y: 17, text: title });
  else if (!isInitial) pieces.push({ kind: "title", x: 12, y: 22, text: title });
  for (const [left, wide, text] of pills) {
    pieces.push(wide === 0 ? { kind: "aside", x: left, y: 22, text } : { kind: "pill", x: left, y: 8.5, width: wide, height: 17, text });
  }
  if (notes.length > 0) pieces.push({ kind: "rule", y: 34 });
  for (const [text, left, top, ...lines] of notes) {
    const of = noteKind(text);
    pieces.push({ kind: "heading", x: left, y: top, text, of });
    for (const [lineX, lineY, ...names] of lines) pieces.push({ kind: "line", x: lineX, y: lineY, line: lineOf(id, names), of });
  }
  return { id, kind, title, parent, x, y, width, height, pieces };
}

function noteKind(heading: string): NoteKind {
  if (heading === "stays" || heading === "ignores") return heading;
  return heading.startsWith("→") ? "to" : "does";
}

function edgeOf([from, to, path, packed]: PackedEdge): PictureEdge {
  const id = `${from} > ${to}`;
  if (packed === null) return { id, from, to, path, label: null };
  const [x, y, width, height, ...lines] = packed;
  const placed = lines.map(([top, broken, ...names]) => ({ ...lineOf(from, names), x: 5, y: top, broken: broken === 1 }));
  return { id, from, to, path, label: { x, y, width, height, lines: placed } };
}

function lineOf(from: string, names: Names): PictureLine {
  const [first = "", ...others] = names;
  const [event = "", place] = first.split("/");
  if (place === undefined) return { event, guard: null, transitions: others.map((name) => `${from}/${name}`) };
  const name = `${from}/${first}`;
  return { event, guard: transitionWords(name)?.guard?.name ?? null, transitions: [name] };
}
