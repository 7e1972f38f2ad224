/** Commands that are being executed (XEP-0050 section 3.3): in memory alone, each for whoever began it and for a while. */
import { commandExecutionMs, commandExecutionsMax, commandExecutionsOfUserMax, endedExecutionsMax } from "../domain/limits.ts";
import type { CountRefusal, LimitName } from "../domain/refusals.ts";
import type { Jid } from "../domain/jid.ts";
import type { Command, CommandForm, FilledForm } from "../router/commands.ts";
import type { House } from "../router/house.ts";

export interface OpenExecution {
  readonly command: Command;
  /** Who executes it, and whom it asked. */
  readonly by: string;
  readonly user: string;
  readonly at: string;
  /** Filled in, of the stages before this one. */
  readonly filled: readonly FilledForm[];
  /** The form that was shown. */
  readonly form: CommandForm;
  /** What was filled in and taken back, by the number of its stage. */
  readonly remembered: readonly FilledForm[];
  /** Milliseconds since 1970. */
  readonly until: number;
}

export class Executions {
  /** The one that was touched last is the last one. */
  readonly #open = new Map<string, OpenExecution>();
  /** Who had those that are over. */
  readonly #ended = new Map<string, string>();
  readonly #refused: CountRefusal;

  constructor(refused: CountRefusal) {
    this.#refused = refused;
  }

  /** undefined for what is not theirs. `now`: ms since 1970. */
  find(id: string, by: Jid, at: string, now: number): OpenExecution | "ended" | undefined {
    this.#expire(now);
    const open = this.#open.get(id);
    if (open !== undefined) return open.by === by.full && open.at === at ? open : undefined;
    return this.#ended.get(id) === by.full ? "ended" : undefined;
  }

  /** Also of one that was there. The oldest goes where there are too many. */
  set(id: string, execution: Omit<OpenExecution, "until">, now: number): void {
    this.#expire(now);
    const known = this.#open.delete(id);
    if (!known) {
      const own = [...this.#open].filter(([, { user }]) => user === execution.user);
      if (own.length >= commandExecutionsOfUserMax) this.#makeRoom(own[0]![0], "commandExecutionsOfUserMax");
      else if (this.#open.size >= commandExecutionsMax) this.#makeRoom(this.#open.keys().next().value!, "commandExecutionsMax");
    }
    this.#open.set(id, { ...execution, until: now + commandExecutionMs });
  }

  end(id: string): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    this.note(id, open.by);
  }

  /** It is over, and was not open. */
  note(id: string, by: string): void {
    this.#ended.set(id, by);
    if (this.#ended.size > endedExecutionsMax) this.#ended.delete(this.#ended.keys().next().value!);
  }

  #makeRoom(id: string, limit: LimitName): void {
    this.#refused(limit);
    this.end(id);
  }

  #expire(now: number): void {
    for (const [id, { until }] of this.#open) {
      if (until > now) return;
      this.end(id);
    }
  }
}

const byHouse = new WeakMap<House, Executions>();

export function executionsOf(house: House): Executions {
  let known = byHouse.get(house);
  if (known === undefined) byHouse.set(house, (known = new Executions((limit) => house.refused(limit))));
  return known;
}
