/**
 * The host of one session. It takes what the link tells, tells the machine what changes the session's state and performs
 * what the machine asks for; plain traffic of a connected session goes straight to the router (traffic.ts).
 */
import type { SessionEvent, TimerName } from "../../machines/session-events.ts";
import { fullJid, type SessionContext } from "../../machines/session-context.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { allContents, presenceKey } from "../domain/session-facts.ts";
import type { Timer } from "../ports.ts";
import type { NewFact, Step } from "../step/batch.ts";
import type { Outbox } from "../step/outbox.ts";
import type { Element } from "../xml/element.ts";
import type { Link, StreamFault, StreamHeader } from "../xml/link.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import { SessionActor } from "./actor.ts";
import { Attachment, type LinkOwner } from "./attachment.ts";
import { languageOf, openedBy } from "./border.ts";
import { perform } from "./effects.ts";
import type { DeliveryNote, Receipt, ResumableSession, SessionEnvironment } from "./environment.ts";
import type { HoldReason } from "./flow.ts";
import type { Login } from "./logins.ts";
import { Management } from "./management.ts";
import { mentionOf } from "./mentions.ts";
import { OpenQuestion } from "./open-question.ts";
import { SessionLog } from "./session-log.ts";
import type { Watched } from "./observation.ts";
import type { StanzaQueue } from "./stanza-queue.ts";
import { summaryOf } from "./summary.ts";
import { setPresence, takeEarly, takeElement } from "./traffic.ts";
import { Watching, type SessionWatcher } from "./watching.ts";
import type { Workbench } from "./workbench.ts";

/** A session of the log that goes on where it was. */
export interface RestoredSession {
  readonly id: string;
  readonly snapshot: SessionSnapshot;
  /** When it began, ms since 1970. */
  readonly since: number;
  readonly lang: string | undefined;
  readonly presence: Element | undefined;
  /** undefined if it does not count stanzas. */
  readonly queue: StanzaQueue | undefined;
}

export class SessionHost implements LinkOwner, Workbench, ResumableSession {
  readonly id: string;
  readonly environment: SessionEnvironment;
  readonly timers = new Map<TimerName, Timer>();
  /** When it began, ms since 1970. */
  readonly since: number;
  readonly management: Management;
  login: Login | undefined;
  payload = "";
  resumeTries = 0;
  pending: Element | undefined;
  presence: Element | undefined;
  header: "sent" | Step | undefined;
  /** The language of the client's stream (RFC 6120 section 4.7.4). */
  lang: string | undefined;
  /** When the client was last heard of, ms since 1970. */
  heardAt: number;
  /** First-level elements of the client, and stanzas that were delivered to it. */
  receivedElements = 0;
  deliveredStanzas = 0;
  readonly #log: SessionLog;
  readonly #actor: SessionActor;
  /** Called when the session has no link any more, and when nothing is left of it but its log. */
  readonly #onChanged: (session: SessionHost) => void;
  #attachment: Attachment | undefined;
  #jid: Jid | undefined;
  readonly #question = new OpenQuestion();
  #telling = false;
  /** What came up while the machine was being told something. */
  readonly #queue: SessionEvent[] = [];
  /** A stanza of the client that is not routed yet: something is loaded for it. */
  #routing: Promise<void> | undefined;
  /** This side's stream is closed, or about to be within this step. */
  #ending = false;
  /** The stream is lost, or was closed for a restart: nothing is written to it. */
  #hibernating = false;
  #lostAt: number | undefined;
  #closed = false;
  /** undefined while nobody watches. */
  #watching: Watching | undefined;

  constructor(environment: SessionEnvironment, origin: Link | RestoredSession, onChanged: (session: SessionHost) => void) {
    const { clock, ids, options } = environment;
    const restored = "snapshot" in origin ? origin : undefined;
    this.environment = environment;
    this.id = restored?.id ?? ids.next();
    this.heardAt = clock.now();
    this.since = restored?.since ?? this.heardAt;
    this.#onChanged = onChanged;
    this.#log = new SessionLog(this.id, () => ({ counts: this.management.queue?.counts ?? null, lang: this.lang ?? null }));
    this.management = new Management(this, this.#log, restored?.queue);
    if (restored !== undefined) {
      this.lang = restored.lang;
      this.presence = restored.presence;
      this.header = "sent";
      this.#actor = new SessionActor(this.#log, { snapshot: restored.snapshot });
      this.#log.begin(this.context.host ?? "");
      this.#actor.start();
      this.#rememberState();
      return;
    }
    const link = origin as Link;
    this.#attachment = new Attachment(link, clock, this);
    this.#actor = new SessionActor(this.#log, { input: { at: this.since, secure: link.secure !== null, policy: options.policy } });
  }

  start(): void {
    this.environment.batch.run(null, (step) => {
      for (const effect of this.#actor.start()) perform(this, step, effect);
    });
    this.#attachment?.start();
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

  /** There is a link, though it may be about to go. */
  get attached(): boolean {
    return this.#attachment !== undefined;
  }

  get link(): Link {
    return this.#linked.link;
  }

  /** When the link was made, ms since 1970: later than the session, once it was resumed. */
  get linkedAt(): number {
    return this.#linked.since;
  }

  get outbox(): Outbox {
    return this.#linked.outbox;
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

  get hibernating(): boolean {
    return this.#hibernating;
  }

  get lostAt(): number | undefined {
    return this.#lostAt;
  }

  get keeps(): boolean {
    return this.management.keeps;
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

  renewPresence(step: Step, presence: Element): void {
    if (this.available && !this.#ending) setPresence(this, step, presence, this.priority);
  }

  deliver(step: Step, element: Element, note: DeliveryNote = {}): void {
    // RFC 6120 section 4.4: nothing follows the end tag.
    if (this.#ending) return;
    if (this.#jid !== undefined && !this.#hibernating && this.environment.router.holdsBack(step, this, element)) return;
    this.deliveredStanzas += 1;
    this.environment.observation.onDelivery?.(this, step, element);
    const text = serialise(element, clientNamespace);
    this.management.queueUp(step, element, text, note);
    this.write(step, text);
  }

  /** To the link, if there is one that still takes something; what is counted has been queued before. */
  write(step: Step, text: string): void {
    // RFC 6120 section 4.4: nothing follows the end tag.
    if (this.#ending || this.#hibernating || this.#attachment?.dropped !== false) return;
    this.#watching?.tell((watcher) => watcher.wrote(step, text));
    this.#attachment.output(step, text);
  }

  /** Of the stream itself, at any time while there is a link: whatever the client goes on to say, nothing follows the end tag. */
  writeStream(step: Step, text: string): void {
    if (this.#linked.endTagSent) return;
    this.#watching?.tell((watcher) => watcher.wrote(step, text));
    this.#linked.output(step, text);
  }

  onReceipt(step: Step, receipt: Receipt): void {
    // What is in the queue of a session that counts is the session's own care from now on.
    if (this.management.keeps && !this.#ending) receipt.received(step);
    else if (this.#closed || this.#ending || this.#attachment === undefined) step.afterwards(() => this.#later((step) => receipt.lost(step)));
    else this.#attachment.follow(step, receipt);
  }

  close(condition?: StreamErrorCondition, text = ""): void {
    // Nothing is recorded any more once the store is lost: the last words do not wait for it.
    if (this.environment.batch.failed) this.#log.binding = false;
    this.tellLater(null, ({ at }) =>
      condition === undefined ? { type: "close.requested", at } : { type: "stream.failed", at, condition, text },
    );
  }

  /** The client may be gone: without its link it can still come back, if it can resume. */
  giveUp(why: string): void {
    if (this.context.management !== "resumable") return this.close("connection-timeout", why);
    this.#attachment?.drop();
    this.lost(why);
  }

  get held(): boolean {
    return this.#attachment?.held === true;
  }

  hold(reason: HoldReason): void {
    this.#attachment?.hold(reason);
  }

  release(reason: HoldReason): void {
    this.#attachment?.unhold(reason);
  }

  // What the link tells.

  heard(): void {
    this.heardAt = this.environment.clock.now();
  }

  opened(header: StreamHeader): void {
    this.lang = languageOf(header.lang);
    this.tellLater(null, (step) => {
      this.#watching?.tell((watcher) => watcher.opened(step, header));
      return openedBy(header, this.environment.options.hosts, step.at);
    });
  }

  element(element: Element): void {
    this.receivedElements += 1;
    this.guarded(null, (step) => {
      this.#watching?.tell((watcher) => watcher.received(step, element));
      takeElement(this, step, element);
    });
  }

  failed({ condition, text }: StreamFault): void {
    this.tellLater(null, ({ at }) => ({ type: "stream.failed", at, condition, text }));
  }

  ended(): void {
    this.tellLater(null, (step) => {
      this.#watching?.tell((watcher) => watcher.ended(step));
      if (!this.#hibernating) this.management.leaveInOrder(step);
      return { type: "stream.ended", at: step.at };
    });
  }

  lost(why: string): void {
    const attachment = this.#attachment;
    this.tellLater(null, ({ at }) => ({ type: "link.lost", at, why }));
    // Resumed meanwhile, or ended: what is left of it is dealt with there.
    if (this.#closed || this.#attachment !== attachment) return;
    this.#attachment = undefined;
    if (attachment !== undefined) this.#letGo(attachment);
    this.#onChanged(this);
  }

  received(receipts: readonly Receipt[]): void {
    for (const receipt of receipts) this.#later((step) => receipt.received(step));
  }

  stuck(bytes: number): void {
    this.report("warn", { bytes }, "a client does not read and is dropped");
  }

  broke(error: unknown): void {
    this.#fail(error);
  }

  // Resumption (XEP-0198 section 5).

  async idle(): Promise<void> {
    while (this.#routing !== undefined) await this.#routing;
  }

  takeOver(step: Step, attachment: Attachment, acknowledged: number, lang: string | undefined): void {
    const former = this.#attachment;
    this.#attachment = attachment;
    attachment.belongTo(this);
    step.ifDiscarded(() => this.#takeBack(former));
    this.lang = lang;
    this.heard();
    this.management.acknowledge(step, acknowledged);
    this.tell(step, { type: "link.attached", at: step.at });
    step.afterwards(() => {
      if (former !== undefined) {
        const { closingMs } = this.environment.options.policy;
        const wrote = (text: string): void => this.#watching?.tell((watcher) => watcher.wrote(step, text));
        this.#letGo(former, () => former.replaced(closingMs, wrote));
      }
      attachment.unhold("asking");
    });
  }

  handOver(step: Step): Attachment {
    const attachment = this.#linked;
    this.#attachment = undefined;
    step.ifDiscarded(() => {
      this.#attachment = attachment;
      attachment.belongTo(this);
    });
    return attachment;
  }

  /** The step that was to give it a link has failed; its machine knows of that link all the same. */
  #takeBack(former: Attachment | undefined): void {
    this.#attachment = former;
    if (former === undefined) this.environment.clock.soon(() => this.lost("it could not be resumed"));
  }

  /** Of what was to leave over this link nothing is certain any more. */
  #letGo(attachment: Attachment, release = () => attachment.release()): void {
    const receipts = attachment.lostReceipts();
    release();
    for (const receipt of receipts) this.#later((step) => receipt.lost(step));
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
    if (this.#ending) this.#question.drop();
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
    this.hold("asking");
    this.#question.ask(
      asked,
      (value) => this.tellLater(cause, (step) => answered(value, step)),
      (error) => this.tellLater(cause, (step) => failed(error, step)),
    );
  }

  /** Holds the client's input until what was loaded for a stanza has let it be routed (RFC 6120 section 10.1). */
  awaitRouting(loading: Promise<void>, stanzaTo: string | undefined): void {
    this.hold("routing");
    this.#routing = loading
      .catch((error: unknown) => {
        this.environment.log.error({ err: error, session: this.id, to: stanzaTo }, "a stanza could not be routed");
        this.tellLater(null, ({ at }) => ({ type: "host.failed", at, why: String(error) }));
      })
      .finally(() => {
        this.#routing = undefined;
        this.release("routing");
      });
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

  /** From now on, until it is stopped. */
  watch(watcher: SessionWatcher): Watched {
    const watching = (this.#watching ??= new Watching((error) => {
      this.report("warn", { err: error }, "somebody who watched a session met an error");
      end();
    }));
    // Nobody is left: nothing is told any more.
    const end = (): void => {
      if (watching.size > 0 || this.#watching !== watching) return;
      this.#watching = undefined;
      this.#actor.observe(undefined);
    };
    watching.add(watcher);
    this.#actor.observe((step, event, transitions, snapshot) => {
      watching.tell((one) => one.told(step, event, transitions, snapshot));
    });
    return {
      summary: summaryOf(this),
      stream: this.#log.stream ?? null,
      snapshot: this.snapshot,
      counts: this.management.queue?.counts ?? null,
      lang: this.lang ?? null,
      stop: () => {
        watching.remove(watcher);
        end();
      },
    };
  }

  /** Nothing is told or done any more: memory is dropped, and what is on the disk says what was. */
  abandon(): void {
    this.#closed = true;
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
    this.#attachment?.release();
  }

  report(level: "debug" | "info" | "warn", fields: object, message: string): void {
    this.environment.log[level]({ ...this.#who(), ...fields }, message);
  }

  get #linked(): Attachment {
    if (this.#attachment === undefined) throw new Error(`session ${this.id} has no link`);
    return this.#attachment;
  }

  #releaseIfAnswered(): void {
    if (!this.#question.isOpen) this.release("asking");
  }

  #tellNow(step: Step, event: SessionEvent): void {
    // A session that has reached its end takes nothing more, also within the step that ended it.
    if (this.snapshot.status !== "active") return;
    const hadLink = !this.#hibernating;
    this.#telling = true;
    this.environment.observation.told += 1;
    try {
      const effects = this.#actor.tell(step, event, this.#extrasOf(event));
      this.#rememberState();
      for (const effect of effects) perform(this, step, effect);
    } finally {
      this.#telling = false;
    }
    this.#mention(event);
    if (hadLink && this.#hibernating) this.environment.router.linkLost(step, this);
    if (this.snapshot.status !== "active") this.#recordEnd(step);
  }

  /** What a session that counts keeps beside its log, so that it can be restored. */
  #extrasOf({ type }: SessionEvent): Pick<NewFact, "contents" | "erases"> {
    if (this.management.queue === undefined) return {};
    if (type === "presence.changed" && this.presence !== undefined) {
      return { contents: [{ key: presenceKey, text: serialise(this.presence, clientNamespace) }] };
    }
    return type === "presence.withdrawn" ? { erases: [presenceKey] } : {};
  }

  #recordEnd(step: Step): void {
    const { queue } = this.management;
    const data = { reason: this.context.reason ?? "", received: queue?.received ?? null };
    this.#log.recordEnd(step, data, queue === undefined ? {} : { erases: [allContents] });
    step.afterwards(() => this.#finish());
  }

  /** What is asked for with each stanza. */
  #rememberState(): void {
    const { snapshot } = this;
    this.#ending = snapshot.matches("closing") || snapshot.matches("closed");
    this.#hibernating = snapshot.matches({ connected: { link: "hibernating" } });
    if (!this.#hibernating) this.#lostAt = undefined;
    else this.#lostAt ??= this.environment.clock.now();
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
      this.#attachment?.link.destroy();
      this.#finish();
    }
  }

  /** In a step of its own. What goes wrong there is not this session's. */
  #later(work: (step: Step) => void): void {
    try {
      this.environment.batch.run(null, work);
    } catch (error) {
      this.report("warn", { err: error }, "what follows a receipt could not be done");
    }
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#jid = undefined;
    this.environment.registry.remove(this);
    for (const receipt of this.#attachment?.lostReceipts() ?? []) this.#later((step) => receipt.lost(step));
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
    const { reason, username } = this.context;
    const fields = { reason, durationMs: this.environment.clock.now() - this.since };
    this.report(username === null ? "debug" : "info", fields, "session closed");
    this.#watching?.tell((watcher) => watcher.closed());
    this.#onChanged(this);
  }

  #mention(event: SessionEvent): void {
    const mention = mentionOf(event, { hibernating: this.#hibernating, secure: this.#attachment?.link.secure?.protocol });
    if (mention !== undefined) this.report("info", mention.fields, mention.message);
  }

  #who(): object {
    const { username, host } = this.context;
    const bare = username === null ? undefined : `${username}@${host}`;
    return { session: this.id, jid: this.#jid?.full ?? bare, from: this.#attachment?.link.remoteAddress };
  }
}
