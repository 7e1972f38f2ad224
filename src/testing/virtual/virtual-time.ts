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
  /** Whose it is; undefined: nobody's, so that it runs whoever dies. */
  readonly life: Lifetime | undefined;
  /** undefined: it has run, or was cancelled. */
  run: (() => void) | undefined;
}

export class VirtualTime {
  #now: number;
  #order = 0;
  /** A heap: the next one first. */
  #tasks: Task[] = [];

  /** Milliseconds since 1970. */
  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  lifetime(): Lifetime {
    let ended = false;
    const at = (deadline: number, task: () => void): Timer => (ended ? { cancel() {} } : this.#add(deadline, task, life));
    const life: Lifetime = {
      clock: {
        now: () => this.#now,
        at,
        soon: (task) => void at(this.#now, task),
      },
      end: () => {
        ended = true;
        const tasks = this.#tasks.filter((task) => task.life !== life);
        this.#tasks = [];
        for (const task of tasks) this.#push(task);
      },
    };
    return life;
  }

  /** Runs `task` at `deadline`, or as the next one if that is past; after those that were asked for before it. */
  at(deadline: number, task: () => void): Timer {
    return this.#add(deadline, task, undefined);
  }

  /** When the next task is due; undefined if there is none. */
  get next(): number | undefined {
    for (let [first] = this.#tasks; first !== undefined; [first] = this.#tasks) {
      if (first.run !== undefined) return first.deadline;
      this.#pop();
    }
    return undefined;
  }

  /**
   * Runs the next task, if it is due by `until`, and what it has promised. False if there is none. Rejects with what the task throws. What was
   * promised before, by who calls it, need not be done yet: `advance(0)` waits for that.
   */
  async step(until = Infinity): Promise<boolean> {
    const { next } = this;
    if (next === undefined || next > until) return false;
    const task = this.#pop()!;
    const { run } = task;
    this.#now = Math.max(this.#now, task.deadline);
    task.run = undefined;
    run?.();
    await settled();
    return true;
  }

  /** Runs everything that is due until then, the tasks that it leads to with it. `after` is called after each task. */
  async advance(ms: number, after?: () => void): Promise<void> {
    const until = this.#now + ms;
    await settled();
    while (await this.step(until)) after?.();
    this.#now = Math.max(this.#now, until);
  }

  #add(deadline: number, run: () => void, life: Lifetime | undefined): Timer {
    if (Number.isNaN(deadline)) throw new RangeError("VirtualTime.at: the deadline is not a number");
    const task: Task = { deadline: Math.max(deadline, this.#now), order: this.#order++, life, run };
    this.#push(task);
    return {
      cancel: () => {
        task.run = undefined;
      },
    };
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
