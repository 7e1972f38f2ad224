/**
 * Who sent what to whom, and what came of it. Everything that is counted travels in a channel and bears its number there, from 1: so what
 * is missing, what came twice and what came late is known without a look at the server.
 */

/** `said` and `shown`: to everybody in the room in which all are. */
export const kinds = ["message", "presence", "answer", "push", "said", "shown"] as const;
export type Kind = (typeof kinds)[number];

/**
 * `rosters`: differs from what it should be; `sessions`: could not be resumed; `replay`: the log does not give what the live server said;
 * `faults`: everything else that may not be.
 */
export type Trouble = "lost" | "doubled" | "disordered" | "flaps" | "sessions" | "rosters" | "replay" | "faults";

export interface Channel {
  readonly kind: Kind;
  readonly from: string;
  readonly to: string;
}

export interface LedgerEvents {
  /** Something has gone wrong, and this is known for certain. */
  trouble(trouble: Trouble, channel: Channel, number: number, text: string): void;
  /** Numbers were passed over: they are lost, or come late. For whoever wants to keep the evidence while it is fresh. */
  gap(channel: Channel, number: number): void;
}

export interface Totals {
  readonly sent: number;
  /** Of those, how many the server has acknowledged to their sender. */
  readonly accepted: number;
  /** Each counts once. */
  readonly delivered: number;
}

interface Account {
  readonly channel: Channel;
  sent: number;
  accepted: number;
  /** The highest number that was delivered. */
  highest: number;
  /** Numbers below it that were not. */
  readonly missing: Set<number>;
}

export class Ledger {
  readonly #accounts = new Map<string, Account>();
  readonly #events: LedgerEvents;

  constructor(events: LedgerEvents) {
    this.#events = events;
  }

  /** Enters the next thing of a channel and returns its number. */
  send(channel: Channel): number {
    return ++this.#account(channel).sent;
  }

  /** The server has taken it from its sender. */
  accept(channel: Channel): void {
    this.#account(channel).accepted++;
  }

  /** It has come to its receiver. */
  deliver(channel: Channel, number: number): void {
    const account = this.#account(channel);
    const { missing, highest } = account;
    if (!Number.isSafeInteger(number) || number < 1 || number > account.sent) {
      this.#events.trouble("faults", channel, number, "was never sent");
    } else if (number > highest) {
      for (let passed = highest + 1; passed < number; passed++) missing.add(passed);
      account.highest = number;
      if (isOrdered(channel) && number > highest + 1) this.#events.gap(channel, highest + 1);
    } else if (missing.delete(number)) {
      if (isOrdered(channel)) this.#events.trouble("disordered", channel, number, `came after ${highest}`);
    } else {
      const trouble = channel.kind === "presence" ? "flaps" : "doubled";
      this.#events.trouble(trouble, channel, number, "came again");
    }
  }

  /** Whether all that was sent is accepted and has come. */
  get isSettled(): boolean {
    return [...this.#accounts.values()].every((account) => account.accepted === account.sent && undelivered(account) === 0);
  }

  totals(kind: Kind): Totals {
    const accounts = [...this.#accounts.values()].filter(({ channel }) => channel.kind === kind);
    const sum = (of: (account: Account) => number) => accounts.reduce((total, account) => total + of(account), 0);
    return { sent: sum(({ sent }) => sent), accepted: sum(({ accepted }) => accepted), delivered: sum((one) => one.sent - undelivered(one)) };
  }

  /** Nothing comes any more: what has not come is lost. */
  close(): void {
    for (const { channel, sent, accepted, highest, missing } of this.#accounts.values()) {
      const lost = [...missing];
      for (let number = highest + 1; number <= sent; number++) lost.push(number);
      for (const number of lost) {
        const wasAccepted = isOrdered(channel) && number <= accepted;
        this.#events.trouble("lost", channel, number, wasAccepted ? "was accepted and never came" : "never came");
      }
    }
  }

  #account(channel: Channel): Account {
    const key = nameOf(channel);
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = { channel, sent: 0, accepted: 0, highest: 0, missing: new Set() };
      this.#accounts.set(key, account);
    }
    return account;
  }
}

/** `message from u1 to u2`. */
export function nameOf({ kind, from, to }: Channel): string {
  return `${kind} from ${from} to ${to}`;
}

/** Answers to different questions may overtake each other. */
function isOrdered({ kind }: Channel): boolean {
  return kind !== "answer";
}

function undelivered({ sent, highest, missing }: { readonly sent: number; readonly highest: number; readonly missing: ReadonlySet<number> }): number {
  return sent - highest + missing.size;
}
