/** Who has been told that addresses of a component are there: they are to be told when the component is gone (RFC 6121 section 4.6.3). */
import { componentPresencesMax } from "../domain/limits.ts";
import type { Jid } from "../domain/jid.ts";

export class Shown {
  /** By who was told, as it was addressed: the full JIDs that it sees. */
  readonly #seen = new Map<string, Set<string>>();
  #size = 0;

  /** Available presence from one address to another. False: there are too many already. `isThere`: whether a bare JID has sessions. */
  add(from: Jid, to: Jid, isThere: (bareJid: string) => boolean): boolean {
    if (this.#seen.get(to.full)?.has(from.full) === true) return true;
    if (this.#size >= componentPresencesMax) this.#prune(isThere);
    if (this.#size >= componentPresencesMax) return false;
    let seen = this.#seen.get(to.full);
    if (seen === undefined) this.#seen.set(to.full, (seen = new Set()));
    seen.add(from.full);
    this.#size += 1;
    return true;
  }

  /** Unavailable presence: to a bare JID it is for all its resources. */
  remove(from: Jid, to: Jid): void {
    if (to.resource === undefined) {
      const prefix = `${to.bare}/`;
      for (const told of this.#seen.keys()) if (told.startsWith(prefix)) this.#remove(from.full, told);
    }
    this.#remove(from.full, to.full);
  }

  /** Who sees them has left. */
  forget(to: Jid): void {
    this.#size -= this.#seen.get(to.full)?.size ?? 0;
    this.#seen.delete(to.full);
  }

  has(from: string, to: string): boolean {
    return this.#seen.get(to)?.has(from) === true;
  }

  /** All, and nobody from then on. */
  take(): readonly { readonly from: string; readonly to: string }[] {
    const all = [...this.#seen].flatMap(([to, seen]) => [...seen].map((from) => ({ from, to })));
    this.#seen.clear();
    this.#size = 0;
    return all;
  }

  #remove(from: string, to: string): void {
    const seen = this.#seen.get(to);
    if (seen?.delete(from) !== true) return;
    this.#size -= 1;
    if (seen.size === 0) this.#seen.delete(to);
  }

  /** Who has left without a word to the component is told of nothing any more. */
  #prune(isThere: (bareJid: string) => boolean): void {
    for (const [to, seen] of this.#seen) {
      const slash = to.indexOf("/");
      if (isThere(slash === -1 ? to : to.slice(0, slash))) continue;
      this.#size -= seen.size;
      this.#seen.delete(to);
    }
  }
}
