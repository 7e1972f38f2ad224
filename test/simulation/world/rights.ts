/**
 * Who let whom see its presence and who had blocked whom, and when: by what the log says of rosters and block lists. What the server tells
 * anybody has to agree with that: outputs wait for the facts that they rest on.
 */
import type { AccountFacts } from "../../../src/domain/facts.ts";
import type { StoredFact } from "../../../src/ports.ts";

/** From `since` to `until`; Infinity while it lasts. */
interface Period {
  readonly since: number;
  until: number;
}

export class Rights {
  readonly #began: number;
  /** `a>b`: b sees a. */
  readonly #shown = new Map<string, Period[]>();
  /** `a>b`: a has blocked b. */
  readonly #blocked = new Map<string, Period[]>();

  /** By the number of a message: when it was put aside for a user who was not there, for the last time. */
  readonly #kept = new Map<number, number>();

  /** `began`: when the world did, ms since 1970. All times here count from then. */
  constructor(began: number) {
    this.#began = began;
  }

  /** Each fact of the log once, in order. */
  take({ type, data, at }: StoredFact): void {
    const time = at - this.#began;
    if (type === "RosterItemSet") {
      const { username, host, item } = data as unknown as AccountFacts["RosterItemSet"];
      set(this.#shown, `${username}@${host}>${item.jid}`, item.subscription === "from" || item.subscription === "both", time);
    } else if (type === "RosterItemRemoved") {
      const { username, host, jid } = data as unknown as AccountFacts["RosterItemRemoved"];
      set(this.#shown, `${username}@${host}>${jid}`, false, time);
    } else if (type === "ContactsBlocked" || type === "ContactsUnblocked") {
      const { username, host, jids } = data as unknown as AccountFacts["ContactsBlocked"];
      for (const jid of jids) set(this.#blocked, `${username}@${host}>${jid}`, type === "ContactsBlocked", time);
    } else if (type === "OfflineMessageStored") {
      const { id } = data as unknown as AccountFacts["OfflineMessageStored"];
      this.#kept.set(Number(/^m(\d+)$/.exec(id ?? "")?.[1] ?? 0), time);
    }
  }

  /** When a message was last put aside as nobody was there to take it; Infinity if it never was. */
  keptAt(number: number): number {
    return this.#kept.get(number) ?? Infinity;
  }

  /** Whether `to` saw `by` at any moment from `since` to `until`. Bare JIDs. */
  wasShown(by: string, to: string, since: number, until: number): boolean {
    return (this.#shown.get(`${by}>${to}`) ?? []).some((period) => period.since <= until && period.until >= since);
  }

  isShown(by: string, to: string): boolean {
    return this.#shown.get(`${by}>${to}`)?.at(-1)?.until === Infinity;
  }

  /** Whether one of them had blocked the other at any moment of that time. */
  wasBlocked(one: string, other: string, since: number, until: number): boolean {
    return this.#blocks(one, other).some((period) => period.since <= until && period.until >= since);
  }

  /** Whether one of them had blocked the other for all of that time. */
  wasAlwaysBlocked(one: string, other: string, since: number, until: number): boolean {
    return this.#blocks(one, other).some((period) => period.since < since && period.until > until);
  }

  isBlocked(one: string, other: string): boolean {
    return this.#blocks(one, other).some(({ until }) => until === Infinity);
  }

  #blocks(one: string, other: string): readonly Period[] {
    if (one === other) return [];
    return [...(this.#blocked.get(`${one}>${other}`) ?? []), ...(this.#blocked.get(`${other}>${one}`) ?? [])];
  }
}

function set(periods: Map<string, Period[]>, key: string, holds: boolean, at: number): void {
  const known = periods.get(key) ?? [];
  const last = known.at(-1);
  const held = last?.until === Infinity;
  if (held === holds) return;
  if (!holds) last!.until = at;
  else periods.set(key, [...known, { since: at, until: Infinity }]);
}
