/**
 * Regions of parallel states: drawn each for itself, then packed in the document's order, from left to right, and beneath each other where
 * a taller one beside them leaves the room; with dashed lines between them.
 */
import type { LayoutNode, Part, Separator } from "./layout.ts";
import { moved } from "./move.ts";
import type { Arrow, Box } from "./plan.ts";

const between = 14;

/** Whether no arrow leaves a region of this parallel state, or enters one: only then can each be drawn for itself. */
export function isSealed(box: Box, arrows: readonly Arrow[]): boolean {
  if (box.kind !== "parallel") return false;
  const regionOf = (id: string) => box.children.find((region) => id === region.id || id.startsWith(`${region.id}.`))?.id;
  return arrows.every(({ from, to }) => regionOf(from) === regionOf(to) && from !== regionOf(from) && to !== regionOf(to));
}

/** One drawing of all regions, at least `widthMin` wide. Columns share what is left over. */
export function packed(regions: readonly Part[], widthMin: number): Part {
  const columns = columnsOf(regions);
  const widths = columns.map((column) => Math.max(...column.map(({ width }) => width)));
  const needed = sum(widths) + between * (columns.length - 1);
  const spare = Math.max(0, Math.floor((widthMin - needed) / columns.length));
  const parts: Part[] = [];
  let x = 0;
  columns.forEach((column, at) => {
    const width = (widths[at] ?? 0) + spare;
    let y = 0;
    for (const region of column) {
      parts.push(moved(region, x, y));
      y += region.height + between;
    }
    x += width + between;
  });
  return {
    width: Math.max(widthMin, needed),
    height: Math.max(0, ...columns.map(heightOf)),
    nodes: parts.flatMap(({ nodes }) => nodes),
    edges: parts.flatMap(({ edges }) => edges),
  };
}

/** Between columns from below the state's head to its lower edge; between regions of one column across it. */
export function separatorsOf(nodes: readonly LayoutNode[]): Separator[] {
  return nodes.filter(({ kind }) => kind === "parallel").flatMap((parallel) => {
    const regions = nodes.filter(({ kind, parent }) => kind === "region" && parent === parallel.id);
    const top = Math.min(...regions.map(({ y }) => y));
    const lefts = [...new Set(regions.map(({ x }) => x))].toSorted((a, b) => a - b);
    const columns = lefts.map((left) => regions.filter(({ x }) => x === left).toSorted((a, b) => a.y - b.y));
    // Where regions were not packed their columns may overlap: then there is no line that keeps them apart.
    const lines = columns.slice(1).map((column, at) => {
      const right = Math.max(...(columns[at] ?? []).map(({ x, width }) => x + width));
      return { at: Math.round((right + (column[0]?.x ?? 0)) / 2), clear: right <= (column[0]?.x ?? 0) };
    });
    if (lines.some(({ clear }) => !clear)) return [];
    const upright = lines.map(({ at }): Separator => ({ from: [at, top], to: [at, parallel.y + parallel.height] }));
    const level = columns.flatMap((column, at) =>
      column.slice(1).map((lower): Separator => {
        const y = lower.y - between / 2;
        return { from: [lines[at - 1]?.at ?? parallel.x, y], to: [lines[at]?.at ?? parallel.x + parallel.width, y] };
      }),
    );
    return [...upright, ...level];
  });
}

/** A region joins the column before it while that stays no taller than the tallest of all. */
function columnsOf(regions: readonly Part[]): Part[][] {
  const tallest = Math.max(...regions.map(({ height }) => height));
  const columns: Part[][] = [];
  for (const region of regions) {
    const column = columns.at(-1);
    if (column !== undefined && heightOf([...column, region]) <= tallest) column.push(region);
    else columns.push([region]);
  }
  return columns;
}

function heightOf(column: readonly Part[]): number {
  return sum(column.map(({ height }) => height)) + between * (column.length - 1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
