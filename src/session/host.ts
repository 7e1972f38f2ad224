/**
 * The host of one session: what its link tells becomes what its machine is told (telling.ts), or goes straight to the router (traffic.ts),
 * and what it is given leaves over the link that it has (session-link.ts). An error in it ends it alone.
 */
import type { SessionEvent, TimerName } from "../../machines/session-events.ts";
import type { SessionContext } from "../../machines/session-context.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import { failedExtension } from "../domain/extension-error.ts";
import { outboxBytesHardMax } from "../domain/limits.ts";
import type { Jid } from "../domain/jid.ts";
import type { Json, Timer } from "../ports.ts";
import type { Step } from "../step/batch.ts";
import type { Outbox } from "../step/outbox.ts";
import type { Element } from "../xml/element.ts";
import type { Link, StreamFault, StreamHeader } from "../xml/link.ts";
import type { Kind } from "../step/tally.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import { SessionActor } from "./actor.ts";
import { Attachment, type LinkOwner } from "./attachment.ts";
import { disturbed, languageOf, openedBy } from "./border.ts";
import type { DeliveryNote, Greeting, HeldNote, Receipt, ResumableSession, SessionEnvironment } from "./environment.ts";
import type { HoldReason } from "./flow.ts";
import { HeldStanzas } from "./held-stanzas.ts";
import type { InlineLogin } from "./inline-login.ts";
import type { Login } from "./logins.ts";
import { Management } from "./management.ts";
import { mentionOf } from "./mentions.ts";
import { remember } from "./remember.ts";
import type { RestoredSession } from "./restored-session.ts";
import { SessionLink } from "./session-link.ts";
import { SessionLog } from "./session-log.ts";
import { Standing } from "./standing.ts";
import type { Watched } from "./observation.ts";
import { summaryOf } from "./summary.ts";
import { Telling } from "./telling.ts";
import { setPresence, takeEarly, takeElement } from "./traffic.ts";
import { WatchedSession } from "./watched-session.ts";
import type { SessionWatcher } from "./watching.ts";
import type { Workbench } from "./workbench.ts";

export class SessionHost implements LinkOwner, Workbench, ResumableSession {
  readonly id: string;
  readonly environment: SessionEnvironment;
  readonly timers = new Map<TimerName, Timer>();
  /** When it began, ms since 1970. */
  readonly since: number;
  readonly management: Management;
  readonly heldBack: HeldStanzas;
  login: Login | undefined;
  inline: InlineLogin | undefined;
  greeting: Greeting | undefined;
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
  readonly #standing: Standing;
  readonly #telling: Telling;
  readonly #link: SessionLink;
  readonly #watched: WatchedSession;
  /** A stanza of the client that is not routed yet: something is loaded for it. */
  #routing: Promise<void> | undefined;
  #closed = false;

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
    this.heldBack = new HeldStanzas(this, this.#log, restored?.held);
    this.#standing = new Standing(clock);
    if (restored === undefined) {
      const link = origin as Link;
      this.#link = new SessionLink(this, new Attachment(link, clock, this, options.pace));
      this.#actor = new SessionActor(this.#log, { input: { at: this.since, secure: !link.canStartTls, policy: options.policy } });
    } else {
      this.lang = restored.lang;
      this.presence = restored.presence;
      this.header = "sent";
      this.#link = new SessionLink(this, undefined);
      this.#actor = new SessionActor(this.#log, { snapshot: restored.snapshot });
      this.#log.begin(this.context.host ?? "");
      this.#actor.start();
      this.#standing.follow(this.snapshot);
    }
    this.#telling = new Telling(this, { actor: this.#actor, log: this.#log, standing: this.#standing });
    this.#watched = new WatchedSession(this.#actor, (error) => this.report("warn", { err: error }, "somebody who watched a session met an error"));
  }

  start(): void {
    this.environment.batch.run(null, (step) => this.#telling.start(step));
    this.#link.current?.start();
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
    return this.#standing.jid !== undefined;
  }

  /** There is a link, though it may be about to go. */
  get attached(): boolean {
    return this.#link.current !== undefined;
  }

  get link(): Link {
    return this.#link.attachment.link;
  }

  /** When the link was made, ms since 1970: later than the session, once it was resumed. */
  get linkedAt(): number {
    return this.#link.attachment.since;
  }

  get outbox(): Outbox {
    return this.#link.attachment.outbox;
  }

  get jid(): Jid {
    const { jid } = this.#standing;
    if (jid === undefined) throw new Error("a session without a bound resource has no JID");
    return jid;
  }

  get resource(): string {
    return this.jid.resource ?? "";
  }

  get device(): string | null {
    return this.context.device;
  }

  get available(): boolean {
    return this.context.presence !== null;
  }

  get interested(): boolean {
    return this.snapshot.hasTag("interested");
  }

  get hibernating(): boolean {
    return this.#standing.hibernating;
  }

  get peer(): { readonly address: string; readonly confidential: boolean } | undefined {
    const link = this.#link.current?.link;
    return link && { address: link.remoteAddress, confidential: this.environment.logins.offered(link).length > 0 };
  }

  get lostAt(): number | undefined {
    return this.#standing.lostAt;
  }

  get keeps(): boolean {
    return this.management.keeps;
  }

  get given(): number {
    return this.management.queue?.sent ?? 0;
  }

  get unacknowledgedFrom(): number | undefined {
    return this.management.queue?.stanzas[0]?.number;
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
    if (this.available && !this.#standing.ending) setPresence(this, step, presence, this.priority);
  }

  deliver(step: Step, element: Element, note: DeliveryNote = {}): void {
    const { ending, jid, hibernating } = this.#standing;
    // RFC 6120 section 4.4: nothing follows the end tag.
    if (ending) return;
    if (jid !== undefined && !hibernating && this.environment.router.holdsBack(step, this, element)) return;
    this.#deliverNow(step, element, note);
  }

  holdBack(step: Step, stanza: Element, note: HeldNote): boolean {
    return this.heldBack.add(step, stanza, note);
  }

  deliverHeldBack(step: Step, why: string): void {
    for (const element of this.heldBack.take(step)) this.#deliverNow(step, element, { copy: true, why });
  }

  /** To the link, if there is one that still takes something; what is counted has been queued before. */
  write(step: Step, text: string): void {
    // RFC 6120 section 4.4: nothing follows the end tag.
    if (!this.#standing.ending && !this.#standing.hibernating) this.#link.write(step, text);
  }

  writeStream(step: Step, text: string): void {
    this.#link.writeStream(step, text);
  }

  wrote(step: Step, text: string): void {
    this.#watched.tell((watcher) => watcher.wrote(step, text));
  }

  onReceipt(step: Step, receipt: Receipt): void {
    // What is in the queue of a session that counts is the session's own care from now on.
    const { ending } = this.#standing;
    const link = this.#link.current;
    if (this.management.keeps && !ending) receipt.received(step);
    else if (this.#closed || ending || link === undefined) step.afterwards(() => this.later((step) => receipt.lost(step)));
    else link.follow(step, receipt);
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
    this.#link.current?.drop();
    this.lost(why);
  }

  get held(): boolean {
    return this.#link.current?.held === true;
  }

  hold(reason: HoldReason): void {
    this.#link.current?.hold(reason);
  }

  release(reason: HoldReason): void {
    this.#link.current?.unhold(reason);
  }

  /** It is of the log, and can be resumed until then (ms since 1970) at least. What waited when the process died comes before all that follows. */
  recovered(until: number): void {
    this.tellLater(null, (step) => {
      this.deliverHeldBack(step, "it waited when the server was started again");
      return { type: "server.recovered", at: step.at, until };
    });
  }

  // What the link tells.

  heard(): void {
    this.heardAt = this.environment.clock.now();
  }

  opened(header: StreamHeader): void {
    this.lang = languageOf(header.lang);
    this.tellLater(null, (step) => {
      this.#watched.tell((watcher) => watcher.opened(step, header));
      return openedBy(header, this.environment.options.hosts, step.at);
    });
  }

  element(element: Element): void {
    this.receivedElements += 1;
    this.guarded(null, (step) => {
      this.#watched.tell((watcher) => watcher.received(step, element));
      takeElement(this, step, element);
    });
  }

  spaced(): void {
    if (this.context.wishes !== null) this.tellLater(null, ({ at }) => disturbed(at));
  }

  failed({ condition, text, limit }: StreamFault): void {
    if (limit !== undefined) this.environment.tally.refused(limit);
    this.tellLater(null, ({ at }) => ({ type: "stream.failed", at, condition, text }));
  }

  ended(): void {
    this.tellLater(null, (step) => {
      this.#watched.tell((watcher) => watcher.ended(step));
      if (!this.#standing.hibernating) this.management.leaveInOrder(step);
      return { type: "stream.ended", at: step.at };
    });
  }

  lost(why: string): void {
    const { current } = this.#link;
    this.tellLater(null, ({ at }) => ({ type: "link.lost", at, why }));
    // Resumed meanwhile, or ended: what is left of it is dealt with there.
    if (!this.#closed && this.#link.lose(current)) this.#onChanged(this);
  }

  received(receipts: readonly Receipt[]): void {
    for (const receipt of receipts) this.later((step) => receipt.received(step));
  }

  stuck(bytes: number): void {
    this.environment.tally.refused(bytes > outboxBytesHardMax ? "outboxBytesHardMax" : "outboxStallMs");
    this.report("warn", { bytes }, "a client does not read and is dropped");
  }

  broke(error: unknown): void {
    this.#fail(error);
  }

  // Resumption (XEP-0198 section 5).

  async idle(): Promise<void> {
    while (this.#routing !== undefined) await this.#routing;
  }

  takeOver(step: Step, attachment: Attachment, acknowledged: number, lang: string | undefined, greeting?: Greeting): void {
    const former = this.#link.takeOver(step, attachment);
    this.lang = lang;
    this.heard();
    this.management.acknowledge(step, acknowledged);
    this.greeting = greeting;
    this.tell(step, { type: "link.attached", at: step.at });
    this.greeting = undefined;
    step.afterwards(() => {
      if (former !== undefined) this.#link.replaced(step, former);
      attachment.unhold("asking");
    });
  }

  handOver(step: Step): Attachment {
    return this.#link.handOver(step);
  }

  // What the machine is told.

  tell(step: Step, event: SessionEvent): void {
    if (event.type === "extension.changed") throw new TypeError("extension.changed is not for telling: an extension sets what it keeps by its sessionState");
    this.#telling.tell(step, event);
  }

  [remember](step: Step, name: string, value: Json): void {
    this.#telling.tell(step, { type: "extension.changed", at: step.at, name, value });
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
    this.#telling.ask(cause, asked, answered, failed);
  }

  told(step: Step, event: SessionEvent, wasLinked: boolean): void {
    this.#mention(event);
    if (wasLinked && this.hibernating) this.environment.router.linkLost(step, this);
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

  /** In a step of its own. What goes wrong there is not this session's. */
  later(work: (step: Step) => void): void {
    try {
      this.environment.batch.run(null, work);
    } catch (error) {
      this.report("warn", { err: error }, "what follows a receipt could not be done");
    }
  }

  /** From now on, until it is stopped. */
  watch(watcher: SessionWatcher): Watched {
    const stop = this.#watched.add(watcher);
    return {
      summary: summaryOf(this),
      stream: this.#log.stream ?? null,
      snapshot: this.snapshot,
      counts: this.management.queue?.counts ?? null,
      lang: this.lang ?? null,
      stop,
    };
  }

  /** Its end is on its way to the disk. */
  finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#standing.end();
    this.environment.registry.remove(this);
    this.#link.loseReceipts();
    this.#cancelTimers();
    const { reason, username } = this.context;
    const fields = { reason, durationMs: this.environment.clock.now() - this.since };
    this.report(username === null ? "debug" : "info", fields, "session closed");
    this.#watched.tell((watcher) => watcher.closed());
    this.#onChanged(this);
  }

  /** Nothing is told or done any more: memory is dropped, and what is on the disk says what was. */
  abandon(): void {
    this.#closed = true;
    this.#cancelTimers();
    this.#link.current?.release();
  }

  report(level: "debug" | "info" | "warn", fields: object, message: string): void {
    this.environment.log[level]({ ...this.#who(), ...fields }, message);
  }

  #deliverNow(step: Step, element: Element, note: DeliveryNote): void {
    // RFC 6120 section 4.4: nothing follows the end tag.
    if (this.#standing.ending) return;
    this.deliveredStanzas += 1;
    this.environment.tally.delivered[element.name as Kind] += 1;
    this.environment.observation.onDelivery?.(this, step, element);
    const text = serialise(element, clientNamespace);
    this.management.queueUp(step, element, text, note);
    this.write(step, text);
  }

  #fail(error: unknown): void {
    this.environment.log.error({ err: error, ...this.#who(), ...failedExtension(error) }, "a session met an error and is closed");
    const why = error instanceof Error ? error.message : String(error);
    try {
      this.environment.batch.run(null, (step) => this.tell(step, { type: "host.failed", at: step.at, why }));
    } catch (second) {
      this.environment.log.error({ err: second, ...this.#who() }, "a session could not be closed in order and is dropped");
      this.#actor.abandon();
    }
    // A step that failed took back what it was to do after it, the end of the session included.
    if (this.snapshot.status !== "active" && !this.#closed) {
      this.#link.current?.link.destroy();
      this.finish();
    }
  }

  #cancelTimers(): void {
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
  }

  #mention(event: SessionEvent): void {
    const mention = mentionOf(event, { hibernating: this.hibernating, secure: this.#link.current?.link.secure?.protocol });
    if (mention !== undefined) this.report("info", mention.fields, mention.message);
  }

  #who(): object {
    const { username, host } = this.context;
    const bare = username === null ? undefined : `${username}@${host}`;
    return { session: this.id, jid: this.#standing.jid?.full ?? bare, from: this.#link.current?.link.remoteAddress };
  }
}
