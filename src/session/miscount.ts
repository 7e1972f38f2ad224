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
  /** How often it has been asked and has not answered. */
  #unanswered = 0;
  /** It has said unasked what it has, and that was the last of it so far. */
  #saidUnasked = false;
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
    this.#unanswered += 1;
    this.#goesOn();
    this.#question = { sent, answers: this.#answers };
  }

  /** A client that counts like that is behind by the answers to its iqs, and by as much beside them as the last time. */
  answered(acknowledged: number, sent: number): void {
    const question = this.#question;
    this.#question = undefined;
    this.#goesOn();
    this.#saidUnasked = this.#unanswered === 0;
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    if (acknowledged > sent - this.#answers) this.#exact = true;
    if (this.#exact) this.#read = 0;
    if (this.#exact || question === undefined || acknowledged >= question.sent) return;
    const behind = question.sent - acknowledged - question.answers;
    if (behind >= 0 && behind === this.#behind) this.#read = question.sent;
    this.#behind = behind;
  }

  /**
   * That client says unasked what it has only as its last word before it closes its stream: who does so before is only slow, and behind by the
   * same again and again by chance.
   */
  #goesOn(): void {
    if (!this.#saidUnasked) return;
    this.#exact = true;
    this.#read = 0;
  }
}
