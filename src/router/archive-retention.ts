/** Keeps archives as long as the operator wants them (XEP-0313 section 3.2): round by round, a few archives at a time. */
import type { KeptMessages } from "../domain/archive-query.ts";
import { archiveRoundMs, archivesLookedAtMax, archiveTrimMax } from "../domain/limits.ts";
import type { Clock, Log } from "../ports.ts";
import { Rhythm } from "../step/rhythm.ts";
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
  readonly #rhythm: Rhythm;
  /** Those of this round that are still to be looked at, in order; and the last one that was read from the store. */
  #waiting: ArchiveOwner[] = [];
  #last: ArchiveOwner | undefined;
  #trimmed = 0;

  constructor(options: ArchiveRetentionOptions<Kept>) {
    this.#options = options;
    const { clock, busy } = options;
    this.#rhythm = new Rhythm({ clock, busy, roundMs: archiveRoundMs, portion: () => this.#portion(), rounded: (failure) => this.#rounded(failure) });
  }

  /** Begins in a minute. Without bounds it does nothing. */
  start(): void {
    const { days, messages } = this.#options;
    if (days > 0 || messages > 0) this.#rhythm.start();
  }

  /** What is under way may still end. */
  stop(): void {
    this.#rhythm.stop();
  }

  #rounded(failure: { readonly error: unknown } | undefined): void {
    const { log } = this.#options;
    if (failure !== undefined) log.warn({ event: "archive.trimmed", err: failure.error }, "archives could not be shortened; it is tried again");
    else if (this.#trimmed > 0) log.info({ event: "archive.trimmed", messages: this.#trimmed }, "archived messages were deleted that are not kept any longer");
    [this.#waiting, this.#last, this.#trimmed] = [[], undefined, 0];
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
    for (let owner = this.#waiting[0]; owner !== undefined && !this.#rhythm.stopped; owner = this.#waiting[0]) {
      const { host, username } = owner;
      const trimmed = (await overdue(source, host, username, kept)).length > 0 ? await this.#trim(owner, kept) : 0;
      this.#trimmed += trimmed;
      if (trimmed < archiveTrimMax) this.#waiting.shift();
      if (trimmed > 0) return true;
    }
    return this.#last !== undefined && !this.#rhythm.stopped;
  }

  /** It may have been deleted meanwhile, or dropped from memory. */
  async #trim({ host, username }: ArchiveOwner, kept: KeptMessages): Promise<number> {
    const owner = await this.#options.load(host, username);
    return owner === undefined || this.#rhythm.stopped ? 0 : this.#options.archive.trim(owner, kept);
  }
}
