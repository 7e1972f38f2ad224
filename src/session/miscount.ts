/**
 * COMPAT(@xmpp/client, 0.14): does not count the answers to its own iqs, nor what it reads together with `<enabled/>`, so that its `h`
 * stays behind what it has read. This finds out whether a client counts like that: the answer to `<r/>` then shows what it has read.
 */

/** What had been sent when the client was asked. */
interface Question {
  readonly sent: number;
  /** Of those, answers to the client's iqs. */
  readonly answers: number;
}

export class Miscount {
  #answers = 0;
  #question: Question | undefined;
  /** By how much the last answer was behind, the answers to iqs taken off. */
  #behind: number | undefined;
  #read = 0;
  /** It has acknowledged more than it could without counting the answers to its iqs. */
  #exact = false;

  /** Stanzas that the client has read, if it counts like that; 0 where nothing says so. */
  get read(): number {
    return this.#read;
  }

  sentAnswer(): void {
    this.#answers += 1;
  }

  asked(sent: number): void {
    this.#question = { sent, answers: this.#answers };
  }

  /** A client that counts like that is behind by the answers to its iqs, and by as much beside them as the last time. */
  answered(acknowledged: number, sent: number): void {
    const question = this.#question;
    this.#question = undefined;
    // It speaks of what it has only when it is asked: who does so unasked is only slow, and behind by the same again and again by chance.
    if (acknowledged > sent - this.#answers || question === undefined) this.#exact = true;
    if (this.#exact) this.#read = 0;
    if (this.#exact || question === undefined || acknowledged >= question.sent) return;
    const behind = question.sent - acknowledged - question.answers;
    if (behind >= 0 && behind === this.#behind) this.#read = question.sent;
    this.#behind = behind;
  }
}
