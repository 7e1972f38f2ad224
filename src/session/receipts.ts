/**
 * What has certainly arrived: the socket took the bytes, and after that the client sent something or closed its stream in order.
 * Until a session counts stanzas (XEP-0198), this is the best that can be known.
 */
import type { Outbox } from "../step/outbox.ts";
import type { Step } from "../step/batch.ts";
import type { Link } from "../xml/link.ts";
import type { Receipt } from "./environment.ts";

type Stage = "leaving" | "written" | "taken";

export class Receipts {
  readonly #link: Link;
  readonly #outbox: Outbox;
  /** Oldest first: each at least as far as those after it. */
  #open: { readonly receipt: Receipt; stage: Stage }[] = [];

  constructor(link: Link, outbox: Outbox) {
    this.#link = link;
    this.#outbox = outbox;
  }

  get waiting(): boolean {
    return this.#open.length > 0;
  }

  /** Begins once what `step` has sent is in the outbox. */
  follow(step: Step, receipt: Receipt): void {
    const entry: { readonly receipt: Receipt; stage: Stage } = { receipt, stage: "leaving" };
    this.#open.push(entry);
    step.ifDiscarded(() => (this.#open = this.#open.filter((other) => other !== entry)));
    step.afterwards(() =>
      this.#outbox.whenWritten(() => {
        entry.stage = "written";
        if (this.#link.bufferedBytes === 0) this.taken();
      }),
    );
  }

  /** The system has taken all that was written. */
  taken(): void {
    for (const entry of this.#open) if (entry.stage === "written") entry.stage = "taken";
  }

  /** The client said something, or closed its stream in order: what it had before that is certain. */
  confirmed(): readonly Receipt[] {
    const confirmed = this.#open.filter(({ stage }) => stage === "taken");
    if (confirmed.length > 0) this.#open = this.#open.filter(({ stage }) => stage !== "taken");
    return confirmed.map(({ receipt }) => receipt);
  }

  /** The session is over: the rest will never be certain. */
  lost(): readonly Receipt[] {
    return this.#open.splice(0).map(({ receipt }) => receipt);
  }
}
