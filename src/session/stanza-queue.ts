/**
 * What a session that counts stanzas has counted, and what its client has not acknowledged yet (XEP-0198 section 4).
 * Counts are whole numbers that never wrap.
 */
import type { Counts, ReturnPath } from "../domain/session-facts.ts";
import type { SharedStanza } from "./shared-stanza.ts";

export interface QueuedStanza {
  /** Its place among all that were sent, from 1. */
  readonly number: number;
  /** XML text in `jabber:client`. */
  readonly text: string;
  /** When it was put here, ms since 1970. */
  readonly at: number;
  /** A copy of what has another disposition: nobody misses it. */
  readonly copy: boolean;
  /** What other sessions of the account keep as well. */
  readonly shared?: SharedStanza | undefined;
  /** Set where it goes back to its sender, and to nobody else, if it is not acknowledged. */
  readonly returns?: ReturnPath | undefined;
}

export class StanzaQueue {
  /** Stanzas of the client that were handled. */
  received: number;
  #sent: number;
  #acknowledged: number;
  readonly #stanzas: QueuedStanza[];
  #bytes: number;
  #keeps = true;

  constructor(counts: Counts = { received: 0, sent: 0, acknowledged: 0 }, stanzas: readonly QueuedStanza[] = []) {
    this.received = counts.received;
    this.#sent = counts.sent;
    this.#acknowledged = counts.acknowledged;
    this.#stanzas = [...stanzas];
    this.#bytes = bytesOf(stanzas);
  }

  get counts(): Counts {
    return { received: this.received, sent: this.#sent, acknowledged: this.#acknowledged };
  }

  get sent(): number {
    return this.#sent;
  }

  /** Whether what is sent is kept until it is acknowledged: always, until `stopKeeping`. */
  get keeps(): boolean {
    return this.#keeps;
  }

  /** Those that are not acknowledged, oldest first. */
  get stanzas(): readonly QueuedStanza[] {
    return this.#stanzas;
  }

  /** Of their texts, in UTF-8. */
  get bytes(): number {
    return this.#bytes;
  }

  push(text: string, at: number, copy: boolean, shared?: SharedStanza, returns?: ReturnPath): QueuedStanza {
    this.#sent += 1;
    const stanza = { number: this.#sent, text, at, copy, shared, returns };
    if (this.#keeps) {
      this.#stanzas.push(stanza);
      this.#bytes += Buffer.byteLength(text);
    }
    return stanza;
  }

  /** Takes the last one back: it was never sent. */
  takeBack({ number, text }: QueuedStanza): void {
    this.#sent = number - 1;
    if (this.#stanzas.at(-1)?.number !== number) return;
    this.#stanzas.pop();
    this.#bytes -= Buffer.byteLength(text);
  }

  /** Up to this number, which was sent. Returns those that were kept for it; undefined if that says nothing new. */
  acknowledge(number: number): readonly QueuedStanza[] | undefined {
    if (number <= this.#acknowledged) return undefined;
    this.#acknowledged = number;
    return this.letGo(number);
  }

  /** Those up to this number are kept no longer. Returns them. */
  letGo(number: number): readonly QueuedStanza[] {
    const gone = this.#stanzas.splice(0, Math.max(0, this.#indexOf(number) + 1));
    this.#bytes -= bytesOf(gone);
    return gone;
  }

  /** From now on nobody misses it. Returns what it has become; undefined if it is not kept. */
  makeCopy(number: number): QueuedStanza | undefined {
    const index = this.#indexOf(number);
    const known = this.#stanzas[index];
    if (known === undefined) return undefined;
    const copy = { ...known, copy: true, shared: undefined, returns: undefined };
    this.#stanzas[index] = copy;
    return copy;
  }

  /** What is sent from now on is only counted. */
  stopKeeping(): void {
    this.#keeps = false;
  }

  /** They leave from the front only, so their numbers have no gaps. */
  #indexOf(number: number): number {
    return number - (this.#stanzas[0]?.number ?? number + 1);
  }
}

function bytesOf(stanzas: readonly QueuedStanza[]): number {
  return stanzas.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0);
}
