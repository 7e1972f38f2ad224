/**
 * Keeps archives as long as the operator wants them (XEP-0313 section 3.2): round by round, a few archives at a time, and it rests much
 * longer than it works, so that nobody's commit waits for it.
 */
import type { KeptMessages } from "../domain/archive-query.ts";
import { archiveRoundMs, archivesLookedAtMax, archiveTrimMax, retentionBusyMs, retentionFirstMs, retentionRestMin } from "../domain/limits.ts";
import type { Clock, Log, Timer } from "../ports.ts";
import { overdue, type ArchiveOwner, type ArchiveSource } from "./archive-pages.ts";

/** `Kept`: what has an archive, an account or a room. */
export interface ArchiveRetentionOptions<Kept> {
  readonly clock: Clock;
  readonly log: Log;
  readonly source: ArchiveSource;
  /** As `Archive.trim` of an account. */
  readonly archive: { trim(owner: Kept, kept: KeptMessages): Promise<number> };
  /** Those who have one in their order, those after `after`. */
  readonly owners: (after: ArchiveOwner | undefined, limit: number) => Promise<readonly ArchiveOwner[]>;
  readonly load: (host: string, username: string) => Promise<Kept | undefined>;
  /** Days since it was archived that a message is kept, and messages of one archive. 0: without end. */
  readonly days: number;
  readonly messages: number;
  /** Whether the store has more to do than it can: then this waits. */
  readonly busy: () => boolean;
}

const dayMs = 86_400_000;

export class ArchiveRetention<Kept> {
  readonly #options: ArchiveRetentionOptions<Kept>;
  #timer: Timer | undefined;
  #stopped = false;
  /** Those of this round that are still to be looked at, in order; and the last one that was read from the store. */
  #waiting: ArchiveOwner[] = [];
  #last: ArchiveOwner | undefined;
  #trimmed = 0;

  constructor(options: ArchiveRetentionOptions<Kept>) {
    this.#options = options;
  }

  /** Begins in a minute. Without bounds it does nothing. */
  start(): void {
    const { days, messages } = this.#options;
    if (days > 0 || messages > 0) this.#after(retentionFirstMs);
  }

  /** What is under way may still end. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #after(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    this.#timer = clock.at(clock.now() + ms, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const { clock, log, busy } = this.#options;
    if (busy()) return this.#after(retentionBusyMs);
    const began = clock.now();
    try {
      const more = await this.#portion();
      if (more) return this.#after(Math.max(retentionRestMin, 9 * (clock.now() - began)));
      if (this.#trimmed > 0) log.info({ event: "archive.trimmed", messages: this.#trimmed }, "archived messages were deleted that are not kept any longer");
    } catch (error) {
      // A store that failed is its owner's matter; whatever else it is, it must not end the server.
      if (!this.#stopped) log.warn({ event: "archive.trimmed", err: error }, "archives could not be shortened; it is tried again");
    }
    [this.#waiting, this.#last, this.#trimmed] = [[], undefined, 0];
    this.#after(archiveRoundMs);
  }

  /** Deletes of one archive at most. Returns whether there is more to do in this round. */
  async #portion(): Promise<boolean> {
    const { owners, clock, days, messages, source } = this.#options;
    if (this.#waiting.length === 0) {
      this.#waiting = [...(await owners(this.#last, archivesLookedAtMax))];
      this.#last = this.#waiting.at(-1);
    }
    const kept: KeptMessages = {
      ...(days > 0 && { since: clock.now() - days * dayMs }),
      ...(messages > 0 && { newest: messages }),
    };
    for (let owner = this.#waiting[0]; owner !== undefined && !this.#stopped; owner = this.#waiting[0]) {
      const { host, username } = owner;
      const trimmed = (await overdue(source, host, username, kept)).length > 0 ? await this.#trim(owner, kept) : 0;
      this.#trimmed += trimmed;
      if (trimmed < archiveTrimMax) this.#waiting.shift();
      if (trimmed > 0) return true;
    }
    return this.#last !== undefined && !this.#stopped;
  }

  /** It may have been deleted meanwhile, or dropped from memory. */
  async #trim({ host, username }: ArchiveOwner, kept: KeptMessages): Promise<number> {
    const owner = await this.#options.load(host, username);
    return owner === undefined || this.#stopped ? 0 : this.#options.archive.trim(owner, kept);
  }
}
