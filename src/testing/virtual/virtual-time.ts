/**
 * Time that passes only when it is told to: tasks run in the order of their deadlines, and everything that a task has promised is done
 * before the next one. The same tasks always run in the same order.
 */
import { liveClock } from "../../live.ts";
import type { Clock, Timer } from "../../ports.ts";

/** One life's view of the time. */
export interface Lifetime {
  readonly clock: Clock;
  /** From now on nothing of it runs: as if its process had died. */
  end(): void;
}

interface Task {
  readonly deadline: number;
  readonly order: number;
  readonly run: () => void;
  isOver: boolean;
}

export class VirtualTime {
  #now: number;
  #order = 0;
  /** A heap: the next one first. */
  readonly #tasks: Task[] = [];

  /** Milliseconds since 1970. */
  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  lifetime(): Lifetime {
    let ended = false;
    const unlessEnded = (task: () => void) => () => (ended ? undefined : task());
    return {
      clock: {
        now: () => this.#now,
        at: (deadline, task) => this.at(deadline, unlessEnded(task)),
        soon: (task) => void this.at(this.#now, unlessEnded(task)),
      },
      end: () => {
        ended = true;
      },
    };
  }

  /** Runs `task` at `deadline`, or as the next one if that is past; after those that were asked for before it. */
  at(deadline: number, task: () => void): Timer {
    if (Number.isNaN(deadline)) throw new RangeError("VirtualTime.at: the deadline is not a number");
    const made: Task = { deadline: Math.max(deadline, this.#now), order: this.#order++, run: task, isOver: false };
    this.#push(made);
    return {
      cancel: () => {
        made.isOver = true;
      },
    };
  }

  /** When the next task is due; undefined if there is none. */
  get next(): number | undefined {
    while (this.#tasks[0]?.isOver === true) this.#pop();
    return this.#tasks[0]?.deadline;
  }

  /** Runs the next task, if it is due by `until`, and what it has promised. False if there is none. */
  async step(until = Infinity): Promise<boolean> {
    const { next } = this;
    if (next === undefined || next > until) return false;
    const task = this.#pop()!;
    this.#now = task.deadline;
    task.isOver = true;
    task.run();
    await settled();
    return true;
  }

  /** Runs everything that is due until then. `after` is called after each task. */
  async advance(ms: number, after?: () => void): Promise<void> {
    const until = this.#now + ms;
    await settled();
    while (await this.step(until)) after?.();
    this.#now = until;
  }

  #push(task: Task): void {
    const tasks = this.#tasks;
    let index = tasks.push(task) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(tasks[parent]!, task)) break;
      tasks[index] = tasks[parent]!;
      index = parent;
    }
    tasks[index] = task;
  }

  #pop(): Task | undefined {
    const tasks = this.#tasks;
    const [first] = tasks;
    const last = tasks.pop();
    if (first === undefined || last === undefined || tasks.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= tasks.length) break;
      if (child + 1 < tasks.length && isBefore(tasks[child + 1]!, tasks[child]!)) child += 1;
      if (isBefore(last, tasks[child]!)) break;
      tasks[index] = tasks[child]!;
      index = child;
    }
    tasks[index] = last;
    return first;
  }
}

function isBefore(one: Task, other: Task): boolean {
  return one.deadline < other.deadline || (one.deadline === other.deadline && one.order < other.order);
}

/** All promises that can be kept without waiting for the machine are kept: microtasks run before the next turn. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => liveClock.soon(resolve));
}
