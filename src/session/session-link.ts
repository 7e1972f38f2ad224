/**
 * The link that a session has at the moment, if any: what leaves over it, how one takes the place of another (XEP-0198 section 5), and what
 * becomes of what was on its way over one that is gone.
 */
import type { Step } from "../step/batch.ts";
import type { Attachment, LinkOwner } from "./attachment.ts";
import type { Receipt, SessionEnvironment } from "./environment.ts";

/** The part of the host that this needs. */
export interface LinkedHost extends LinkOwner {
  readonly id: string;
  readonly environment: SessionEnvironment;
  /** Runs a step of its own. What goes wrong there is not this session's. */
  later(work: (step: Step) => void): void;
  /** This is put into the outbox. */
  wrote(step: Step, text: string): void;
}

export class SessionLink {
  readonly #host: LinkedHost;
  #attachment: Attachment | undefined;

  constructor(host: LinkedHost, attachment: Attachment | undefined) {
    this.#host = host;
    this.#attachment = attachment;
  }

  /** undefined without a link. One may be about to go. */
  get current(): Attachment | undefined {
    return this.#attachment;
  }

  /** Throws without a link. */
  get attachment(): Attachment {
    if (this.#attachment === undefined) throw new Error(`session ${this.#host.id} has no link`);
    return this.#attachment;
  }

  /** To the link, if there is one that still takes something. */
  write(step: Step, text: string): void {
    if (this.#attachment?.dropped !== false) return;
    this.#host.wrote(step, text);
    this.#attachment.output(step, text);
  }

  /** At any time while there is a link: whatever the client goes on to say, nothing follows the end tag. */
  writeStream(step: Step, text: string): void {
    const { attachment } = this;
    if (attachment.endTagSent) return;
    this.#host.wrote(step, text);
    attachment.output(step, text);
  }

  /** From now on it is this one. Returns the former; `replaced` is to be called for that at the end of the step. */
  takeOver(step: Step, attachment: Attachment): Attachment | undefined {
    const former = this.#attachment;
    this.#attachment = attachment;
    attachment.belongTo(this.#host);
    step.ifDiscarded(() => this.#takeBack(former));
    return former;
  }

  /** What was over the former link is closed. */
  replaced(step: Step, former: Attachment): void {
    const { closingMs } = this.#host.environment.options.policy;
    this.#letGo(former, () => former.replaced(closingMs, (text) => this.#host.wrote(step, text)));
  }

  /** Gives it up, for another session. */
  handOver(step: Step): Attachment {
    const { attachment } = this;
    this.#attachment = undefined;
    step.ifDiscarded(() => {
      this.#attachment = attachment;
      attachment.belongTo(this.#host);
    });
    return attachment;
  }

  /** This one is lost, or there was none. Returns false where another has taken its place meanwhile. */
  lose(attachment: Attachment | undefined): boolean {
    if (this.#attachment !== attachment) return false;
    this.#attachment = undefined;
    if (attachment !== undefined) this.#letGo(attachment);
    return true;
  }

  /** Nothing of what is on its way is certain any more. */
  loseReceipts(): void {
    this.#tellLost(this.#attachment?.lostReceipts() ?? []);
  }

  /** The step that was to give it a link has failed; its machine knows of that link all the same. */
  #takeBack(former: Attachment | undefined): void {
    this.#attachment = former;
    if (former === undefined) this.#host.environment.clock.soon(() => this.#host.lost("it could not be resumed"));
  }

  /** Of what was to leave over this link nothing is certain any more. */
  #letGo(attachment: Attachment, release = () => attachment.release()): void {
    const receipts = attachment.lostReceipts();
    release();
    this.#tellLost(receipts);
  }

  #tellLost(receipts: readonly Receipt[]): void {
    for (const receipt of receipts) this.#host.later((step) => receipt.lost(step));
  }
}
