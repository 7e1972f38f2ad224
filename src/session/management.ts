/**
 * Stream management of one session (XEP-0198 sections 3 and 4): what its client sends is counted, what it is sent is counted and
 * kept until it is acknowledged. Everything of it is recorded before anybody sees it.
 */
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { SessionContext } from "../../machines/session-context.ts";
import { managementNamespace } from "../../machines/session-elements.ts";
import { fromWire, toWire } from "../domain/counting.ts";
import { presenceKey, queuedText, queueKey, queueThrough, recordedId, takenKey } from "../domain/session-facts.ts";
import type { Content } from "../ports.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el, stanzaKindOf } from "../xml/stanza.ts";
import type { DeliveryNote, Greeting, SessionEnvironment } from "./environment.ts";
import type { SessionLog } from "./session-log.ts";
import { Miscount } from "./miscount.ts";
import type { Holder } from "./shared-stanza.ts";
import { StanzaQueue, type QueuedStanza } from "./stanza-queue.ts";

/** The part of the host that this needs. */
export interface ManagedHost {
  readonly id: string;
  readonly environment: SessionEnvironment;
  readonly context: SessionContext;
  readonly snapshot: SessionSnapshot;
  readonly presence: Element | undefined;
  /** Stanzas that were delivered on its stream so far. */
  readonly deliveredStanzas: number;
  write(step: Step, text: string): void;
  tellLater(cause: string | null, event: (step: Step) => { readonly type: "queue.overflowed"; readonly at: number }): void;
  report(level: "warn", fields: object, message: string): void;
}

export class Management implements Holder {
  readonly #host: ManagedHost;
  readonly #log: SessionLog;
  #queue: StanzaQueue | undefined;
  /** The ticket of the last count of what was received: nobody is told of it before. */
  #countTicket = 0;
  /** How many stanzas had been sent when the client was last asked, while it has not answered. */
  #asked: number | undefined;
  /** The client is asked at the end of this step. */
  #asking = false;
  /** A snapshot is recorded at the end of this step. */
  #summing = false;
  #overflowed = false;
  /** What the client had read, to the best of all knowledge, when it last answered. */
  #read = 0;
  /** What has become a copy in this step. */
  #taken: number[] = [];
  readonly #miscount = new Miscount();
  /** What had been delivered before stanzas were counted, until the client has answered once. */
  #uncounted = 0;

  constructor(host: ManagedHost, log: SessionLog, queue: StanzaQueue | undefined) {
    this.#host = host;
    this.#log = log;
    this.#queue = queue;
    if (queue === undefined) return;
    log.binding = true;
    for (const { number, shared } of queue.stanzas) shared?.hold(this, number);
  }

  /** undefined unless the session counts stanzas. */
  get queue(): StanzaQueue | undefined {
    return this.#queue;
  }

  /** Whether what is delivered is kept until it is acknowledged. */
  get keeps(): boolean {
    return this.#queue?.keeps === true;
  }

  /** Section 3: both counts begin at zero. `resumptionMs`: 0 if the stream cannot be resumed. Returns what the client is to be told of it. */
  enable(step: Step, resumptionMs: number): Element {
    const { id, environment, snapshot, presence } = this.#host;
    const { location } = environment.options;
    const resumable = { id, resume: "true", max: String(Math.ceil(resumptionMs / 1_000)), ...(location === undefined ? {} : { location }) };
    this.#queue = new StanzaQueue();
    this.#uncounted = this.#host.deliveredStanzas;
    this.#log.binding = true;
    const kept = presence === undefined ? [] : [{ key: presenceKey, text: serialise(presence, clientNamespace) }];
    this.#log.recordSnapshot(step, snapshot, { contents: kept });
    return el("enabled", { xmlns: managementNamespace, ...(resumptionMs > 0 ? resumable : {}) });
  }

  /** One more stanza of the client is handled, with all that followed in this step. */
  handled(step: Step): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    queue.received += 1;
    step.ifDiscarded(() => (queue.received -= 1));
    this.#countTicket = this.#log.recordLast(step, "StanzasCounted", () => ({ received: queue.received }));
    this.sumUp(step);
  }

  /** Section 4: the answer to `<r/>`. It states only what is on the disk. */
  answer(step: Step): void {
    step.dependOn(this.#countTicket);
    this.#host.write(step, serialise(el("a", { xmlns: managementNamespace, h: String(this.#received) })));
  }

  /** How many stanzas the client means by `h`; undefined if it is more than were sent. */
  meantBy(h: number): number | undefined {
    return this.#queue === undefined ? undefined : fromWire(h, this.#queue.counts);
  }

  /**
   * COMPAT(@xmpp/client, 0.14): begins to count a moment after it has read `<enabled/>`, so that its first answer may count what came
   * before. Returns whether that is all that is wrong with `h`; then the client is asked anew.
   */
  countedTooEarly(step: Step, h: number): boolean {
    const uncounted = this.#uncounted;
    this.#uncounted = 0;
    if (this.#queue === undefined || uncounted === 0 || h > this.#queue.sent + uncounted) return false;
    this.#ask(step);
    return true;
  }

  /** The client has what was sent up to this number. */
  acknowledge(step: Step, number: number): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    const gone = queue.acknowledge(number);
    if (gone === undefined) return;
    for (const { shared } of gone) shared?.taken(step, this);
    this.#log.record(step, "StanzasAcknowledged", { acknowledged: number }, { erases: gone.length === 0 ? [] : queueThrough(number) }, false);
  }

  /** Section 4: the client says what it has, asked or not. */
  answered(step: Step, number: number): void {
    this.acknowledge(step, number);
    const { sent = 0, keeps = true } = this.#queue ?? {};
    const asked = this.#asked;
    this.#asked = undefined;
    this.#uncounted = 0;
    this.#miscount.answered(number, sent);
    if (asked === undefined) return;
    // Where nothing more is kept, what was read before it answered is not given to others, whatever it has counted.
    if (!keeps) this.#letGo(step, asked);
    // What was sent since the question is asked for now, so that it is not asked without end.
    if (sent > asked) this.#askAtEnd(step);
    this.#read = asked;
  }

  /** Puts a stanza into the queue of a session that counts. Other elements are not counted (section 1). */
  queueUp(step: Step, element: Element, text: string, { copy = false, shared, returns, why }: DeliveryNote): void {
    const queue = this.#queue;
    const kind = stanzaKindOf(element);
    if (queue === undefined || kind === undefined) return;
    const stanza = queue.push(text, step.at, copy, shared, returns);
    step.ifDiscarded(() => queue.takeBack(stanza));
    if (kind === "iq" && (element.attrs["type"] === "result" || element.attrs["type"] === "error")) this.#miscount.sentAnswer();
    if (queue.keeps) {
      shared?.hold(this, stanza.number);
      step.ifDiscarded(() => shared?.unhold(this));
      const { type, id, from = null } = element.attrs as { readonly type?: string; readonly id?: string; readonly from?: string };
      const data = { number: stanza.number, kind, type: recordedId(type) ?? "", id: recordedId(id), from, copy, why: why ?? null };
      this.#log.record(step, "StanzaQueued", data, { contents: [contentOf(stanza)] });
      this.#checkBounds(step, queue);
      this.sumUp(step);
    }
    if (this.#asked === undefined) this.#askAtEnd(step);
  }

  /** Asks the client whether it is there. Returns whether that can be asked. */
  probe(step: Step): boolean {
    if (this.#queue === undefined) return false;
    this.#ask(step);
    return true;
  }

  /** Section 5: the stream is resumed; what is not acknowledged is sent again, in order. `greeting`: what the client is told that in. */
  resumed(step: Step, greeting: Greeting = (resumed) => resumed): void {
    step.dependOn(this.#countTicket);
    const { id } = this.#host;
    const resumed = el("resumed", { xmlns: managementNamespace, previd: id, h: String(this.#received) });
    this.#host.write(step, serialise(greeting(resumed), clientNamespace));
    const stanzas = this.#queue?.stanzas ?? [];
    for (const { text } of stanzas) this.#host.write(step, text);
    this.#asked = undefined;
    if (stanzas.length > 0) this.#askAtEnd(step);
  }

  /** Too much was kept: what is sent from now on is not. What the client has not read yet stays, for whoever gets it at the end. */
  stopKeeping(step: Step): void {
    this.#queue?.stopKeeping();
    this.#letGo(step, this.#read);
  }

  /** The client closes its stream in order: what it has read is not given to others, although it may have miscounted it. */
  leaveInOrder(step: Step): void {
    if (this.#miscount.read > 0) this.acknowledge(step, this.#miscount.read);
  }

  becomesCopy(step: Step, number: number): void {
    if (this.#queue?.makeCopy(number) === undefined) return;
    this.#taken.push(number);
    if (this.#taken.length > 1) return;
    step.ifDiscarded(() => (this.#taken = []));
    step.lastly(() => {
      const numbers = this.#taken;
      this.#taken = [];
      this.#log.record(step, "StanzasTaken", { numbers }, { contents: numbers.map((taken) => ({ key: takenKey(taken), text: "" })) }, false);
    });
  }

  /** The session is over. Returns what nobody has but its queue; whatever becomes of it, it is not here any more. */
  giveUp(step: Step): readonly QueuedStanza[] {
    const stanzas = this.#queue?.stanzas ?? [];
    const leftovers = stanzas.filter(({ copy, shared }) => !copy && (shared === undefined || shared.left(this)));
    this.#queue?.stopKeeping();
    this.#letGo(step, stanzas.at(-1)?.number ?? 0);
    return leftovers;
  }

  /** However long a session only chats, what has to be read to restore it stays short. */
  sumUp(step: Step): void {
    if (!this.#log.snapshotDue || this.#summing) return;
    this.#summing = true;
    step.ifDiscarded(() => (this.#summing = false));
    step.lastly(() => {
      this.#summing = false;
      this.#log.recordSnapshot(step, this.#host.snapshot);
    });
  }

  #letGo(step: Step, number: number): void {
    const gone = this.#queue?.letGo(number) ?? [];
    if (gone.length === 0) return;
    for (const { shared } of gone) shared?.unhold(this);
    this.#log.record(step, "QueueDropped", { through: number }, { erases: queueThrough(number) });
  }

  get #received(): number {
    return toWire(this.#queue?.received ?? 0);
  }

  /** What is over the bound is still kept, so that nothing is lost that could be given to others. */
  #checkBounds(step: Step, { stanzas, bytes }: StanzaQueue): void {
    const { queueStanzasMax, queueBytesMax } = this.#host.environment.options;
    if (this.#overflowed || (stanzas.length <= queueStanzasMax && bytes <= queueBytesMax)) return;
    this.#overflowed = true;
    step.ifDiscarded(() => (this.#overflowed = false));
    const fields = { stanzas: stanzas.length, bytes };
    step.afterwards(() => {
      this.#host.environment.tally.refused(fields.stanzas > queueStanzasMax ? "limits.queueStanzas" : "limits.queueBytes");
      this.#host.report("warn", fields, "too much is unacknowledged: the session cannot be resumed any more");
      this.#host.tellLater(step.id, ({ at }) => ({ type: "queue.overflowed", at }));
    });
  }

  /** Once, after all that this step sends: one question for many stanzas. */
  #askAtEnd(step: Step): void {
    if (this.#asking) return;
    this.#asking = true;
    step.ifDiscarded(() => (this.#asking = false));
    step.lastly(() => {
      this.#asking = false;
      this.#ask(step);
    });
  }

  #ask(step: Step): void {
    const { sent = 0 } = this.#queue ?? {};
    const before = this.#asked;
    this.#asked = sent;
    this.#miscount.asked(sent);
    step.ifDiscarded(() => (this.#asked = before));
    this.#host.write(step, `<r xmlns='${managementNamespace}'/>`);
  }
}

function contentOf({ number, at, copy, shared, returns, text }: QueuedStanza): Content {
  return { key: queueKey(number), text: queuedText({ at, copy, sharedId: shared?.id, returns, text }) };
}
