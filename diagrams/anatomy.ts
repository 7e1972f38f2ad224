/** The inside of a box: where its title, its tags and its notes stand, and so how large it has to be. */
import type { Box, Line, Note } from "./plan.ts";
import { boldWidth, lineHeight, monoWidth, plainWidth, sizes } from "./text.ts";

/** Positions are baselines for text, top left corners for pills, and relative to the box's own corner. */
export type Piece =
  | { readonly kind: "title" | "aside" | "region"; readonly x: number; readonly y: number; readonly text: string }
  | { readonly kind: "pill"; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly text: string }
  | { readonly kind: "heading"; readonly x: number; readonly y: number; readonly text: string; readonly of: Note["kind"] }
  | { readonly kind: "line"; readonly x: number; readonly y: number; readonly line: Line; readonly of: Note["kind"] }
  /** A rule across the whole box. */
  | { readonly kind: "rule"; readonly y: number };

export interface Anatomy {
  readonly width: number;
  /** Of the whole box, or of what stands above the states inside it. */
  readonly height: number;
  readonly pieces: readonly Piece[];
}

/** A line on a label: its baseline, relative to the label's corner. */
export interface LabelLine extends Line {
  readonly x: number;
  readonly y: number;
  /** The guard stands in a row of its own, beneath the event and `guardIndent` to the right. */
  readonly broken: boolean;
}

export const guardIndent = 8;

/** Between a state's sides and the states inside it. */
export const insideSides = 14;

const padding = 12;
const pillHeight = 17;
const titleRow = 34;
const regionRow = 26;
/** Notes of a state stand under each other; those of a composite flow in lines of this width. */
const flowWidth = 560;
const initialSize = 10;

/** Longer lines of a label are broken before the guard, so that arrows can stand closer. */
const labelWidthMax = 170;
const labelPadding = 5;

export function anatomyOf(box: Box): Anatomy {
  if (box.kind === "initial") return { width: initialSize, height: initialSize, pieces: [] };
  const head = box.kind === "region" ? regionHead(box) : titleHead(box);
  if (box.notes.length === 0) return head;
  const notes = box.children.length > 0 ? flowing(box.notes, head.height) : stacked(box.notes, head.height);
  return {
    width: Math.max(head.width, notes.width),
    height: notes.height,
    pieces: [...head.pieces, { kind: "rule", y: head.height }, ...notes.pieces],
  };
}

/** `sasl.failed [else]`, and its mark. */
export function lineText(line: Line): string {
  return line.guard === null ? `${line.event}${markText(line)}` : `${line.event} ${guardText(line)}`;
}

function guardText(line: Line): string {
  return `[${line.guard}]${markText(line)}`;
}

function markText({ mark }: Line): string {
  return mark === undefined ? "" : ` ${mark.text}`;
}

/** The label of an arrow. Null where there is nothing to say. */
export function labelOf(lines: readonly Line[]): { readonly width: number; readonly height: number; readonly lines: readonly LabelLine[] } | null {
  if (lines.length === 0) return null;
  const placed: LabelLine[] = [];
  let [width, y] = [0, labelPadding + 9];
  for (const line of lines) {
    const broken = line.guard !== null && lineWidth(line) > labelWidthMax;
    placed.push({ ...line, x: labelPadding, y, broken });
    width = Math.max(width, broken ? Math.max(monoWidth(line.event), guardIndent + monoWidth(guardText(line))) : lineWidth(line));
    y += broken ? 2 * lineHeight - 2 : lineHeight;
  }
  return { width: width + 2 * labelPadding, height: y - lineHeight + labelPadding + 6, lines: placed };
}

function lineWidth(line: Line): number {
  return monoWidth(lineText(line));
}

function titleHead(box: Box): Anatomy {
  const title = boldWidth(box.title, sizes.title);
  const pieces: Piece[] = [{ kind: "title", x: padding, y: 22, text: box.title }];
  let x = padding + title;
  for (const text of box.tags) {
    const width = plainWidth(text, sizes.tag) + 14;
    pieces.push({ kind: "pill", x: x + 8, y: (titleRow - pillHeight) / 2, width, height: pillHeight, text });
    x += width + 8;
  }
  if (box.aside !== null) {
    pieces.push({ kind: "aside", x: x + 8, y: 22, text: box.aside });
    x += plainWidth(box.aside, sizes.heading) + 8;
  }
  return { width: x + padding, height: titleRow, pieces };
}

function regionHead(box: Box): Anatomy {
  const text = box.title;
  return {
    width: boldWidth(text, sizes.heading) + 2 * padding,
    height: regionRow,
    pieces: [{ kind: "region", x: padding, y: 17, text }],
  };
}

function stacked(notes: readonly Note[], top: number): Anatomy {
  const pieces: Piece[] = [];
  let [width, y] = [0, top + 4];
  for (const note of notes) {
    y += lineHeight;
    pieces.push({ kind: "heading", x: padding, y, text: headingText(note), of: note.kind });
    width = Math.max(width, headingWidth(note));
    for (const line of note.lines) {
      y += lineHeight;
      pieces.push({ kind: "line", x: padding + 10, y, line, of: note.kind });
      width = Math.max(width, lineWidth(line) + 10);
    }
    y += 4;
  }
  return { width: width + 2 * padding, height: y + 6, pieces };
}

function flowing(notes: readonly Note[], top: number): Anatomy {
  const indent = padding + 12 + Math.max(...notes.map(headingWidth));
  const pieces: Piece[] = [];
  let [width, y] = [0, top + 4];
  for (const note of notes) {
    y += lineHeight;
    pieces.push({ kind: "heading", x: padding, y, text: headingText(note), of: note.kind });
    let x = indent;
    for (const line of note.lines) {
      if (x > indent && x + lineWidth(line) > flowWidth) [x, y] = [indent, y + lineHeight];
      pieces.push({ kind: "line", x, y, line, of: note.kind });
      x += lineWidth(line) + 14;
      width = Math.max(width, x - 14);
    }
    y += 4;
  }
  return { width: width + padding, height: y + 6, pieces };
}

function headingText({ kind, heading }: Note): string {
  return kind === "to" ? `→ ${heading}` : heading;
}

function headingWidth(note: Note): number {
  return boldWidth(headingText(note), sizes.heading);
}
