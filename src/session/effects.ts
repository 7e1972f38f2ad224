/** How each effect that the machine asks for is performed. */
import type { ElementData, SessionEffect, SessionEvent } from "../../machines/session-events.ts";
import { toWire } from "../domain/counting.ts";
import { parseJid } from "../domain/jid.ts";
import { xmlLimitsUnauthenticated } from "../domain/limits.ts";
import type { SecureLink } from "../ports.ts";
import { count } from "../step/tally.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { bindResource } from "./binding.ts";
import type { ResumableSession } from "./environment.ts";
import { streamFeatures } from "./features.ts";
import { bindTagged, confirmLogin, resumedGreeting, startInline } from "./inline-login.ts";
import { tooHigh } from "./management-border.ts";
import type { Workbench } from "./workbench.ts";

type OpenStream = Extract<SessionEffect, { type: "open.stream" }>;
type Performer<Type extends SessionEffect["type"]> = (
  bench: Workbench,
  step: Step,
  effect: Extract<SessionEffect, { type: Type }>,
) => void;

const performers: { readonly [Type in SessionEffect["type"]]: Performer<Type> } = {
  "open.stream": (bench, step, effect) => openStream(bench, step, effect),
  "offer.features": (bench, step) => send(bench, step, features(bench)),
  "send.element": (bench, step, { element }) => sendElement(bench, step, toElement(element)),
  "handle.stanza": (bench, step) => bench.pending && bench.handleEarly(step, bench.pending),
  "start.tls": (bench, step) => startTls(bench, step),
  "start.sasl": (bench, step, { mechanism }) => startSasl(bench, step, mechanism),
  "start.sasl2": (bench, step) => {
    startInline(bench);
    respond(bench, step);
  },
  "continue.sasl": (bench, step) => respond(bench, step),
  "restart.stream": (bench) => restart(bench),
  "bind.resource": (bench, step, { resource }) => bind(bench, step, resource),
  "bind.tagged": (bench, step, { tag }) => bindTagged(bench, step, tag),
  "confirm.login": (bench, step, effect) => send(bench, step, confirmLogin(bench, step, effect)),
  "resume.session": (bench, step, { id, h }) => resume(bench, step, id, h),
  "enable.management": (bench, step, { resumptionMs }) => enableManagement(bench, step, resumptionMs),
  "resend.queue": (bench, step) => resend(bench, step),
  "drop.queue": (bench, step) => bench.management.stopKeeping(step),
  "broadcast.presence": (bench, step, effect) => broadcast(bench, step, effect),
  "arm.timer": (bench, _, { name, deadline }) => armTimer(bench, name, deadline),
  "disarm.timer": (bench, _, { name }) => disarmTimer(bench, name),
  "close.stream": (bench, step, effect) => closeStream(bench, step, effect),
  "drop.link": (bench, step) => afterFlush(bench, step, () => dropLink(bench)),
  "destroy.session": (bench, step, { jid }) => destroy(bench, step, jid),
};

export function perform<Effect extends SessionEffect>(bench: Workbench, step: Step, effect: Effect): void {
  (performers[effect.type] as Performer<Effect["type"]>)(bench, step, effect as never);
}

export function send(bench: Workbench, step: Step, element: Element): void {
  write(bench, step, serialise(element, clientNamespace));
}

/** In a session that counts, a stanza is counted like any other (XEP-0198 section 4). */
function sendElement(bench: Workbench, step: Step, element: Element): void {
  if (element.name === "iq" && bench.management.queue !== undefined) bench.deliver(step, element);
  else send(bench, step, element);
}

function write(bench: Workbench, step: Step, text: string): void {
  bench.writeStream(step, text);
}

/** Runs `task` when all that this step and earlier ones wrote has been handed to the link, or never will be. */
function afterFlush(bench: Workbench, step: Step, task: () => void): void {
  step.afterwards(() => bench.outbox.whenWritten(task, task));
}

function openStream(bench: Workbench, step: Step, effect: Pick<OpenStream, "from" | "to" | "versioned">): void {
  write(bench, step, headerText(bench, effect));
  bench.header = step;
  step.afterwards(() => (bench.header = "sent"));
}

function headerText({ link, environment }: Workbench, effect: Pick<OpenStream, "from" | "to" | "versioned">): string {
  return link.headerText({
    // RFC 6120 section 4.9.1.3: without a host of the client's choice, the first one speaks.
    from: effect.from ?? environment.options.hosts[0],
    to: effect.to ?? undefined,
    id: environment.ids.next(),
    // RFC 6120 section 4.7.5: a peer that names no version is told none.
    version: effect.versioned ? "1.0" : undefined,
    lang: "en",
  });
}

function features(bench: Workbench): Element {
  const { environment, link, context } = bench;
  const { options, router, logins } = environment;
  const authenticated = context.username !== null;
  const stage = {
    stage: authenticated ? ("authenticated" as const) : ("unauthenticated" as const),
    host: context.host ?? "",
    secure: link.secure,
    canStartTls: link.canStartTls,
    mechanisms: authenticated ? [] : logins.offered(link),
    tokenMechanisms: authenticated ? [] : logins.tokenMechanisms(link),
    bound: bench.connected,
    counted: bench.management.queue !== undefined,
    limits: authenticated ? options.limits : xmlLimitsUnauthenticated,
    // Strangers have until their deadline, however much they say.
    silenceMs: authenticated ? options.silenceMs : options.policy.negotiationMs,
  };
  return streamFeatures(stage, router);
}

function startTls(bench: Workbench, step: Step): void {
  // The handshake begins when <proceed/> has left: nothing else may be written before it.
  const secured = new Promise<SecureLink>((resolve, reject) => {
    afterFlush(bench, step, () => bench.link.startTls().then(resolve, reject));
  });
  bench.ask(
    step.id,
    secured,
    ({ protocol }, { at }) => ({ type: "tls.established", at, protocol }),
    (error, { at }) => ({ type: "tls.failed", at, why: messageOf(error) }),
  );
}

function startSasl(bench: Workbench, step: Step, mechanism: string): void {
  bench.login = bench.environment.logins.begin(bench.link, bench.context.host ?? "", mechanism);
  respond(bench, step);
}

function respond(bench: Workbench, step: Step): void {
  const { login, payload } = bench;
  bench.payload = "";
  if (login === undefined) throw new Error("a response without a login: the machine knows of one");
  bench.ask(
    step.id,
    login.respond(payload),
    (answer, { at }) => ({ ...answer, at }),
    (error, { at }) => {
      bench.environment.log.error({ err: error, session: bench.id }, "a login could not be checked");
      count(bench.environment.tally.loginsFailed, "temporary-auth-failure");
      return { type: "sasl.failed", at, condition: "temporary-auth-failure", text: null };
    },
  );
}

/** RFC 6120 section 6.4.6: a new stream follows, under the limits of those who are known. */
function restart({ link, environment }: Workbench): void {
  link.setLimits(environment.options.limits);
  link.restart();
}

function bind(bench: Workbench, step: Step, resource: string | null): void {
  const { environment, context } = bench;
  const identity = { host: context.host ?? "", username: context.username ?? "" };
  bench.ask(
    step.id,
    environment.accounts.load(identity.host, identity.username),
    (_, step) => bindResource(environment, step, bench, identity, resource),
    (error, { at }) => {
      environment.log.error({ err: error, jid: `${identity.username}@${identity.host}` }, "an account could not be loaded");
      return { type: "bind.failed", at, condition: "internal-server-error", text: "the account could not be loaded" };
    },
  );
}

/** What is found of a session that is to be resumed: itself, or how far it had come, or nothing. */
type Found = { readonly former: ResumableSession } | { readonly h: number | null } | { readonly unsupported: true };

function resume(bench: Workbench, step: Step, id: string, h: number): void {
  bench.ask(
    step.id,
    findResumable(bench, id),
    (found, step) => resumeNow(bench, step, found, h),
    (error, { at }) => {
      bench.environment.log.error({ err: error, session: bench.id }, "a session could not be looked for");
      return { type: "resume.refused", at, condition: "internal-server-error", h: null };
    },
  );
}

/** Whose it is decides before anything else: of other users' sessions nobody learns. */
async function findResumable({ environment, context }: Workbench, id: string): Promise<Found> {
  const { host, username, policy } = context;
  if (policy.resumptionMs === 0) return { unsupported: true };
  const former = environment.resumption.find(id);
  if (former !== undefined && former.context.username === username && former.context.host === host) {
    // What its client has sent is handled to its end, so that it is told of it.
    await former.idle();
    if (isResumable(former)) return { former };
  }
  const received = await environment.resumption.ended(host ?? "", username ?? "", id);
  return { h: received === undefined ? null : toWire(received) };
}

function isResumable({ closed, context }: ResumableSession): boolean {
  return !closed && context.management === "resumable" && context.resource !== null;
}

/** XEP-0198 section 5. */
function resumeNow(bench: Workbench, step: Step, found: Found, h: number): SessionEvent {
  const { at } = step;
  if ("unsupported" in found) return { type: "resume.refused", at, condition: "feature-not-implemented", h: null };
  if (!("former" in found)) return { type: "resume.refused", at, condition: "item-not-found", h: found.h };
  const { former } = found;
  // It may have ended, or gone on over another link, since it was found.
  if (!isResumable(former)) return { type: "resume.refused", at, condition: "item-not-found", h: null };
  const acknowledged = former.management.meantBy(h);
  if (acknowledged === undefined) return tooHigh(at, h, former.management.queue?.sent ?? 0);
  const greeting = resumedGreeting(bench, former.jid.full);
  former.takeOver(step, bench.handOver(step), acknowledged, bench.lang, greeting);
  return { type: "resume.granted", at };
}

function enableManagement(bench: Workbench, step: Step, resumptionMs: number): void {
  const enabled = bench.management.enable(step, resumptionMs);
  // XEP-0386 section 3.2: with a resource that a login binds, its client is told of both together.
  if (bench.inline === undefined) bench.write(step, serialise(enabled, clientNamespace));
  else bench.inline.results.push(enabled);
  bench.heldBack.outlive(step);
}

/** What the machine does not know of: the queue, and what extensions make of it. */
function resend(bench: Workbench, step: Step): void {
  bench.management.resumed(step, bench.greeting);
  bench.environment.router.sessionResumed(step, bench);
}

/** Whatever the client has not acknowledged is given to others, who do not include this session any more, or back. */
function destroy(bench: Workbench, step: Step, jid: string): void {
  const { environment, management } = bench;
  environment.registry.remove(bench);
  const parsed = parseJid(jid);
  const stanzas = management.giveUp(step);
  if (parsed !== undefined && stanzas.length > 0) environment.router.giveBack(step, parsed, stanzas);
}

function broadcast(bench: Workbench, step: Step, effect: Extract<SessionEffect, { type: "broadcast.presence" }>): void {
  const jid = parseJid(effect.jid);
  if (jid === undefined) throw new Error(`${effect.jid} was bound, so it is a JID`);
  const { available, initial, wasAvailable, directed } = effect;
  const { presence } = bench;
  // A lost link leaves the last available presence behind; only what the client itself sent at its end is passed on.
  const element = available || presence?.attrs["type"] === "unavailable" ? presence : undefined;
  bench.environment.router.broadcast(step, bench, { jid, available, initial, wasAvailable, directed, element });
  if (!available) bench.presence = undefined;
}

function armTimer(bench: Workbench, name: "negotiation" | "closing" | "resumption", deadline: number): void {
  disarmTimer(bench, name);
  const expire = () => bench.tellLater(null, ({ at }) => ({ type: "timer.expired", at, name, deadline }));
  bench.timers.set(name, bench.environment.clock.at(deadline, expire));
}

function disarmTimer(bench: Workbench, name: "negotiation" | "closing" | "resumption"): void {
  bench.timers.get(name)?.cancel();
  bench.timers.delete(name);
}

/**
 * RFC 6120 sections 4.4 and 4.9.2. After a stream error nothing of the peer is wanted any more.
 * Section 4.9.1.2: a header comes first; the one that the machine knows of was lost if its step failed.
 */
function closeStream(bench: Workbench, step: Step, { condition, text, detail }: Extract<SessionEffect, { type: "close.stream" }>): void {
  if (bench.header !== "sent" && bench.header !== step) openStream(bench, step, { from: bench.context.host, to: null, versioned: true });
  if (condition !== null) {
    const xmlns = "urn:ietf:params:xml:ns:xmpp-streams";
    const reason = text === null || text === "" ? undefined : el("text", { xmlns, "xml:lang": "en" }, text);
    send(bench, step, el("stream:error", {}, el(condition, { xmlns }), reason, detail && toElement(detail)));
  }
  write(bench, step, bench.link.footerText);
  if (condition !== null) afterFlush(bench, step, () => bench.link.end());
}

/** A peer that does not close its side in time is not waited for. */
function dropLink({ link, environment }: Workbench): void {
  link.end();
  environment.clock.at(environment.clock.now() + environment.options.policy.closingMs, () => link.destroy());
}

function toElement(data: ElementData): Element {
  return el(data.name, data.attrs, ...data.children.map((child) => (typeof child === "string" ? child : toElement(child))));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
