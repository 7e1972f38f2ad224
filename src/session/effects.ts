/** How each effect that the machine asks for is performed. */
import type { ElementData, SessionEffect, SessionEvent } from "../../machines/session-events.ts";
import { parseJid } from "../domain/jid.ts";
import { xmlLimitsUnauthenticated } from "../domain/limits.ts";
import type { SecureLink } from "../ports.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { bindResource } from "./binding.ts";
import { streamFeatures } from "./features.ts";
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
  "send.element": (bench, step, { element }) => send(bench, step, toElement(element)),
  "handle.stanza": (bench, step) => bench.pending && bench.handleEarly(step, bench.pending),
  "start.tls": (bench, step) => startTls(bench, step),
  "start.sasl": (bench, step, { mechanism }) => startSasl(bench, step, mechanism),
  "continue.sasl": (bench, step) => respond(bench, step),
  "restart.stream": (bench) => restart(bench),
  "bind.resource": (bench, step, { resource }) => bind(bench, step, resource),
  // Resumption comes with stream management; until then every session is gone when its stream is (XEP-0198 section 5).
  "resume.session": (bench, step) => resume(bench, step),
  "resend.queue": () => undefined,
  "broadcast.presence": (bench, step, effect) => broadcast(bench, step, effect),
  "arm.timer": (bench, _, { name, deadline }) => armTimer(bench, name, deadline),
  "disarm.timer": (bench, _, { name }) => disarmTimer(bench, name),
  "close.stream": (bench, step, effect) => closeStream(bench, step, effect),
  "drop.link": (bench, step) => afterFlush(bench, step, () => dropLink(bench)),
  "destroy.session": (bench) => bench.environment.registry.remove(bench),
};

export function perform<Effect extends SessionEffect>(bench: Workbench, step: Step, effect: Effect): void {
  (performers[effect.type] as Performer<Effect["type"]>)(bench, step, effect as never);
}

export function send(bench: Workbench, step: Step, element: Element): void {
  write(bench, step, serialise(element, clientNamespace));
}

function write(bench: Workbench, step: Step, text: string): void {
  step.output(bench.outbox, text);
}

/** Runs `task` when all that this step and earlier ones wrote has been handed to the link. */
function afterFlush(bench: Workbench, step: Step, task: () => void): void {
  step.afterwards(() => bench.outbox.whenWritten(task));
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
    mechanisms: authenticated ? [] : logins.offered(link),
    limits: authenticated ? options.limits : xmlLimitsUnauthenticated,
    // Strangers have until their deadline, however much they say.
    silenceMs: authenticated ? options.silenceMs : options.policy.negotiationMs,
  };
  return streamFeatures(stage, router.streamFeatures(stage));
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

/** Resumption comes with stream management; until then every session is gone when its stream is (XEP-0198 section 5). */
function resume(bench: Workbench, step: Step): void {
  const refused: SessionEvent = { type: "resume.refused", at: step.at, condition: "item-not-found" };
  bench.ask(step.id, Promise.resolve(refused), (answer) => answer, () => refused);
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
function closeStream(bench: Workbench, step: Step, { condition, text }: Extract<SessionEffect, { type: "close.stream" }>): void {
  if (bench.header !== "sent" && bench.header !== step) openStream(bench, step, { from: bench.context.host, to: null, versioned: true });
  if (condition !== null) {
    const xmlns = "urn:ietf:params:xml:ns:xmpp-streams";
    const reason = text === null || text === "" ? undefined : el("text", { xmlns, "xml:lang": "en" }, text);
    send(bench, step, el("stream:error", {}, el(condition, { xmlns }), reason));
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
