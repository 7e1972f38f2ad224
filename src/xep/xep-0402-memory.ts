/** What is in memory of a user's bookmarks beside the account itself, as long as that is: so that a change of one place can be one of all, at once. */
import type { Account } from "../domain/account.ts";
import type { House } from "../router/extension.ts";
import type { Step } from "../step/batch.ts";
import type { Items, List } from "./xep-0402-shelf.ts";

/** All of it that is not in memory with the account anyway. */
export interface Shelf {
  readonly list: List;
  readonly items: Items;
  /** What else is in the list's namespace of private XML, as texts. */
  readonly beside: readonly string[];
  /** In how many namespaces there is private XML, and whether the list's is among them. */
  readonly namespaces: number;
  readonly isPrivate: boolean;
}

/** A change of bookmarks, and where it happens. */
export interface Change {
  readonly step: Step;
  readonly account: Account;
  readonly house: House;
}

/** What is known of the bookmarks of one account. */
interface Known {
  /** undefined: it is being read. */
  shelf?: Shelf;
  reading?: Promise<void>;
  /** What is being read has changed meanwhile. */
  isStale: boolean;
  /** Changes are our own. */
  isWriting: boolean;
}

/** What is being read, by who reads it. */
export interface Reading {
  /** From now on it is told if what is read changes. */
  begin(): void;
  /** Whether that has happened. */
  readonly isStale: boolean;
  /** Whether it is still this reading that counts; the step takes back what it puts there if it fails. */
  put(step: Step, shelf: Shelf): boolean;
}

const known = new WeakMap<Account, Known>();

/** Whatever is sent to the account waits until all is in memory; `read` puts it there. Nothing happens where it is there already. */
export function hold(house: House, account: Account, read: (reading: Reading) => Promise<void>): void {
  const found = known.get(account);
  if (found?.shelf !== undefined) return;
  const fresh: Known = { isStale: false, isWriting: false };
  if (found === undefined) known.set(account, fresh);
  const { bare } = account;
  const reading = found?.reading ?? (fresh.reading = read(readingOf(account, fresh)).catch((error: unknown) => {
    house.log.error({ err: error, jid: bare }, `${bare}: bookmarks: they cannot be read; what is in one form is not in the others until they can`);
  }).finally(() => {
    if (fresh.shelf === undefined && known.get(account) === fresh) known.delete(account);
  }));
  house.hold(account, reading);
}

function readingOf(account: Account, found: Known): Reading {
  return {
    begin: () => void (found.isStale = false),
    get isStale() {
      return found.isStale;
    },
    put(step, shelf) {
      if (known.get(account) !== found) return false;
      step.ifDiscarded(() => known.delete(account));
      found.shelf = shelf;
      return true;
    },
  };
}

/** As it is now; undefined where it is not in memory. */
export function shelfOf(account: Account): Shelf | undefined {
  return known.get(account)?.shelf;
}

/** What somebody else's change changes; undefined where that is not in memory, or the change is our own. */
export function shelfFor(step: Step, account: Account): Shelf | undefined {
  const found = known.get(account);
  if (found?.shelf !== undefined) {
    if (found.isWriting) return undefined;
    // What the step did is taken back, and this would be ahead of it.
    step.ifDiscarded(() => known.delete(account));
    return found.shelf;
  }
  if (found !== undefined) found.isStale = true;
  return undefined;
}

export function replace(account: Account, shelf: Shelf): void {
  const found = known.get(account);
  if (found !== undefined) found.shelf = shelf;
}

/** What `work` changes is our own. */
export function writing(account: Account, work: () => void): void {
  const found = known.get(account);
  if (found === undefined) return;
  found.isWriting = true;
  try {
    work();
  } finally {
    found.isWriting = false;
  }
}
