/** The guards and actions that the session's statechart is written with. Guards read as a sentence, actions are verbs. */
import { assign, emit, enqueueActions, setup } from "xstate";
import type { StreamErrorCondition } from "../src/domain/errors.ts";
import { directedCharsMax, refusedMechanismsMax } from "../src/domain/limits.ts";
import { fullJid, type SessionContext, type SessionInput, type SessionTag } from "./session-context.ts";
import { bindError, bindResult, managementFailure, sasl2Failure, saslFailure } from "./session-elements.ts";
import type { BindWish, ElementData, SessionEffect, SessionEvent, TimerName } from "./session-events.ts";

/** A stream error: its condition, and words for a person. */
export interface Fault {
  readonly condition: StreamErrorCondition;
  readonly text: string;
  /** What stands beside the condition (RFC 6120 section 4.9.4). */
  readonly detail?: ElementData;
}

export const session = setup({
  types: {} as {
    context: SessionContext;
    events: SessionEvent;
    emitted: SessionEffect;
    input: SessionInput;
    tags: SessionTag;
    output: { readonly reason: string };
  },

  guards: {
    isUnknownHost: ({ event }) => told(event, "stream.opened").host === null,
    isUnsupportedVersion: ({ event }) => told(event, "stream.opened").version !== 1,
    isOtherHost: ({ context, event }) => told(event, "stream.opened").host !== context.host,
    claimsOtherAccount: ({ context, event }) => {
      const { from } = told(event, "stream.opened");
      return from !== null && from !== `${context.username}@${context.host}`;
    },
    succeedsAsOther: ({ context, event }) =>
      context.secure && context.from !== null && context.from !== `${told(event, "sasl.succeeded").username}@${context.host}`,
    isSecure: ({ context }) => context.secure,
    hasSaslTriesLeft: ({ context }) => context.saslFailures + 1 < context.policy.saslTriesMax,
    isMechanismRefused: ({ context, event }) =>
      told(event, "sasl.failed").condition === "invalid-mechanism" && context.saslRefusals < refusedMechanismsMax,
    wantsResumption: ({ context: { wishes } }) => wishes !== null && wishes.resume !== null,
    wantsBinding: ({ context: { wishes } }) => wishes !== null && wishes.bind !== null,
    hasBindTriesLeft: ({ context }) => context.bindFailures + 1 < context.policy.bindTriesMax,
    isAllowedStanza: ({ event }) => told(event, "stanza.received").allowed,
    isArmed: ({ context, event }) => {
      const { name, deadline } = told(event, "timer.expired");
      return context.timers[name] === deadline;
    },
    isManaged: ({ context }) => context.management !== "off",
    isResumable: ({ context }) => context.management === "resumable",
  },

  actions: {
    armNegotiation: enqueueActions(({ context, event, enqueue }, at: number | undefined) => {
      const deadline = (at ?? event.at) + context.policy.negotiationMs;
      enqueue.assign({ timers: { ...context.timers, negotiation: deadline } });
      enqueue.emit({ type: "arm.timer", name: "negotiation", deadline });
    }),
    disarmNegotiation: enqueueActions(({ context, enqueue }) => {
      const { negotiation: _, ...timers } = context.timers;
      enqueue.assign({ timers });
      enqueue.emit({ type: "disarm.timer", name: "negotiation" });
    }),
    /** Never earlier than what was promised before; after a restart not before everybody had time to come back. */
    armResumption: enqueueActions(({ context, event, enqueue }) => {
      const { resumption = event.at + context.resumptionMs, ...timers } = context.timers;
      const deadline = event.type === "server.recovered" ? Math.max(resumption, event.until) : resumption;
      enqueue.assign({ timers: { ...timers, resumption: deadline } });
      enqueue.emit({ type: "arm.timer", name: "resumption", deadline });
    }),
    disarmResumption: enqueueActions(({ context, enqueue }) => {
      const { resumption: _, ...timers } = context.timers;
      enqueue.assign({ timers });
      enqueue.emit({ type: "disarm.timer", name: "resumption" });
    }),
    armClosing: enqueueActions(({ context, event, enqueue }) => {
      const deadline = event.at + context.policy.closingMs;
      enqueue.assign({ timers: { closing: deadline } });
      enqueue.emit({ type: "arm.timer", name: "closing", deadline });
      for (const name of Object.keys(context.timers) as TimerName[]) enqueue.emit({ type: "disarm.timer", name });
    }),
    disarmAll: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ timers: {} });
      for (const name of Object.keys(context.timers) as TimerName[]) enqueue.emit({ type: "disarm.timer", name });
    }),

    rememberHeader: assign(({ context, event }) => {
      const { host, from } = told(event, "stream.opened");
      return { host: host ?? context.host, from, headerSent: true };
    }),
    openStream: emit(({ context, event }) => ({
      type: "open.stream" as const,
      from: context.host,
      ...answeredHeader(event),
    })),
    openStreamIfNeeded: enqueueActions(({ context, event, enqueue }) => {
      if (context.headerSent) return;
      enqueue.emit({ type: "open.stream", from: context.host, ...answeredHeader(event) });
      enqueue.assign({ headerSent: true });
    }),
    offerFeatures: emit({ type: "offer.features" }),
    send: emit((_, element: ElementData) => ({ type: "send.element" as const, element })),

    startTls: emit({ type: "start.tls" }),
    /** RFC 6120 section 5.4.3.3: what was learnt before TLS is discarded. */
    forgetPlaintext: assign({ secure: true, headerSent: false, host: null, from: null }),

    startSasl: emit(({ event }) => ({
      type: "start.sasl" as const,
      mechanism: told(event, "sasl.started").mechanism,
    })),
    continueSasl: emit({ type: "continue.sasl" }),
    countSaslRefusal: assign({ saslRefusals: ({ context }) => context.saslRefusals + 1 }),
    countSaslFailure: assign({ saslFailures: ({ context }) => context.saslFailures + 1 }),
    sendSaslFailure: emit(({ event }) => ({
      type: "send.element" as const,
      element: event.type === "sasl.failed" ? saslFailure(event.condition, event.text) : saslFailure("aborted", null),
    })),
    rememberUser: assign(({ event }) => {
      const { username, device = null } = told(event, "sasl.succeeded");
      return { username, device };
    }),
    /** RFC 6120 section 6.4.6: a new stream replaces this one. */
    awaitHeader: assign({ headerSent: false }),
    restartStream: emit({ type: "restart.stream" }),

    rememberWishes: assign(({ event }) => {
      const { resume, bind } = told(event, "sasl2.started");
      return { wishes: { resume, bind, refused: null } };
    }),
    forgetWishes: assign({ wishes: null }),
    startSasl2: emit(({ event }) => ({ type: "start.sasl2" as const, mechanism: told(event, "sasl2.started").mechanism })),
    sendSasl2Failure: emit(({ event }) => ({
      type: "send.element" as const,
      element: event.type === "sasl.failed" ? sasl2Failure(event.condition, event.text) : sasl2Failure("aborted", null),
    })),
    resumeWished: emit(({ context }) => ({ type: "resume.session" as const, ...context.wishes!.resume! })),
    bindWished: emit(({ context }) => ({ type: "bind.tagged" as const, tag: context.wishes!.bind!.tag })),
    rememberRefusal: assign(({ context, event }) => {
      const { condition, h } = told(event, "resume.refused");
      return { wishes: { ...context.wishes!, refused: { condition, h } } };
    }),
    enableWished: enqueueActions(({ context, enqueue }) => {
      const wish = context.wishes?.bind?.management ?? null;
      if (wish === null) return;
      const resumptionMs = grantedMs(context, wish);
      enqueue.assign({ management: resumptionMs > 0 ? "resumable" : "on", resumptionMs });
      enqueue.emit({ type: "enable.management", resumptionMs });
    }),
    confirmLogin: emit(({ context }) => ({
      type: "confirm.login" as const,
      jid: context.resource === null ? `${context.username}@${context.host}` : fullJid(context),
      refused: context.wishes!.refused,
    })),

    rememberBind: assign(({ event }) => ({ bindId: told(event, "bind.requested").id })),
    bindResource: emit(({ event }) => ({
      type: "bind.resource" as const,
      resource: told(event, "bind.requested").resource,
    })),
    countBindFailure: assign({ bindFailures: ({ context }) => context.bindFailures + 1, bindId: null }),
    sendBindFailure: emit(({ context, event }) => {
      const { condition, text } = told(event, "bind.failed");
      return { type: "send.element" as const, element: bindError(context.bindId!, condition, text) };
    }),
    refuseSecondBind: emit(({ event }) => ({
      type: "send.element" as const,
      element: bindError(told(event, "bind.requested").id, "not-allowed", "this stream has a resource already"),
    })),
    rememberResource: assign(({ event }) => {
      const { resource, roster } = told(event, "resource.bound");
      return { resource, roster };
    }),
    sendBindResult: emit(({ context }) => ({
      type: "send.element" as const,
      element: bindResult(context.bindId!, fullJid(context)),
    })),
    resumeSession: emit(({ event }) => {
      const { id, h } = told(event, "resume.requested");
      return { type: "resume.session" as const, id, h };
    }),
    sendResumeFailure: emit(({ event }) => {
      const { condition, h } = told(event, "resume.refused");
      return { type: "send.element" as const, element: managementFailure(condition, h) };
    }),

    handleStanza: emit({ type: "handle.stanza" }),

    rememberPresence: assign(({ event }) => {
      const { priority, digest } = told(event, "presence.changed");
      return { priority, presence: digest };
    }),
    broadcastInitial: emit(({ context }) => broadcast(context, true, true)),
    broadcastLater: emit(({ context }) => broadcast(context, true, false)),
    /** Each one who was told of this period of availability is told of its end (RFC 6121 sections 4.5.2 and 4.6.3). */
    broadcastUnavailable: enqueueActions(({ context, enqueue }) => {
      if (context.presence !== null || context.directed.length > 0) enqueue.emit(broadcast(context, false, false));
    }),
    forgetPresence: assign({ presence: null, priority: 0, directed: [] }),
    rememberDirected: assign(({ context, event }) => {
      const { to } = told(event, "presence.directed");
      return { directed: newest([...without(context.directed, to), to], directedCharsMax) };
    }),
    forgetDirected: assign(({ context, event }) => ({ directed: without(context.directed, told(event, "presence.undirected").to) })),
    enableManagement: enqueueActions(({ context, event, enqueue }) => {
      const resumptionMs = grantedMs(context, told(event, "management.requested"));
      enqueue.assign({ management: resumptionMs > 0 ? "resumable" : "on", resumptionMs });
      enqueue.emit({ type: "enable.management", resumptionMs });
    }),
    loseResumption: assign({ management: ({ context }) => (context.management === "off" ? "off" : "on"), resumptionMs: 0 }),
    dropQueue: emit({ type: "drop.queue" }),
    rememberExtension: assign(({ context, event }) => {
      const { name, value } = told(event, "extension.changed");
      return { extensions: { ...context.extensions, [name]: value } };
    }),
    resendQueue: emit({ type: "resend.queue" }),
    destroySession: emit(({ context }) => ({ type: "destroy.session" as const, jid: fullJid(context) })),
    forgetResource: assign({ resource: null, roster: null }),

    /** The first reason stands: what follows is only its consequence. */
    rememberReason: assign(({ context }, reason: string) => ({ reason: context.reason ?? reason })),
    closeStream: emit({ type: "close.stream", condition: null, text: null }),
    closeStreamWith: emit((_, fault: Fault) => ({ type: "close.stream" as const, ...fault })),
    dropLink: emit({ type: "drop.link" }),
  },
});

/** The event, where the statechart asks a guard or takes an action at no other. Throws if it does: it was written wrong. */
export function told<Type extends SessionEvent["type"]>(event: SessionEvent, type: Type): Extract<SessionEvent, { readonly type: Type }> {
  if (event.type !== type) throw new Error(`the session's statechart takes ${event.type} for ${type}`);
  return event as Extract<SessionEvent, { readonly type: Type }>;
}

/** RFC 6120 sections 4.7.2 and 4.7.5: a header that names its sender or no version is answered so, also where the stream is refused for it. */
function answeredHeader(event: SessionEvent): { readonly to: string | null; readonly versioned: boolean } {
  if (event.type === "stream.opened") return { to: event.from, versioned: event.version !== 0 };
  return { to: event.type === "stream.failed" ? (event.from ?? null) : null, versioned: true };
}

/** XEP-0198 section 3: the client may want less time than it could have. */
function grantedMs({ policy }: SessionContext, { resumable, max }: NonNullable<BindWish["management"]>): number {
  const most = resumable ? policy.resumptionMs : 0;
  return max === null ? most : Math.min(most, max * 1_000);
}

function broadcast(context: SessionContext, available: boolean, initial: boolean): SessionEffect {
  const { directed, presence } = context;
  const wasAvailable = available ? !initial : presence !== null;
  return { type: "broadcast.presence", jid: fullJid(context), available, initial, wasAvailable, directed };
}

function without(texts: readonly string[], gone: string | readonly string[]): readonly string[] {
  const all = new Set(typeof gone === "string" ? [gone] : gone);
  return texts.filter((text) => !all.has(text));
}

/** The last of these texts that take no more than `charsMax` together. */
function newest(texts: readonly string[], charsMax: number): readonly string[] {
  let chars = 0;
  const first = texts.findLastIndex((text) => (chars += text.length) > charsMax);
  return texts.slice(first + 1);
}
