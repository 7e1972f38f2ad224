/**
 * A disk in memory, with one database on it: what is acknowledged stays, whatever becomes of those who have it open. Commits take their
 * time, and go wrong when they are told to. It is opened, answers and fails in the order that the store in a file does (`log/sqlite/`).
 */
import { StoreFailedError, StoreLockedError, StoreOpenError } from "../../log/errors.ts";
import { createMemoryStore } from "../../log/memory-store.ts";
import type { Projection } from "../../log/projection.ts";
import { projections as ownProjections } from "../../log/projections/index.ts";
import type { Append, Store } from "../../ports.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { VirtualStore } from "./virtual-store.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface VirtualDiskOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  /** Milliseconds that a commit takes. */
  readonly commitMs: readonly [least: number, most: number];
  /** Default: those of the server. */
  readonly projections?: readonly Projection[];
}

/** Of a commit that fails: it is not on the disk, or it is there all the same (a sync that failed after the write). */
export type CommitFailure = "lost" | "kept";

export interface FailureOptions {
  /** So many, from the next one on. Default: all, until `mend`. */
  readonly commits?: number;
  /** So many attempts to open it, from the next one on. Default: 0. */
  readonly opens?: number;
}

/** One append or several, which are done together or not at all. */
export type Member = readonly Append[];
export type MemberOutcome = { readonly position: number; readonly version: number } | { readonly refused: Error };

interface Holder {
  store: VirtualStore | undefined;
  isDead: boolean;
}

/** How often what is read takes longer, and how long then. */
const slowReadChance = 0.2;
const slowReadMs = [1, 5] as const;
const openMs = [1, 20] as const;
const file = "the virtual disk";

export class VirtualDisk {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #commitMs: readonly [number, number];
  readonly #content: Store;
  #commits = 0;
  #failures = 0;
  #failing: { readonly how: CommitFailure; left: number } | undefined;
  #opensFailing = 0;
  #nextCommitMs: number | undefined;
  #slowUntil = -Infinity;
  /** Who has it open, or is about to. */
  #holder: Holder | undefined;

  constructor({ time, random, commitMs, projections = ownProjections }: VirtualDiskOptions) {
    this.#content = createMemoryStore(projections);
    this.#time = time;
    this.#random = random;
    this.#commitMs = commitMs;
  }

  /** Commits that are on the disk. */
  get commits(): number {
    return this.#commits;
  }

  /** Commits and attempts to open it that have failed, as it was told. */
  get failures(): number {
    return this.#failures;
  }

  /** It was told to be slow, and the commit has not begun or is not done. */
  get isSlow(): boolean {
    return this.#nextCommitMs !== undefined || this.#slowUntil > this.#time.now();
  }

  /** What is on the disk now. It answers at once; what is written to it is there at once, too. */
  get store(): Store {
    return this.#content;
  }

  /** Whether a commit is under way: a crash now leaves it to chance. */
  get isCommitting(): boolean {
    return this.#holder?.store?.isCommitting ?? false;
  }

  /**
   * Rejects with StoreLockedError while another has it open, and with StoreOpenError if it was told to. `onFatal` is told once, with a
   * StoreFailedError, when a commit has failed and the disk can be opened again.
   */
  async open(onFatal: (error: Error) => void): Promise<Store> {
    if (this.#holder !== undefined) throw new StoreLockedError(file);
    const holder: Holder = (this.#holder = { store: undefined, isDead: false });
    const letGo = (): void => {
      if (this.#holder === holder) this.#holder = undefined;
    };
    await this.#pass(openMs, holder);
    if (this.#opensFailing > 0) {
      this.#opensFailing -= 1;
      this.#failures += 1;
      letGo();
      throw new StoreOpenError("failed", file, `${file}: it was told not to open; mend it`);
    }
    holder.store = new VirtualStore({
      time: this.#time,
      content: this.#content,
      readMs: () => (this.#random.chance(slowReadChance) ? this.#random.whole(...slowReadMs) : 0),
      commitMs: () => this.#takeCommitMs(),
      commit: (group) => this.#commit(group),
      letGo,
      onFatal,
    });
    return holder.store;
  }

  /**
   * The process of whoever has it open dies: a commit under way is on the disk or not, everything acknowledged stays, and what was open
   * never answers again.
   */
  crash(): void {
    const holder = this.#holder;
    if (holder === undefined) return;
    this.#holder = undefined;
    holder.isDead = true;
    const underWay = holder.store?.die();
    if (underWay !== undefined && this.#random.chance(0.5)) void this.#write(underWay);
  }

  fail(how: CommitFailure, { commits = Infinity, opens = 0 }: FailureOptions = {}): void {
    this.#failing = commits > 0 ? { how, left: commits } : undefined;
    this.#opensFailing = opens;
  }

  /** Nothing fails any more of what has not yet. */
  mend(): void {
    this.#failing = undefined;
    this.#opensFailing = 0;
    this.#nextCommitMs = undefined;
  }

  /** The next commit takes so long. */
  slow(ms: number): void {
    this.#nextCommitMs = ms;
  }

  #takeCommitMs(): number {
    const told = this.#nextCommitMs;
    this.#nextCommitMs = undefined;
    if (told !== undefined) this.#slowUntil = this.#time.now() + told;
    return told ?? this.#random.whole(...this.#commitMs);
  }

  /** One transaction. Throws if it fails. */
  #commit(group: readonly Member[]): Promise<readonly MemberOutcome[]> {
    const failing = this.#failing;
    if (failing === undefined) return this.#write(group);
    failing.left -= 1;
    this.#failures += 1;
    if (failing.left <= 0) this.#failing = undefined;
    if (failing.how === "kept") void this.#write(group);
    throw new StoreFailedError("the store failed and must be opened again: the disk was told to fail");
  }

  /** On the disk when it returns. A member that conflicts is undone and reported alone. */
  async #write(group: readonly Member[]): Promise<readonly MemberOutcome[]> {
    this.#commits += 1;
    const answers = group.map((member) => this.#writeMember(member));
    return Promise.all(answers.map((answer) => answer.catch((error: unknown) => ({ refused: error as Error }))));
  }

  async #writeMember(member: Member): Promise<MemberOutcome> {
    const [first, second] = member;
    if (first !== undefined && second === undefined) return this.#content.append(first.stream, first.expectedVersion, first.facts);
    return { ...await this.#content.appendMany(member), version: 0 };
  }

  async #pass(ms: readonly [least: number, most: number], holder: { readonly isDead: boolean }): Promise<void> {
    await new Promise<void>((resolve) => this.#time.at(this.#time.now() + this.#random.whole(...ms), () => (holder.isDead ? undefined : resolve())));
  }
}
