/** Accounts as a whole, as their users make, change and remove them in-band. Done is what an operator would have done. */
import { addressKey } from "../domain/addresses.ts";
import { registrationPeriodMs } from "../domain/limits.ts";
import type { Invitation } from "../domain/invitation.ts";
import type { Session } from "../session/environment.ts";

export interface Registrar {
  /** Whether somebody at this address may try to make an account at `at` (ms since 1970); a try that may is counted. */
  admit(address: string, at: number): boolean;
  /**
   * Makes an account; it is durable when this resolves. A name that was somebody's before is `taken`, too: who gets it gets what that
   * one's contacts say. By an invitation, which is used in the same commit, what follows from its use follows; it may have been `used` by another.
   */
  create(bareJid: string, password: string, invitation?: Invitation): Promise<RegistrarFault | undefined>;
  /** Sets another password; sessions that are open go on. */
  setPassword(bareJid: string, password: string): Promise<RegistrarFault | undefined>;
  /** Ends the account and its sessions, `asker` last: `gone` is called when nothing of the account is left, before that. */
  remove(bareJid: string, asker: Session, gone: () => void): Promise<RegistrarFault | undefined>;
}

/** `unusable`: nobody can have such a password here. `busy`: too much of it is asked for at the same time. */
export type RegistrarFault = "taken" | "unknown" | "unusable" | "busy" | "used";

/** Counts the tries of strangers to make accounts: of each address, and of all. */
export class NewcomerCount {
  readonly #limits: { readonly perAddress: number; readonly perHour: number };
  /** When they were, ms since 1970: the oldest first. */
  readonly #tries: { readonly at: number; readonly key: string }[] = [];
  readonly #byAddress = new Map<string, number>();

  readonly #refused: (bound: "perAddress" | "perHour") => void;

  /** `refused`: told by which of them another one is refused. */
  constructor(limits: { readonly perAddress: number; readonly perHour: number }, refused: (bound: "perAddress" | "perHour") => void = () => undefined) {
    this.#limits = limits;
    this.#refused = refused;
  }

  /** Whether there may be another one, which is then counted. */
  admit(address: string, at: number): boolean {
    this.#forget(at - registrationPeriodMs);
    const key = addressKey(address);
    const tries = this.#byAddress.get(key) ?? 0;
    const { perAddress, perHour } = this.#limits;
    if (tries >= perAddress || this.#tries.length >= perHour) {
      this.#refused(tries >= perAddress ? "perAddress" : "perHour");
      return false;
    }
    this.#tries.push({ at, key });
    this.#byAddress.set(key, tries + 1);
    return true;
  }

  #forget(until: number): void {
    const kept = this.#tries.findIndex(({ at }) => at > until);
    for (const { key } of this.#tries.splice(0, kept === -1 ? this.#tries.length : kept)) {
      const left = (this.#byAddress.get(key) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(key);
      else this.#byAddress.set(key, left);
    }
  }
}
