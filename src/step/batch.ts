/**
 * Facts before bytes: a step is one input with all its consequences, a batch the steps since the last commit began.
 *
 * A step collects facts and outputs. Binding facts get the ticket of the batch that will commit them; the step's outputs wait
 * for the highest ticket that it wrote or read. Trailing facts are committed with the next batch, and nobody waits for them.
 * At the end of the turn everything that is free to leave leaves, and the next commit begins as soon as the last one is done:
 * group commit without a timer.
 */
import { commitMs, uncommittedBytesMax } from "../domain/limits.ts";
import type { Append, Clock, Fact, Ids, Store, Timer } from "../ports.ts";
import type { Outbox } from "./outbox.ts";
import type { Tally } from "./tally.ts";

export interface Step {
  /** Milliseconds since 1970, the same throughout the step. */
  readonly at: number;
  /** Made when first asked for: most steps record nothing. */
  readonly id: string;
  /** The step that led to this one. */
  readonly cause: string | null;
  /** Records a fact, and returns its ticket. `binding`: the outputs of this step wait until it is durable. */
  record(stream: string, fact: NewFact, binding?: boolean): number;
  /**
   * Records a binding fact at the end of the batch, once for each stream, whatever the number of steps that ask for it: `make` of
   * the last one is asked when the commit begins, and may have nothing to say any more. Returns its ticket.
   */
  recordLast(stream: string, make: () => NewFact | undefined): number;
  /** The step has read what the batch of `ticket` writes; its outputs wait for that too. */
  dependOn(ticket: number): void;
  /** The ticket of what this step has written so far; 0 for nothing. */
  readonly ticket: number;
  output(outbox: Outbox, text: string): void;
  /** Runs at the end of the step and as a part of it, after everything else that happened in it. */
  lastly(task: () => void): void;
  /** Runs once the step has ended well. */
  afterwards(task: () => void): void;
  /** Runs if the step fails, the last one first: takes back what `record` has announced to memory. */
  ifDiscarded(undo: () => void): void;
}

export interface NewFact extends Pick<Fact, "type" | "v" | "data" | "contents" | "erases" | "forgets"> {
  /** About how many characters `data` takes, where that is known without looking. */
  readonly chars?: number;
}

export interface BatchOptions {
  readonly store: Pick<Store, "appendMany">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly tally?: Tally;
  /** The store is lost: memory is ahead of the disk. Told once. */
  readonly onFailed: (error: Error) => void;
  /** Too much is uncommitted (true), or no longer (false). */
  readonly onPressure: (high: boolean) => void;
}

export class Batch {
  readonly #options: BatchOptions;
  #facts: Append[] = [];
  /** What is recorded after them, by stream. */
  #last = new Map<string, () => Append | undefined>();
  #bytes = 0;
  #committingBytes = 0;
  /** The ticket that the next commit will make durable. */
  #current = 1;
  #durable = 0;
  #committing: Promise<void> | undefined;
  #scheduled = false;
  #pressed = false;
  #failed = false;
  #running: RunningStep | undefined;
  #commitDeadline: Timer | undefined;
  /** Outboxes with something that was pushed in this turn. */
  #dirty = new Set<Outbox>();
  /** Outboxes with something that waits for a commit. */
  #waiting = new Set<Outbox>();
  #waiters: { readonly ticket: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  /**
   * Runs one step. If `work` throws, its facts and outputs are discarded and the error goes on to the caller,
   * who tells the session that it belongs to.
   */
  run<Result>(cause: string | null, work: (step: Step) => Result): Result {
    // What comes up within a step is part of it: its outputs must not overtake those of the step around it.
    if (this.#running !== undefined) return work(this.#running);
    const step = new RunningStep(this.#options.clock.now(), cause, this.#options.ids, this.#current);
    this.#running = step;
    let result: Result;
    try {
      result = work(step);
      for (let task = step.lastTasks.shift(); task !== undefined; task = step.lastTasks.shift()) task();
      step.end();
    } catch (error) {
      step.end();
      for (const undo of step.undos.toReversed()) undo();
      throw error;
    } finally {
      this.#running = undefined;
    }
    // Once the store is lost nothing can become durable: facts would only pile up, and what depends on them never leaves.
    for (const { append, bytes } of this.#failed ? [] : step.appends) {
      this.#facts.push(append);
      this.#bytes += bytes;
    }
    if (!this.#failed) for (const [stream, make] of step.last) this.#last.set(stream, make);
    for (const { outbox, text } of step.outputs) {
      outbox.push(text, step.ticket);
      this.#dirty.add(outbox);
    }
    if (step.appends.length > 0 || step.last.size > 0 || step.outputs.length > 0) this.#schedule();
    this.#press();
    runAll(step.tasks);
    return result;
  }

  /** The store is lost, and its owner knows it first: as if a commit had failed. */
  abandon(error: unknown): void {
    this.#fail(error);
  }

  /** A commit failed: what is in memory is not to be told to anybody any more. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Of facts that are not on the disk yet. */
  get uncommittedBytes(): number {
    return this.#bytes + this.#committingBytes;
  }

  /** Whether what has this ticket is on the disk. */
  isDurable(ticket: number): boolean {
    return ticket <= this.#durable;
  }

  /** Resolves when what has this ticket is on the disk. Rejects if it cannot come there any more. */
  durable(ticket: number): Promise<void> {
    if (this.isDurable(ticket)) return Promise.resolve();
    if (this.#failed) return Promise.reject(storeFailed());
    return new Promise((resolve, reject) => this.#waiters.push({ ticket, resolve, reject }));
  }

  /** Resolves when everything recorded until now is on the disk, however much is recorded meanwhile. Rejects if it cannot come there any more. */
  recorded(): Promise<void> {
    const waits = this.#facts.length > 0 || this.#last.size > 0;
    return this.durable(waits ? this.#current : this.#current - 1);
  }

  /** Resolves when everything recorded until now is durable, or its commit has failed or counts as failed. */
  async settle(): Promise<void> {
    this.#turn();
    while (this.#committing !== undefined) await this.#committing;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.soon(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const outbox of dirty) if (outbox.flush(this.#durable)) this.#waiting.add(outbox);
    const recorded = this.#facts.length > 0 || this.#last.size > 0;
    if (recorded && this.#committing === undefined && !this.#failed) this.#commit();
  }

  #commit(): void {
    const facts = [...this.#facts, ...[...this.#last.values()].flatMap((make) => make() ?? [])];
    const ticket = this.#current++;
    this.#facts = [];
    this.#last.clear();
    this.#committingBytes = this.#bytes;
    this.#bytes = 0;
    const { clock, store, tally } = this.#options;
    const began = clock.now();
    const tooSlow = new Error(`a commit took longer than ${commitMs / 1000} s; look at the disk`);
    this.#commitDeadline = clock.at(clock.now() + commitMs, () => this.#fail(tooSlow));
    this.#committing = store.appendMany(facts).then(
      () => {
        tally?.committed(facts.length, clock.now() - began);
        this.#committed(ticket);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #committed(ticket: number): void {
    // Too late: it counted as failed, and everything is closing.
    if (this.#failed) return;
    this.#commitDeadline?.cancel();
    this.#committing = undefined;
    this.#committingBytes = 0;
    this.#durable = ticket;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const outbox of waiting) if (outbox.flush(ticket)) this.#waiting.add(outbox);
    const waiters = this.#waiters;
    this.#waiters = waiters.filter((waiter) => waiter.ticket > ticket);
    for (const waiter of waiters) if (waiter.ticket <= ticket) waiter.resolve();
    this.#press();
    this.#turn();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#commitDeadline?.cancel();
    this.#committing = undefined;
    this.#failed = true;
    this.#facts = [];
    this.#last.clear();
    this.#bytes = 0;
    this.#committingBytes = 0;
    for (const outbox of [...this.#waiting, ...this.#dirty]) {
      outbox.flush(this.#durable);
      outbox.fail();
    }
    this.#waiting.clear();
    for (const { reject } of this.#waiters.splice(0)) reject(storeFailed());
    // First, so that nobody's input is let in again who is about to be told that it is over.
    this.#options.onFailed(error instanceof Error ? error : new Error(String(error)));
    this.#press();
  }

  #press(): void {
    const high = this.#bytes + this.#committingBytes > uncommittedBytesMax;
    if (high === this.#pressed) return;
    this.#pressed = high;
    this.#options.onPressure(high);
  }
}

class RunningStep implements Step {
  /** It has ended: what is asked of it from now on would be lost without a word. */
  #over = false;
  readonly at: number;
  readonly cause: string | null;
  readonly appends: { readonly append: Append; readonly bytes: number }[] = [];
  readonly outputs: { readonly outbox: Outbox; readonly text: string }[] = [];
  readonly tasks: (() => void)[] = [];
  readonly undos: (() => void)[] = [];
  readonly lastTasks: (() => void)[] = [];
  readonly last = new Map<string, () => Append | undefined>();
  readonly #ids: Ids;
  readonly #batch: number;
  #id: string | undefined;
  #ticket = 0;

  constructor(at: number, cause: string | null, ids: Ids, batch: number) {
    this.at = at;
    this.cause = cause;
    this.#ids = ids;
    this.#batch = batch;
  }

  get id(): string {
    return (this.#id ??= this.#ids.next());
  }

  get ticket(): number {
    return this.#ticket;
  }

  end(): void {
    this.#over = true;
  }

  record(stream: string, fact: NewFact, binding = false): number {
    this.#requireRunning();
    this.appends.push({ append: this.#append(stream, fact), bytes: stream.length + sizeOf(fact) });
    if (binding) this.dependOn(this.#batch);
    return this.#batch;
  }

  recordLast(stream: string, make: () => NewFact | undefined): number {
    this.#requireRunning();
    this.last.set(stream, () => {
      const fact = make();
      return fact && this.#append(stream, fact);
    });
    this.dependOn(this.#batch);
    return this.#batch;
  }

  dependOn(ticket: number): void {
    if (ticket > this.#ticket) this.#ticket = ticket;
  }

  output(outbox: Outbox, text: string): void {
    this.#requireRunning();
    this.outputs.push({ outbox, text });
  }

  afterwards(task: () => void): void {
    this.#requireRunning();
    this.tasks.push(task);
  }

  ifDiscarded(undo: () => void): void {
    this.undos.push(undo);
  }

  lastly(task: () => void): void {
    this.lastTasks.push(task);
  }

  #requireRunning(): void {
    if (this.#over) throw new Error("this step is over: it ended when the function that was given it returned; after a wait `house.run` gives another");
  }

  #append(stream: string, fact: NewFact): Append {
    return { stream, expectedVersion: "any", facts: [{ ...fact, at: this.at, step: this.id, cause: this.cause }] };
  }
}

function storeFailed(): Error {
  return new Error("the store failed: what is in memory will never be on the disk");
}

function sizeOf({ data, chars, contents = [] }: NewFact): number {
  return contents.reduce((sum, { key, text }) => sum + key.length + text.length, 200 + (chars ?? JSON.stringify(data).length));
}

/** Each of them, whatever another throws: they may belong to different sessions. The first error goes on. */
function runAll(tasks: readonly (() => void)[]): void {
  const errors: unknown[] = [];
  for (const task of tasks) {
    try {
      task();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
