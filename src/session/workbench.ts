/** What lies beside a session's actor: its link, and what the events told to the machine do not carry. */
import type { SessionEvent, TimerName } from "../../machines/session-events.ts";
import type { SessionContext } from "../../machines/session-context.ts";
import type { Timer } from "../ports.ts";
import type { Step } from "../step/batch.ts";
import type { Outbox } from "../step/outbox.ts";
import type { Element } from "../xml/element.ts";
import type { Link } from "../xml/link.ts";
import type { Greeting, Session, SessionEnvironment } from "./environment.ts";
import type { Attachment } from "./attachment.ts";
import type { HeldStanzas } from "./held-stanzas.ts";
import type { InlineLogin } from "./inline-login.ts";
import type { Login } from "./logins.ts";
import type { Management } from "./management.ts";

export interface Workbench extends Session {
  readonly environment: SessionEnvironment;
  readonly link: Link;
  readonly outbox: Outbox;
  readonly context: SessionContext;
  readonly management: Management;
  readonly heldBack: HeldStanzas;
  readonly timers: Map<TimerName, Timer>;
  /** The SASL exchange under way, and the payload that it is to be given next: secrets stay out of events. */
  login: Login | undefined;
  payload: string;
  /** A login that says what is to follow, until it is confirmed: what of it does not ride in events, either. */
  inline: InlineLogin | undefined;
  /** Puts what says that the session is resumed into the word that the login of the new stream is done. */
  readonly greeting: Greeting | undefined;
  /** How often the client has asked to resume something on this stream. */
  resumeTries: number;
  /** The element that the machine was told of last. */
  pending: Element | undefined;
  presence: Element | undefined;
  /** This side's stream header has left; until then, the step that wrote it, for a step that fails takes its outputs back. */
  header: "sent" | Step | undefined;
  /** The language of the client's stream (RFC 6120 section 4.7.4). */
  readonly lang: string | undefined;
  /** Sends text that is not counted, to the link if there is one that still takes something. */
  write(step: Step, text: string): void;
  /** Sends a part of the stream itself: a header, an end tag, or an element of negotiation. */
  writeStream(step: Step, text: string): void;
  /** Gives up the link, for another session. */
  handOver(step: Step): Attachment;
  /** Tells the machine at a deadline or after a wait, in a step of its own. */
  tellLater(cause: string | null, event: (step: Step) => SessionEvent): void;
  /**
   * Waits for the answer to an asked effect, and tells it in a step of its own. Until then input is held; if the session comes
   * to its end first, the answer is dropped.
   */
  ask<Value>(
    cause: string,
    asked: Promise<Value>,
    answered: (value: Value, step: Step) => SessionEvent,
    failed: (error: unknown, step: Step) => SessionEvent,
  ): void;
  /** Routes a stanza that was allowed before binding. */
  handleEarly(step: Step, element: Element): void;
}
