/**
 * Where everything stands, as plain data in whole units: the picture is drawn from it, and so can any page be.
 * The machine's way goes downwards; its ends stand beside the way's upper part where they fit, else beneath it.
 */
import { leftAligned } from "./align.ts";
import { besideOf, beneathOf } from "./arrange.ts";
import type { LabelLine, Piece } from "./anatomy.ts";
import { placed } from "./elk.ts";
import { moved } from "./move.ts";
import type { Box, Plan } from "./plan.ts";
import { separatorsOf } from "./regions.ts";

export interface Layout {
  readonly machine: string;
  readonly width: number;
  readonly height: number;
  /** Outer boxes before those inside them. Absolute positions. */
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly LayoutEdge[];
  /** Dashed lines between the regions of parallel states, level or upright. */
  readonly separators: readonly Separator[];
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Point = readonly [x: number, y: number];

export interface LayoutNode extends Rectangle {
  readonly id: string;
  readonly kind: Box["kind"];
  readonly parent: string | null;
  readonly title: string;
  readonly description: string | null;
  /** Relative to the node's own corner. */
  readonly pieces: readonly Piece[];
}

export interface LayoutEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Legs are level or upright. */
  readonly points: readonly Point[];
  readonly label: (Rectangle & { readonly lines: readonly LabelLine[] }) | null;
}

export interface Separator {
  readonly from: Point;
  readonly to: Point;
}

/** A drawing that does not know yet where it will stand: its upper left corner is 0, 0. */
export type Part = Pick<Layout, "width" | "height" | "nodes" | "edges">;

/** Around the picture. */
const margin = 12;

/** Wider pictures are shrunk in a README (about 830 pixels), and their smallest text would fall under 9 pixels. */
export const widthMax = 1014;

export async function layoutOf(plan: Plan): Promise<Layout> {
  const inside = widthMax - 2 * margin;
  const free = await placed(plan.way, plan.arrows, "DOWN");
  // Where the fewest arrows cross is not always where they need the least room.
  const way = leftAligned(free.width <= inside ? free : await placed(plan.way, plan.arrows, "DOWN", true));
  const whole =
    besideOf(way, await placed(plan.ends, plan.arrows, "DOWN"), inside) ??
    beneathOf(way, await placed(plan.ends, plan.arrows, "RIGHT"));
  const { nodes, edges } = moved(whole, margin, margin);
  return {
    machine: plan.id,
    width: whole.width + 2 * margin,
    height: whole.height + 2 * margin,
    nodes,
    edges,
    separators: separatorsOf(nodes),
  };
}
