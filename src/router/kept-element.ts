/** Elements from the text that the server has kept of them. */
import type { Json, Log } from "../ports.ts";
import type { Element } from "../xml/element.ts";
import { restoreElement } from "../xml/parse-element.ts";

/**
 * The element that is kept for an account, or a room; undefined if it cannot be read, as if there were none: whoever asks is not at fault.
 * Operators are told in the log, once while the owner is in memory. `what` names it among what is kept for it.
 */
export function readKept(log: Log, owner: { readonly bare: string }, what: string, text: Json): Element | undefined {
  try {
    return restoreElement(typeof text === "string" ? text : JSON.stringify(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const known = unreadable.get(owner) ?? new Set();
    unreadable.set(owner, known);
    // Not the error: it shows some of the text, which is the user's.
    if (!known.has(what)) log.error({ jid: owner.bare, what }, `${owner.bare}: ${what}: what is kept cannot be read; it counts as missing`);
    known.add(what);
    return undefined;
  }
}

const unreadable = new WeakMap<object, Set<string>>();
