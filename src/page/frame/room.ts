/** How much room there is. */
import { signal, type ReadonlySignal } from "@preact/signals";
import { remembered } from "./remembered.ts";

/** A list beside the session. */
export const wide: ReadonlySignal<boolean> = matching("(min-width: 1000px)");
/** A list, the statechart and a timeline, side by side. */
export const roomy: ReadonlySignal<boolean> = matching("(min-width: 1180px)");
/** A table with all its columns. */
export const tabular: ReadonlySignal<boolean> = matching("(min-width: 860px)");
/** Whether the list beside the session is wanted. */
export const sideList = remembered("list", ["shown", "hidden"]);

function matching(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const matches = signal(list.matches);
  list.addEventListener("change", () => (matches.value = list.matches));
  return matches;
}
