/** How the list is looked at. It stays while people go from view to view. */
import { signal } from "@preact/signals";
import type { Order, Wanted } from "./listing.ts";

export const wanted = signal<Wanted>({ search: "", state: "", tag: "" });
export const order = signal<Order>({ column: "age", descending: false });
/** The session that the keyboard is at. */
export const active = signal<string | undefined>(undefined);
/** `live`: those that the server has now; `log`: those that its log knows. */
export const kind = signal<"live" | "log">("live");
/** What is asked of the log. */
export const logText = signal("");

export function want(change: Partial<Wanted>): void {
  wanted.value = { ...wanted.value, ...change };
}

/** The list of those that live in one state, and nothing else. */
export function wantOnly(state: string): void {
  wanted.value = { search: "", state, tag: "" };
  kind.value = "live";
}
