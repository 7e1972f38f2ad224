/** A BOSH session: a link whose stream goes by requests and answers (XEP-0124, XEP-0206). The machine says what becomes of each; this has what they hold. */
import { createActor, type ActorRefFrom } from "xstate";
import type { BoshCondition, BoshEffect, BoshEvent, BoshPolicy, BoshTimer } from "../../machines/bosh-events.ts";
import { boshMachine } from "../../machines/bosh.ts";
import { wrapperBytesMax, type XmlLimits } from "../domain/limits.ts";
import type { Clock, SecureLink, Timer } from "../ports.ts";
import { badFormat } from "../xml/faults.ts";
import { framedFooter, framedHeader } from "../xml/framing.ts";
import type { Link, LinkHandler, StreamHeader } from "../xml/link.ts";
import { askAgainText, bodyText, terminateText, xboshAttributes, type Body } from "./body.ts";

export interface BoshSessionOptions {
  readonly sid: string;
  readonly remoteAddress: string;
  readonly loopback: boolean;
  readonly secure: SecureLink | null;
  readonly policy: BoshPolicy;
  /** What it says in its first answer besides (XEP-0124 section 7.2). */
  readonly agreed: Readonly<Record<string, string | number | undefined>>;
  /** The one that has made it. */
  readonly first: Body;
  readonly limits: XmlLimits;
  readonly clock: Clock;
  /** There is no such session any more. */
  onOver(): void;
  /** Is told of an exception that a handler let out: it ends that link, and nothing else. */
  report(error: unknown): void;
}

export class BoshSession implements Link {
  readonly transport = "bosh";
  readonly remoteAddress: string;
  readonly loopback: boolean;
  readonly secure: SecureLink | null;
  /** XEP-0206 section 4. */
  readonly canStartTls = false;
  readonly footerText = framedFooter;
  readonly #options: BoshSessionOptions;
  readonly #actor: ActorRefFrom<typeof boshMachine>;
  /** What requests say that have not been taken, by rid. */
  readonly #bodies = new Map<number, Body>();
  /** Who waits for the answer to a rid: one, and while another is about to take its place, both. */
  readonly #waiting = new Map<number, readonly ((text: string) => void)[]>();
  /** Answers that are kept, by rid (section 14.3). */
  readonly #answers = new Map<number, string>();
  #limits: XmlLimits;
  #handler: LinkHandler | undefined;
  /** What has been taken and waits for the link to be resumed: the stream begins, or an element. */
  #input: { readonly task: () => void; readonly bytes: number }[] = [];
  #inputBytes = 0;
  #paused = true;
  /** The next thing expected is that the stream begins. */
  #atStart = true;
  /** The client's stream is over or broken. */
  #deaf = false;
  #lost = false;
  #over = false;
  #finished = false;
  /** What is to be said to the client. */
  #payloads: string[] = [];
  #payloadBytes = 0;
  /** What has been said since the client was last heard of. */
  #saidBytes = 0;
  #header: { readonly text: string; readonly header: StreamHeader } | undefined;
  /** Of the header that was written, until an answer has them. */
  #attributes: Readonly<Record<string, string | number | undefined>>;
  #failed = false;
  readonly #timers = new Map<BoshTimer, Timer>();

  constructor(options: BoshSessionOptions) {
    const { first, policy, clock } = options;
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
    this.loopback = options.loopback;
    // Its requests come by many connections, so nothing of one of them can be bound to (RFC 9266 section 3).
    this.secure = options.secure && { ...options.secure, tlsExporter: undefined };
    this.#limits = options.limits;
    this.#attributes = { sid: options.sid, ...options.agreed, ...xboshAttributes };
    this.#actor = createActor(boshMachine, { input: { policy, rid: first.rid, at: clock.now() } });
    this.#actor.on("*", (effect) => this.#perform(effect));
    // After its last effects: what a handler does meanwhile finds it over, and its stream not yet told so.
    const complete = () => this.#over || this.#endStream(false);
    this.#actor.subscribe({ complete, error: (error) => (options.report(error), complete()) });
    this.#actor.start();
    this.#arm("wait", clock.now() + policy.waitMs);
    this.#bodies.set(first.rid, first);
    this.#handOver(first.rid);
  }

  get limits(): XmlLimits {
    return this.#limits;
  }

  /**
   * Who sends another request after an answer has probably had that answer, and who sends one more has it for certain: with two requests under
   * way at most, the first may have crossed it (section 11).
   */
  get bufferedBytes(): number {
    return this.#payloadBytes + this.#saidBytes;
  }

  // What the HTTP side tells.

  /** Resolves with the answer to the request that has made the session. */
  answerToFirst(): Promise<string> {
    return this.#answerTo(this.#options.first.rid);
  }

  /** A request of the client. Resolves with its answer. */
  take(body: Body): Promise<string> {
    if (this.#over) return Promise.resolve(terminateText("item-not-found"));
    const { rid, payloads, restart, terminate, pause, ack = null } = body;
    if (pause !== undefined && pause * 1_000 > this.#options.policy.maxPauseMs) return Promise.resolve(this.#break("policy-violation"));
    const isNew = rid >= this.#actor.getSnapshot().context.next && !this.#bodies.has(rid);
    if (isNew) this.#bodies.set(rid, body);
    const answer = this.#answerTo(rid);
    this.#guard(() => this.#handler?.heard(body.bytes));
    if (isNew) this.#taken();
    this.#tell({
      type: "request.came",
      rid,
      purpose: terminate ? "terminate" : pause === undefined ? "more" : "pause",
      empty: payloads.length === 0 && !restart,
      pauseMs: (pause ?? 0) * 1_000,
      ack,
    });
    return answer;
  }

  /** What cannot be read as a request of this session ends it. Returns the answer. */
  breakOff(): string {
    return this.#break("bad-request");
  }

  // What a session asks of its link.

  attach(handler: LinkHandler): void {
    const first = this.#handler === undefined;
    this.#handler = handler;
    if (first) this.resume();
  }

  headerText(header: StreamHeader): string {
    const text = framedHeader(header);
    this.#header = { text, header };
    return text;
  }

  write(texts: readonly string[]): void {
    if (this.#over) return;
    let ends = false;
    for (const text of texts) {
      if (text === this.#header?.text) {
        const { id, from } = this.#header.header;
        this.#attributes = { ...this.#attributes, authid: id, from };
        this.#header = undefined;
      } else if (text === this.footerText) ends = true;
      else {
        if (text.startsWith("<stream:error")) this.#failed = true;
        this.#payloads.push(text);
        this.#payloadBytes += Buffer.byteLength(text);
      }
    }
    if (ends) this.end();
    else if (this.#payloads.length > 0) this.#tell({ type: "payload.came" });
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#tell({ type: "input.held" });
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    while (!this.#paused && this.#input.length > 0) this.#takeInput();
    // What waited may have paused the link again.
    if (!this.#paused) this.#tell({ type: "input.released" });
  }

  restart(): void {
    this.#deaf = false;
    this.#atStart = true;
  }

  async startTls(): Promise<SecureLink> {
    throw new Error("startTls: BOSH has its TLS below HTTP, or none (XEP-0206 section 4)");
  }

  setLimits(limits: XmlLimits): void {
    this.#limits = limits;
  }

  /** What was written leaves with the next answers; where the end tag was written nothing follows them. */
  end(): void {
    this.#tell({ type: "stream.ended", condition: this.#failed ? "remote-stream-error" : null });
  }

  /** Where the stream is over and the client is still to be told how, it is told so with its next request all the same. */
  destroy(): void {
    if (this.#over || this.#actor.getSnapshot().matches("ending")) this.#lose("the stream is closed");
    else this.#break("remote-connection-failed");
  }

  /** The server stops: there is no next request. */
  shutDown(): void {
    if (!this.#over) this.#break("system-shutdown");
  }

  // What the machine asks for.

  #perform(effect: BoshEffect): void {
    switch (effect.type) {
      case "hand.over":
        return this.#handOver(effect.rid);
      case "answer":
        return this.#answer(effect.rid, effect.payload);
      case "repeat":
        return this.#respond(effect.rid, this.#answers.get(effect.rid) ?? terminateText("item-not-found"));
      case "displace":
        return this.#displace(effect.rid);
      case "forget":
        return this.#forget(effect.upTo);
      case "terminate":
        return this.#terminate(effect.condition, effect.payload);
      case "arm":
        return this.#arm(effect.timer, effect.deadline);
      case "end.stream":
        return this.#endStream(effect.orderly);
    }
  }

  #handOver(rid: number): void {
    const body = this.#bodies.get(rid);
    this.#bodies.delete(rid);
    if (body === undefined) return;
    const { restart, payloads, bytes } = body;
    // XEP-0206 section 5: what such a request says besides is nothing.
    if (restart || body === this.#options.first) return this.#queue(() => this.#open(body));
    // What they weigh together counts once.
    for (const [index, payload] of payloads.entries()) {
      this.#queue(() => {
        if (this.#deaf) return;
        if (this.#atStart) this.#fail("the stream has to be restarted first (XEP-0206 section 5)");
        else this.#handler?.element(payload, index === 0 ? bytes : 0);
      }, index === 0 ? bytes : 0);
    }
  }

  #open({ to, from, lang, version }: Body): void {
    if (this.#deaf) return;
    if (!this.#atStart) return this.#fail("a stream is restarted where a login has just been made (XEP-0206 section 5)");
    this.#atStart = false;
    // XEP-0206 section 5: where a restart says it not again, it is as it was.
    const { first } = this.#options;
    this.#handler?.opened({ to: to ?? first.to, from: from ?? first.from, id: undefined, version: version ?? first.version ?? "1.0", lang: lang ?? first.lang });
  }

  #fail(text: string): void {
    this.#deaf = true;
    this.#handler?.failed(badFormat(text));
  }

  /**
   * `bytes`: of the body that it is of. A link that is paused takes no more of them than a client may have under way that is given no reason to
   * say more: who polls or announces pauses is answered all the same (sections 10 and 12), and could go on without end.
   */
  #queue(task: () => void, bytes = 0): void {
    if (this.#lost) return;
    if (!this.#paused && this.#input.length === 0) return this.#guard(task);
    this.#input.push({ task, bytes });
    this.#inputBytes += bytes;
    if (this.#inputBytes > (this.#options.policy.requests + 1) * (this.#limits.stanzaBytesMax + wrapperBytesMax)) this.#break("policy-violation");
  }

  #takeInput(): void {
    const { task, bytes } = this.#input.shift()!;
    this.#inputBytes -= bytes;
    this.#guard(task);
  }

  #answer(rid: number, payload: boolean): void {
    const payloads = payload ? this.#payloads.splice(0) : [];
    if (payload) this.#payloadBytes = 0;
    const text = bodyText(this.#attributes, payloads);
    this.#attributes = {};
    this.#answers.set(rid, text);
    if (payloads.length > 0) this.#saidBytes += Buffer.byteLength(text);
    this.#respond(rid, text);
  }

  #respond(rid: number, text: string): void {
    const waiting = this.#waiting.get(rid) ?? [];
    this.#waiting.delete(rid);
    for (const respond of waiting) respond(text);
  }

  #answerTo(rid: number): Promise<string> {
    return new Promise((resolve) => this.#waiting.set(rid, [...(this.#waiting.get(rid) ?? []), resolve]));
  }

  /** XEP-0124 section 14.3: who asked last is answered. */
  #displace(rid: number): void {
    const [former, ...others] = this.#waiting.get(rid) ?? [];
    this.#waiting.set(rid, others);
    former?.(askAgainText);
  }

  #forget(upTo: number): void {
    for (const rid of this.#answers.keys()) if (rid <= upTo) this.#answers.delete(rid);
  }

  #taken(): void {
    this.#saidBytes = 0;
    if (this.#payloadBytes === 0) this.#guard(() => this.#handler?.drained());
  }

  /** XEP-0124 section 13: the oldest is told how it ended, and where it ended in order the others have no more to know. */
  #terminate(condition: BoshCondition | null, payload: boolean): void {
    this.#over = true;
    const rids = [...this.#waiting.keys()].toSorted((one, other) => one - other);
    rids.forEach((rid, index) => {
      const payloads = payload && index === 0 ? this.#payloads.splice(0) : [];
      this.#respond(rid, condition === null && index > 0 ? bodyText({}) : terminateText(condition, payloads));
    });
    this.#finish();
    if (payload) this.#lose("the stream is closed");
  }

  #endStream(orderly: boolean): void {
    this.#over = true;
    this.#finish();
    if (!orderly) return this.#lose("the client was not heard of for too long, or broke the rules of BOSH");
    // What it said with its end is heard before.
    this.#queue(() => {
      this.#deaf = true;
      this.#handler?.ended();
      this.#lose("the client has ended its BOSH session");
    });
  }

  #break(condition: BoshCondition): string {
    this.#tell({ type: "session.broken", condition });
    this.#lose(`the BOSH session was ended: ${condition}`);
    return terminateText(condition);
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    // Those whose turn has not come.
    for (const rid of this.#waiting.keys()) this.#respond(rid, terminateText("item-not-found"));
    this.#payloads = [];
    this.#payloadBytes = 0;
    this.#options.onOver();
  }

  #arm(timer: BoshTimer, deadline: number): void {
    for (const former of this.#timers.values()) former.cancel();
    this.#timers.clear();
    this.#timers.set(timer, this.#options.clock.at(deadline, () => this.#tell({ type: "timer.expired", timer })));
  }

  #tell(event: Untimed): void {
    if (this.#actor.getSnapshot().status === "active") this.#actor.send({ ...event, at: this.#options.clock.now() } as BoshEvent);
  }

  #lose(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#input = [];
    try {
      this.#handler?.lost(reason);
    } catch (error) {
      this.#options.report(error);
    }
  }

  /** An exception of one session's handler closes that session's link, never the process. */
  #guard(task: () => void): void {
    if (this.#lost) return;
    try {
      task();
    } catch (error) {
      this.#options.report(error);
      this.#break("remote-connection-failed");
    }
  }
}

type Untimed = BoshEvent extends infer Event ? (Event extends BoshEvent ? Omit<Event, "at"> : never) : never;
