/**
 * The host of one session. It takes what the link tells, tells the machine what changes the session's state and performs
 * what the machine asks for; plain traffic of a connected session goes straight to the router (traffic.ts).
 */
import type { SessionEvent, TimerName } from "../../machines/session-events.ts";
import { fullJid, type SessionContext } from "../../machines/session-context.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { inputTurnMs, outboxBytesHardMax, outboxBytesSoftMax } from "../domain/limits.ts";
import type { Timer } from "../ports.ts";
import type { Step } from "../step/batch.ts";
import { Outbox } from "../step/outbox.ts";
import type { Element } from "../xml/element.ts";
import type { Link, LinkHandler, StreamFault, StreamHeader } from "../xml/link.ts";
import { SessionActor } from "./actor.ts";
import { languageOf, openedBy } from "./border.ts";
import { perform, send } from "./effects.ts";
import type { Receipt, SessionEnvironment } from "./environment.ts";
import { Flow, type HoldReason } from "./flow.ts";
import type { Login } from "./logins.ts";
import { Receipts } from "./receipts.ts";
import { takeEarly, takeElement } from "./traffic.ts";
import type { Workbench } from "./workbench.ts";

export class SessionHost implements LinkHandler, Workbench {
  readonly id: string;
  readonly environment: SessionEnvironment;
  readonly link: Link;
  readonly outbox: Outbox;
  readonly timers = new Map<TimerName, Timer>();
  /** Milliseconds since 1970. */
  readonly since: number;
  login: Login | undefined;
  payload = "";
  pending: Element | undefined;
  presence: Element | undefined;
  header: "sent" | Step | undefined;
  /** The language of the client's stream (RFC 6120 section 4.7.4). */
  lang: string | undefined;
  /** When the client was last heard of, ms since 1970. */
  heardAt: number;
  readonly #actor: SessionActor;
  readonly #flow: Flow;
  /** Called once, when nothing of the session is left but its log. */
  readonly #receipts: Receipts;
  readonly #onClosed: (session: SessionHost) => void;
  #jid: Jid | undefined;
  /** Counts asked effects; an answer to another than the last one comes too late. */
  #question = 0;
  #asking = false;
  #telling = false;
  /** What came up while the machine was being told something. */
  readonly #queue: SessionEvent[] = [];
  /** This side's stream is closed, or about to be within this step. */
  #ending = false;
  #closed = false;
  /** The link is being destroyed, and will be told lost. */
  #dropped = false;
  /** When this client's input began to be taken without others in between, ms since 1970. */
  #turnBegan = 0;

  constructor(environment: SessionEnvironment, link: Link, onClosed: (session: SessionHost) => void) {
    this.environment = environment;
    this.link = link;
    this.id = environment.ids.next();
    this.since = this.heardAt = environment.clock.now();
    this.#onClosed = onClosed;
    this.#flow = new Flow(link, environment.clock, (bytes) => this.#report("warn", { bytes }, "a client does not read and is dropped"));
    this.outbox = new Outbox((text) => this.#flow.write(text), (error) => this.#fail(error));
    this.#receipts = new Receipts(link, this.outbox);
    const { policy } = environment.options;
    this.#actor = new SessionActor(this.id, { at: this.since, secure: link.secure !== null, policy });
  }

  start(): void {
    this.environment.batch.run(null, (step) => {
      for (const effect of this.#actor.start()) perform(this, step, effect);
    });
    this.link.attach(this);
  }

  get snapshot(): SessionSnapshot {
    return this.#actor.snapshot;
  }

  get context(): SessionContext {
    return this.#actor.snapshot.context;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get connected(): boolean {
    return this.#jid !== undefined;
  }

  get jid(): Jid {
    if (this.#jid === undefined) throw new Error("a session without a bound resource has no JID");
    return this.#jid;
  }

  get resource(): string {
    return this.jid.resource ?? "";
  }

  get available(): boolean {
    return this.context.presence !== null;
  }

  get interested(): boolean {
    return this.snapshot.hasTag("interested");
  }

  get priority(): number {
    return this.context.priority;
  }

  hasDirected(to: Jid): boolean {
    const { directed } = this.context;
    return directed.length > 0 && (directed.includes(to.full) || directed.includes(to.bare));
  }

  get directed(): readonly string[] {
    return this.context.directed;
  }

  get extensions(): SessionContext["extensions"] {
    return this.context.extensions;
  }

  deliver(step: Step, element: Element): void {
    // RFC 6120 section 4.4: nothing follows the end tag.
    if (this.#ending || this.#dropped) return;
    send(this, step, element);
    if (this.outbox.waitingChars > outboxBytesHardMax) this.#drop();
  }

  onReceipt(step: Step, receipt: Receipt): void {
    if (this.#closed || this.#ending) step.afterwards(() => this.#later((step) => receipt.lost(step)));
    else this.#receipts.follow(step, receipt);
  }

  close(condition?: StreamErrorCondition, text = ""): void {
    this.tellLater(null, ({ at }) =>
      condition === undefined ? { type: "close.requested", at } : { type: "stream.failed", at, condition, text },
    );
  }

  get held(): boolean {
    return this.#flow.held;
  }

  hold(reason: HoldReason): void {
    this.#flow.hold(reason);
  }

  release(reason: HoldReason): void {
    this.#flow.release(reason);
  }

  // What the link tells.

  heard(): void {
    this.heardAt = this.#turnBegan = this.environment.clock.now();
    if (this.#receipts.waiting) this.#confirm();
  }

  opened(header: StreamHeader): void {
    this.lang = languageOf(header.lang);
    this.tellLater(null, ({ at }) => openedBy(header, this.environment.options.hosts, at));
  }

  element(element: Element): void {
    this.guarded(null, (step) => {
      takeElement(this, step, element);
      if (step.at - this.#turnBegan > inputTurnMs) this.#giveWay();
    });
    if (this.outbox.waitingChars > outboxBytesSoftMax) this.#awaitOutbox();
  }

  failed({ condition, text }: StreamFault): void {
    this.tellLater(null, ({ at }) => ({ type: "stream.failed", at, condition, text }));
  }

  ended(): void {
    this.tellLater(null, ({ at }) => ({ type: "stream.ended", at }));
  }

  lost(why: string): void {
    this.#flow.stop();
    this.outbox.clear();
    this.tellLater(null, ({ at }) => ({ type: "link.lost", at, why }));
  }

  drained(): void {
    this.#receipts.taken();
    this.#flow.drained();
  }

  // What the machine is told.

  tell(step: Step, event: SessionEvent): void {
    if (this.#telling) {
      this.#queue.push(event);
      return;
    }
    this.#tellNow(step, event);
    // What came up meanwhile follows in the same step, as its consequence.
    while (this.#queue.length > 0) this.#tellNow(step, this.#queue.shift()!);
    // At its end a session waits for no answer any more.
    if (this.#ending) this.#asking = false;
    step.afterwards(() => this.#releaseIfAnswered());
  }

  tellLater(cause: string | null, event: (step: Step) => SessionEvent): void {
    if (!this.#closed) this.guarded(cause, (step) => this.tell(step, event(step)));
  }

  ask<Value>(
    cause: string,
    asked: Promise<Value>,
    answered: (value: Value, step: Step) => SessionEvent,
    failed: (error: unknown, step: Step) => SessionEvent,
  ): void {
    const question = ++this.#question;
    this.#asking = true;
    this.hold("asking");
    const answer = (event: (step: Step) => SessionEvent): void => {
      if (!this.#asking || this.#question !== question) return;
      this.#asking = false;
      this.tellLater(cause, event);
    };
    asked.then(
      (value) => answer((step) => answered(value, step)),
      (error: unknown) => answer((step) => failed(error, step)),
    );
  }

  handleEarly(step: Step, element: Element): void {
    takeEarly(this, step, element);
  }

  /** An exception in one session closes that session alone. */
  guarded(cause: string | null, work: (step: Step) => void): void {
    try {
      this.environment.batch.run(cause, work);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** One client's input, however much of it came at once, does not keep the others waiting. */
  #giveWay(): void {
    this.hold("turn");
    this.environment.clock.soon(() => {
      this.#turnBegan = this.environment.clock.now();
      this.release("turn");
    });
  }

  /** What has been answered leaves before more is asked: the answers to a few bytes can be many. */
  #awaitOutbox(): void {
    this.hold("answers");
    this.outbox.whenWritten(() => this.release("answers"));
  }

  /** Too much waits for the client: it is dropped, and nothing of it is kept until the link is gone. */
  #drop(): void {
    this.#dropped = true;
    this.hold("dropped");
    this.outbox.clear();
    this.link.destroy();
  }

  #releaseIfAnswered(): void {
    if (!this.#asking) this.release("asking");
  }

  #tellNow(step: Step, event: SessionEvent): void {
    // A session that has reached its end takes nothing more, also within the step that ended it.
    if (this.snapshot.status !== "active") return;
    this.#telling = true;
    try {
      const effects = this.#actor.tell(step, event);
      this.#rememberState();
      for (const effect of effects) perform(this, step, effect);
    } finally {
      this.#telling = false;
    }
    this.#mention(event);
    if (this.snapshot.status !== "active") step.afterwards(() => this.#finish());
  }

  /** What is asked for with each stanza. */
  #rememberState(): void {
    const { snapshot } = this;
    this.#ending = snapshot.matches("closing") || snapshot.matches("closed");
    if (!snapshot.hasTag("connected")) this.#jid = undefined;
    else if (this.#jid === undefined) this.#jid = parseJid(fullJid(snapshot.context));
  }

  #fail(error: unknown): void {
    this.environment.log.error({ err: error, ...this.#who() }, "a session met an error and is closed");
    const why = error instanceof Error ? error.message : String(error);
    try {
      this.environment.batch.run(null, (step) => this.tell(step, { type: "host.failed", at: step.at, why }));
    } catch (second) {
      this.environment.log.error({ err: second, ...this.#who() }, "a session could not be closed in order and is dropped");
      this.#actor.abandon();
    }
    // A step that failed took back what it was to do after it, the end of the session included.
    if (this.snapshot.status !== "active" && !this.#closed) {
      this.link.destroy();
      this.#finish();
    }
  }

  /** What comes, the end tag included, comes from a client that has what the socket took before. */
  #confirm(): void {
    for (const receipt of this.#receipts.confirmed()) this.#later((step) => receipt.received(step));
  }

  /** In a step of its own. What goes wrong there is not this session's. */
  #later(work: (step: Step) => void): void {
    try {
      this.environment.batch.run(null, work);
    } catch (error) {
      this.#report("warn", { err: error }, "what follows a receipt could not be done");
    }
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#jid = undefined;
    this.environment.registry.remove(this);
    for (const receipt of this.#receipts.lost()) this.#later((step) => receipt.lost(step));
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
    const { reason, username } = this.context;
    const fields = { reason, durationMs: this.environment.clock.now() - this.since };
    this.#report(username === null ? "debug" : "info", fields, "session closed");
    this.#onClosed(this);
  }

  /** The few lines that an operator needs of a session. */
  #mention(event: SessionEvent): void {
    if (event.type === "sasl.succeeded") this.#report("info", { secure: this.link.secure?.protocol }, "logged in");
    if (event.type === "resource.bound") this.#report("info", { resource: event.resource }, "resource bound");
  }

  #report(level: "debug" | "info" | "warn", fields: object, message: string): void {
    this.environment.log[level]({ ...this.#who(), ...fields }, message);
  }

  #who(): object {
    const { username, host } = this.context;
    const bare = username === null ? undefined : `${username}@${host}`;
    return { session: this.id, jid: this.#jid?.full ?? bare, from: this.link.remoteAddress };
  }
}
