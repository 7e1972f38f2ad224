/** A drawn machine: where everything stands, in whole units, and which transitions each line stands for. */

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Outer boxes before those inside them. */
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
  /** Dashed lines between regions: x and y of one end, x and y of the other. */
  readonly separators: readonly (readonly [number, number, number, number])[];
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PictureNode extends Rectangle {
  /** The state's path; `*` for "any state". */
  readonly id: string;
  readonly kind: "state" | "final" | "composite" | "parallel" | "region" | "any" | "initial";
  readonly title: string;
  readonly parent: string | null;
  /** Relative to the box's corner: baselines for texts, corners for pills. */
  readonly pieces: readonly PicturePiece[];
}

export type NoteKind = "to" | "stays" | "ignores" | "does";

export type PicturePiece =
  | { readonly kind: "title" | "aside" | "region"; readonly x: number; readonly y: number; readonly text: string }
  | { readonly kind: "pill"; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly text: string }
  | { readonly kind: "heading"; readonly x: number; readonly y: number; readonly text: string; readonly of: NoteKind }
  | { readonly kind: "line"; readonly x: number; readonly y: number; readonly line: PictureLine; readonly of: NoteKind }
  | { readonly kind: "rule"; readonly y: number };

export interface PictureLine {
  /** An event, an action, or how many events are ignored. */
  readonly event: string;
  readonly guard: string | null;
  /** Names of transitions (`transitionId`). */
  readonly transitions: readonly string[];
}

export interface PictureEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** For the `d` of an SVG path. */
  readonly path: string;
  readonly label: (Rectangle & { readonly lines: readonly (PictureLine & { readonly x: number; readonly y: number; readonly broken: boolean })[] }) | null;
}
