/**
 * The host of one session. It takes what the link tells, tells the machine what changes the session's state and performs
 * what the machine asks for; plain traffic of a connected session goes straight to the router (traffic.ts).
 */
import { askingEffects, type SessionEffect, type SessionEvent, type TimerName } from "../../machines/session-events.ts";
import { fullJid, type SessionContext } from "../../machines/session-context.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import type { Timer } from "../ports.ts";
import type { Step } from "../step/batch.ts";
import { Outbox } from "../step/outbox.ts";
import type { Element } from "../xml/element.ts";
import type { Link, LinkHandler, StreamFault, StreamHeader } from "../xml/link.ts";
import { SessionActor } from "./actor.ts";
import { languageOf, openedBy } from "./border.ts";
import { perform, send } from "./effects.ts";
import type { SessionEnvironment } from "./environment.ts";
import { Flow, type HoldReason } from "./flow.ts";
import type { Login } from "./logins.ts";
import { takeEarly, takeElement } from "./traffic.ts";
import type { Workbench } from "./workbench.ts";

const asking: ReadonlySet<SessionEffect["type"]> = new Set(askingEffects);

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
  readonly #onClosed: (session: SessionHost) => void;
  #jid: Jid | undefined;
  /** An asked effect is open: what else happens waits in the queue until it is answered. */
  #asking = false;
  #telling = false;
  readonly #queue: ((step: Step) => SessionEvent)[] = [];
  #closed = false;

  constructor(environment: SessionEnvironment, link: Link, onClosed: (session: SessionHost) => void) {
    this.environment = environment;
    this.link = link;
    this.id = environment.ids.next();
    this.since = this.heardAt = environment.clock.now();
    this.#onClosed = onClosed;
    this.#flow = new Flow(link, environment.clock);
    this.outbox = new Outbox((text) => this.#flow.write(text));
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

  deliver(step: Step, element: Element): void {
    send(this, step, element);
  }

  close(condition?: StreamErrorCondition, text = ""): void {
    this.tellLater(null, ({ at }) =>
      condition === undefined ? { type: "close.requested", at } : { type: "stream.failed", at, condition, text },
    );
  }

  hold(reason: HoldReason): void {
    this.#flow.hold(reason);
  }

  release(reason: HoldReason): void {
    this.#flow.release(reason);
  }

  // What the link tells.

  heard(): void {
    this.heardAt = this.environment.clock.now();
  }

  opened(header: StreamHeader): void {
    this.lang = languageOf(header.lang);
    this.tellLater(null, ({ at }) => openedBy(header, this.environment.options.hosts, at));
  }

  element(element: Element): void {
    this.#guarded(null, (step) => takeElement(this, step, element));
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
    this.#flow.drained();
  }

  // What the machine is told.

  tell(step: Step, event: SessionEvent): void {
    if (this.#mustWait || this.#telling) {
      this.#queue.push(() => event);
      return;
    }
    this.#tellNow(step, event);
    // What came up meanwhile follows in the same step, as its consequence.
    while (!this.#asking && this.#queue.length > 0) this.#tellNow(step, this.#queue.shift()!(step));
  }

  tellLater(cause: string | null, event: (step: Step) => SessionEvent): void {
    if (this.#closed) return;
    if (this.#mustWait) this.#queue.push(event);
    else this.#guarded(cause, (step) => this.tell(step, event(step)));
  }

  answer(cause: string | null, event: (step: Step) => SessionEvent): void {
    if (this.#closed) return;
    this.#guarded(cause, (step) => {
      const answer = event(step);
      this.#asking = false;
      this.tell(step, answer);
    });
    if (!this.#asking) this.release("asking");
  }

  handleEarly(step: Step, element: Element): void {
    takeEarly(this, step, element);
  }

  /** A TLS handshake waits for the peer, who may let it wait: a deadline and the server's end are told all the same. */
  get #mustWait(): boolean {
    return this.#asking && !this.snapshot.matches({ negotiating: "securing" });
  }

  #tellNow(step: Step, event: SessionEvent): void {
    // A session that has reached its end takes nothing more, also within the step that ended it.
    if (this.snapshot.status !== "active") return;
    this.#telling = true;
    try {
      const effects = this.#actor.tell(step, event);
      this.#rememberJid();
      for (const effect of effects) {
        if (asking.has(effect.type)) {
          this.#asking = true;
          this.hold("asking");
        }
        perform(this, step, effect);
      }
    } finally {
      this.#telling = false;
    }
    if (this.snapshot.status !== "active") step.afterwards(() => this.#finish());
  }

  #rememberJid(): void {
    const { snapshot } = this;
    if (!snapshot.hasTag("connected")) this.#jid = undefined;
    else if (this.#jid === undefined) this.#jid = parseJid(fullJid(snapshot.context));
  }

  /** An exception in one session closes that session alone. */
  #guarded(cause: string | null, work: (step: Step) => void): void {
    try {
      this.environment.batch.run(cause, work);
    } catch (error) {
      this.environment.log.error({ err: error, session: this.id, jid: this.#jid?.full }, "a session met an error and is closed");
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    try {
      this.#asking = false;
      this.environment.batch.run(null, (step) => this.tell(step, { type: "host.failed", at: step.at, why }));
    } catch (second) {
      this.environment.log.error({ err: second, session: this.id }, "a session could not be closed in order and is dropped");
      if (this.#jid !== undefined) this.environment.registry.remove(this.#jid.bare, this.resource, this);
      this.#jid = undefined;
      this.#actor.abandon();
      this.link.destroy();
      this.#finish();
    }
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
    this.#onClosed(this);
  }
}
