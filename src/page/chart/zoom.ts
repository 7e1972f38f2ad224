/** How large the picture is drawn, and what of it is in sight. */
import type { Box } from "./lighting.ts";

export const scaleMin = 0.2;
export const scaleMax = 3;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** "width": as wide as there is room, but so that it can be read; "whole": all of it in sight; a number: so large. */
export type Zoom = "width" | "whole" | number;

/** Where it is wider than its room anyway. Under this its smallest text cannot be read without effort. */
const readableMin = 0.7;
/** A little less is better than to scroll aside. */
const fittingMin = 0.64;
const comfortableMax = 1.15;
const step = 1.2;

export function scaleOf(zoom: Zoom, room: Size, picture: Size): number {
  const fitting = room.width / picture.width;
  if (zoom === "width") return fitting < fittingMin ? readableMin : Math.min(fitting, comfortableMax);
  return bounded(zoom === "whole" ? Math.min(fitting, room.height / picture.height) : zoom, scaleMin, scaleMax);
}

export function zoomed(scale: number, direction: 1 | -1): number {
  return bounded(direction === 1 ? scale * step : scale / step, scaleMin, scaleMax);
}

/** From where to look, in pixels, so that the point at `x`, `y` of the view stays under the pointer when the scale changes. */
export function anchored(scroll: number, at: number, before: number, after: number): number {
  return ((scroll + at) / before) * after - at;
}

/** From where to look along one axis so that the box is in sight, from the very start if that will do; null if it is in sight. */
export function sightOf(from: number, size: number, scroll: number, room: number): number | null {
  const margin = Math.min(24, Math.max(0, (room - size) / 2));
  if (from - margin >= scroll && from + size + margin <= scroll + room) return null;
  if (from + size + margin <= room) return 0;
  return Math.max(0, size > room ? from - 8 : from + size / 2 - room / 2);
}

export function scaledBox({ x, y, width, height }: Box, scale: number): Box {
  return { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
}

function bounded(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
