/** A session's link while it has it: what leaves over it, what it tells, and how much of either is taken at once. */
import { inputTurnMs, outboxBytesHardMax, outboxBytesSoftMax } from "../domain/limits.ts";
import type { Clock, Timer } from "../ports.ts";
import type { Step } from "../step/batch.ts";
import { Outbox } from "../step/outbox.ts";
import type { Element } from "../xml/element.ts";
import type { Link, LinkHandler, StreamFault, StreamHeader } from "../xml/link.ts";
import type { Receipt } from "./environment.ts";
import { Flow, type HoldReason } from "./flow.ts";
import { Pace, type PaceOptions } from "./pace.ts";
import { Receipts } from "./receipts.ts";

/** What the link tells the session that has it. */
export interface LinkOwner {
  heard(): void;
  opened(header: StreamHeader): void;
  element(element: Element): void;
  spaced?(): void;
  failed(fault: StreamFault): void;
  ended(): void;
  lost(why: string): void;
  /** Certain now, in the order in which they were asked for. */
  received(receipts: readonly Receipt[]): void;
  /** A client that does not read is about to be dropped. */
  stuck(bytes: number): void;
  /** Writing to it, or what waited for that, failed. */
  broke(error: unknown): void;
}

export class Attachment implements LinkHandler {
  readonly link: Link;
  /** When the link was made, ms since 1970. */
  readonly since: number;
  readonly outbox: Outbox;
  readonly #clock: Clock;
  readonly #flow: Flow;
  readonly #receipts: Receipts;
  /** undefined once the link is nobody's any more. */
  #owner: LinkOwner | undefined;
  /** The link is being destroyed, and will be told lost. */
  #dropped = false;
  #endTagSent = false;
  readonly #pace: Pace | undefined;
  #paced: Timer | undefined;
  /** When this client's input began to be taken without others in between, ms since 1970. */
  #turnBegan = 0;

  /** Without `pace` it is read as fast as it sends. */
  constructor(link: Link, clock: Clock, owner: LinkOwner, pace?: PaceOptions) {
    this.link = link;
    this.since = clock.now();
    this.#clock = clock;
    this.#owner = owner;
    this.#flow = new Flow(link, clock, (bytes) => this.#owner?.stuck(bytes));
    this.outbox = new Outbox((texts) => this.#flow.write(texts), (error) => this.#owner?.broke(error));
    this.#receipts = new Receipts(link, this.outbox);
    this.#pace = pace && new Pace(pace, this.since);
  }

  /** Begins to read. */
  start(): void {
    this.link.attach(this);
  }

  /** The link is another session's from now on; what was written before leaves before what is written now. */
  belongTo(owner: LinkOwner): void {
    this.#owner = owner;
  }

  /** The link is nobody's from now on: nothing more is told, written or held. */
  release(): void {
    this.#owner = undefined;
    this.#paced?.cancel();
    this.#flow.letGo();
    this.outbox.clear();
  }

  /**
   * XEP-0198 section 5: another link has taken its place, so the stream is closed with conflict, if the client is still there. `wrote` is told
   * what is written for that.
   */
  replaced(closingMs: number, wrote: (text: string) => void): void {
    this.release();
    if (this.#dropped) return;
    const texts = [`<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`, this.link.footerText];
    texts.forEach(wrote);
    this.link.write(texts);
    this.link.end();
    this.#clock.at(this.#clock.now() + closingMs, () => this.link.destroy());
  }

  get held(): boolean {
    return this.#flow.held;
  }

  get dropped(): boolean {
    return this.#dropped;
  }

  /** This side's stream is closed: nothing follows its end tag (RFC 6120 section 4.4). */
  get endTagSent(): boolean {
    return this.#endTagSent;
  }

  hold(reason: HoldReason): void {
    this.#flow.hold(reason);
  }

  unhold(reason: HoldReason): void {
    this.#flow.release(reason);
  }

  output(step: Step, text: string): void {
    step.output(this.outbox, text);
    if (text === this.link.footerText) {
      this.#endTagSent = true;
      step.ifDiscarded(() => (this.#endTagSent = false));
    }
    if (this.outbox.waitingChars <= outboxBytesHardMax) return;
    this.#owner?.stuck(this.outbox.waitingChars);
    this.drop();
  }

  follow(step: Step, receipt: Receipt): void {
    this.#receipts.follow(step, receipt);
  }

  /** Those that will never be certain. */
  lostReceipts(): readonly Receipt[] {
    return this.#receipts.lost();
  }

  /** Nothing more of it is wanted, and nothing is kept until it is gone. */
  drop(): void {
    this.#dropped = true;
    this.hold("dropped");
    this.outbox.clear();
    this.link.destroy();
  }

  // What the link tells.

  heard(bytes = 0): void {
    this.#turnBegan = this.#clock.now();
    if (this.#pace !== undefined) this.#slowDown(this.#pace.heard(bytes, this.#turnBegan));
    this.#owner?.heard();
    if (this.#receipts.waiting) this.#owner?.received(this.#receipts.confirmed());
  }

  opened(header: StreamHeader): void {
    this.#owner?.opened(header);
  }

  element(element: Element, bytes: number): void {
    this.#owner?.element(element);
    if (this.#owner === undefined) return;
    if (this.#pace !== undefined) this.#slowDown(this.#pace.element(bytes, this.#clock.now()));
    if (this.#clock.now() - this.#turnBegan > inputTurnMs) this.#giveWay();
    if (this.outbox.waitingChars > outboxBytesSoftMax) this.#awaitOutbox();
  }

  spaced(): void {
    this.#owner?.spaced?.();
  }

  failed(fault: StreamFault): void {
    this.#owner?.failed(fault);
  }

  ended(): void {
    this.#owner?.ended();
  }

  lost(why: string): void {
    this.#flow.stop();
    this.#paced?.cancel();
    this.outbox.clear();
    this.#owner?.lost(why);
  }

  drained(): void {
    this.#receipts.taken();
    this.#flow.drained();
  }

  /** Nothing is kept meanwhile but what has been read already. */
  #slowDown(ms: number): void {
    if (ms === 0 || this.#paced !== undefined || this.#owner === undefined) return;
    this.hold("pace");
    this.#paced = this.#clock.at(this.#clock.now() + ms, () => {
      this.#paced = undefined;
      this.unhold("pace");
    });
  }

  /** One client's input, however much of it came at once, does not keep the others waiting. */
  #giveWay(): void {
    this.hold("turn");
    this.#clock.soon(() => {
      this.#turnBegan = this.#clock.now();
      this.unhold("turn");
    });
  }

  /** What has been answered leaves before more is asked: the answers to a few bytes can be many. */
  #awaitOutbox(): void {
    this.hold("answers");
    this.outbox.whenWritten(() => this.unhold("answers"));
  }
}
