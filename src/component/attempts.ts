/** Wrong secrets, by address and component: whoever guesses has few guesses, and who knows the secret elsewhere is not kept out. */
import { addressKey } from "../domain/addresses.ts";
import { componentAttemptsKeptMax, componentAttemptsMax, componentAttemptsMs } from "../domain/limits.ts";

interface Count {
  failed: number;
  /** When it is forgotten, ms since 1970. */
  readonly until: number;
}

export class Attempts {
  /** The oldest first. */
  readonly #counts = new Map<string, Count>();

  /** Whether nobody there is listened to for now. */
  areTooMany(address: string, domain: string, at: number): boolean {
    const count = this.#counts.get(keyOf(address, domain));
    return count !== undefined && at < count.until && count.failed >= componentAttemptsMax;
  }

  failed(address: string, domain: string, at: number): void {
    const key = keyOf(address, domain);
    const known = this.#counts.get(key);
    if (known !== undefined && at < known.until) {
      known.failed += 1;
      return;
    }
    this.#counts.delete(key);
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined && this.#counts.size >= componentAttemptsKeptMax) this.#counts.delete(oldest);
    this.#counts.set(key, { failed: 1, until: at + componentAttemptsMs });
  }
}

function keyOf(address: string, domain: string): string {
  return `${addressKey(address)} ${domain}`;
}
