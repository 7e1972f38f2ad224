/** A view of the virtual disk, from its opening to its end: one queue, as that of the thread behind the store in a file. */
import { StoreClosedError, type StoreFailedError } from "../../log/errors.ts";
import { checkContentsPage, checkKeys, checkPage, checkQuery, toRows } from "../../log/rows.ts";
import { Subscriptions } from "../../log/subscriptions.ts";
import type { Append, Content, Fact, Json, LogStats, ProjectionQuery, ProjectionRow, Store, StoredFact } from "../../ports.ts";
import type { Member, MemberOutcome } from "./virtual-disk.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface VirtualStoreOptions {
  readonly time: VirtualTime;
  readonly content: Store;
  /** Milliseconds that the next read takes, and the next commit. */
  readonly readMs: () => number;
  readonly commitMs: () => number;
  /** On the disk when it returns. Throws if the disk fails. */
  readonly commit: (group: readonly Member[]) => Promise<readonly MemberOutcome[]>;
  /** The disk is free to be opened again. */
  readonly letGo: () => void;
  readonly onFatal: (error: Error) => void;
}

interface Waiting {
  readonly member: Member;
  readonly resolve: (outcome: Exclude<MemberOutcome, { refused: Error }>) => void;
  readonly reject: (error: Error) => void;
}

interface Work {
  readonly ms: () => number;
  readonly run: () => Promise<void>;
  /** What is written, if it is a commit. */
  readonly group?: readonly Waiting[];
}

export class VirtualStore implements Store {
  readonly #options: VirtualStoreOptions;
  readonly #subscriptions = new Subscriptions((after, limit) => this.readAll(after, limit));
  /** The first one is under way. */
  #queue: Work[] = [];
  /** The next transaction. */
  #waiting: Waiting[] = [];
  #isCommitting = false;
  #rejects = new Set<(error: Error) => void>();
  #failure: StoreFailedError | undefined;
  #closed: Promise<void> | undefined;
  #drained: (() => void)[] = [];
  /** After a failure: resolves when the disk is free. */
  #letGone: Promise<void> | undefined;
  #dead = false;

  constructor(options: VirtualStoreOptions) {
    this.#options = options;
  }

  /** A commit is under way. */
  get isCommitting(): boolean {
    return this.#queue[0]?.group !== undefined;
  }

  /** From now on nothing is answered. Returns the commit under way. */
  die(): readonly Member[] | undefined {
    const group = this.#queue[0]?.group?.map(({ member }) => member);
    this.#dead = true;
    this.#queue = [];
    this.#waiting = [];
    this.#subscriptions.end();
    return group;
  }

  async append(stream: string, expectedVersion: number | "any", facts: readonly Fact[]): Promise<{ version: number; position: number }> {
    const { version, position } = await this.#add([{ stream, expectedVersion, facts }]);
    return { version, position };
  }

  async appendMany(batch: readonly Append[]): Promise<{ position: number }> {
    const { position } = await this.#add(batch);
    return { position };
  }

  async read(stream: string, after: number, limit: number): Promise<readonly StoredFact[]> {
    this.#mustBeOpen();
    checkPage(after, limit);
    return this.#ask(() => this.#options.content.read(stream, after, limit));
  }

  async readAll(after: number, limit: number): Promise<readonly StoredFact[]> {
    this.#mustBeOpen();
    checkPage(after, limit);
    return this.#ask(() => this.#options.content.readAll(after, limit));
  }

  subscribe(after: number, handler: (fact: StoredFact) => void): () => void {
    this.#mustBeOpen();
    checkPage(after, 1);
    return this.#subscriptions.subscribe(after, handler);
  }

  async query(projection: string, query: ProjectionQuery): Promise<readonly ProjectionRow[]> {
    this.#mustBeOpen();
    checkQuery(query);
    return this.#ask(() => this.#options.content.query(projection, query));
  }

  async secret(stream: string, type: string): Promise<Json | undefined> {
    this.#mustBeOpen();
    return this.#ask(() => this.#options.content.secret(stream, type));
  }

  async contents(stream: string, after: string, limit: number): Promise<readonly Content[]> {
    this.#mustBeOpen();
    checkContentsPage(after, limit);
    return this.#ask(() => this.#options.content.contents(stream, after, limit));
  }

  async texts(stream: string, keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    this.#mustBeOpen();
    checkKeys(keys);
    return this.#ask(() => this.#options.content.texts(stream, keys));
  }

  async stats(): Promise<LogStats> {
    this.#mustBeOpen();
    return this.#ask(() => this.#options.content.stats());
  }

  async backup(file: string): Promise<void> {
    this.#mustBeOpen();
    return this.#ask(() => this.#options.content.backup(file));
  }

  /** Commits what was appended before. Resolves when the disk is free. */
  close(): Promise<void> {
    return (this.#closed ??= this.#finish());
  }

  async #finish(): Promise<void> {
    while (this.#isCommitting || this.#waiting.length > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
    this.#subscriptions.end();
    if (this.#failure !== undefined) return this.#letGone;
    await this.#ask(async () => undefined);
    this.#options.letGo();
  }

  async #add(member: Member): Promise<Exclude<MemberOutcome, { refused: Error }>> {
    this.#mustBeOpen();
    // As it is now: the caller may go on with what it gave. What no store can keep is refused at once.
    const copied = member.map(copy);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ member: copied, resolve, reject });
      if (!this.#isCommitting) void this.#commitNext();
    });
  }

  /** What is appended until it begins is one transaction; what is appended while it is under way is the next. */
  async #commitNext(): Promise<void> {
    this.#isCommitting = true;
    await settled();
    while (this.#waiting.length > 0 && !this.#dead) {
      const group = this.#waiting.splice(0);
      const run = async (): Promise<void> => this.#commit(group);
      await new Promise<void>((resolve) => this.#enqueue({ ms: this.#options.commitMs, run: () => run().finally(resolve), group }));
      await settled();
    }
    this.#isCommitting = false;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#options.commit(group.map(({ member }) => member));
      group.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index]!;
        if ("refused" in outcome) reject(outcome.refused);
        else resolve(outcome);
      });
      this.#subscriptions.committed();
    } catch (error) {
      for (const { reject } of group) reject(error as Error);
      this.#fail(error as StoreFailedError);
    }
  }

  /** Who waits is told first; the disk is free, and its owner told, a moment later. */
  #fail(failure: StoreFailedError): void {
    this.#failure = failure;
    this.#queue = [];
    for (const { reject } of this.#waiting.splice(0)) reject(failure);
    for (const reject of this.#rejects) reject(failure);
    this.#rejects.clear();
    const { time, letGo, onFatal } = this.#options;
    this.#letGone = new Promise((resolve) => {
      time.at(time.now() + 1, () => {
        if (this.#dead) return;
        letGo();
        resolve();
        onFatal(failure);
      });
    });
  }

  #ask<Result>(read: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (!this.#dead) this.#rejects.add(reject);
      const run = (): Promise<void> => read().then(resolve, reject).finally(() => this.#rejects.delete(reject));
      this.#enqueue({ ms: this.#options.readMs, run });
    });
  }

  #enqueue(work: Work): void {
    if (this.#dead) return;
    this.#queue.push(work);
    if (this.#queue.length === 1) this.#next();
  }

  /** One after the other: each is done when its time has passed. */
  #next(): void {
    const [work] = this.#queue;
    if (work === undefined) return;
    const { time } = this.#options;
    time.at(time.now() + work.ms(), () => {
      if (this.#queue[0] !== work) return;
      void work.run().then(() => {
        if (this.#queue[0] !== work) return;
        this.#queue.shift();
        this.#next();
      });
    });
  }

  #mustBeOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed !== undefined) throw new StoreClosedError();
  }
}

function copy(append: Append): Append {
  const { facts } = toRows(append);
  return { ...append, facts: append.facts.map((fact, index) => ({ ...fact, data: JSON.parse(facts[index]!.data) as Json })) };
}

/** Lets those who append in the same turn join. */
async function settled(): Promise<void> {
  for (let hops = 0; hops < 4; hops += 1) await Promise.resolve();
}
