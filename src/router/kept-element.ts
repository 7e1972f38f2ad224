/** Elements from the text that the server has kept of them. */
import type { Account } from "../domain/account.ts";
import type { Json, Log } from "../ports.ts";
import type { Element } from "../xml/element.ts";
import { restoreElement } from "../xml/parse-element.ts";

/**
 * The element that is kept for an account; undefined if it cannot be read, as if there were none: whoever asks is not at fault.
 * Operators are told in the log, once while the account is in memory. `what` names it among what is kept for the account.
 */
export function readKept(log: Log, account: Account, what: string, text: Json): Element | undefined {
  try {
    return restoreElement(typeof text === "string" ? text : JSON.stringify(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const known = unreadable.get(account) ?? new Set();
    unreadable.set(account, known);
    // Not the error: it shows some of the text, which is the user's.
    if (!known.has(what)) log.error({ jid: account.bare, what }, `${account.bare}: ${what}: what is kept cannot be read; it counts as missing`);
    known.add(what);
    return undefined;
  }
}

const unreadable = new WeakMap<Account, Set<string>>();
