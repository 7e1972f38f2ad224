/** How the list is looked at. It stays while people go from view to view. */
import { signal } from "@preact/signals";
import type { Route } from "../model/contract.ts";
import type { Order, Wanted } from "./listing.ts";

export const wanted = signal<Wanted>({ search: "", state: "", tag: "" });
export const order = signal<Order>({ column: "age", descending: false });
/** The session that the keyboard is at. */
export const active = signal<string | undefined>(undefined);
/** Where the way back to the sessions leads: to those that live, or to what was asked of the log. */
export const sessionsPlace = signal<Extract<Route, { readonly view: "sessions" }>>({ view: "sessions" });

export function want(change: Partial<Wanted>): void {
  wanted.value = { ...wanted.value, ...change };
}

/** The list of those that live in one state, and nothing else. */
export function wantOnly(state: string): void {
  wanted.value = { search: "", state, tag: "" };
}
