/**
 * Where a stanza goes: to the server itself, to a local account by the delivery table (RFC 6121 section 8.5),
 * or to a remote domain (RFC 6120 section 10).
 */
import type { Account } from "../domain/account.ts";
import { decideDelivery, type DeliveryRow } from "../domain/delivery.ts";
import type { Jid } from "../domain/jid.ts";
import { extensionAnswerMs } from "../domain/limits.ts";
import { countFault } from "../domain/refusals.ts";
import { subscriptionTypes, type SubscriptionType } from "../domain/subscription.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { FeatureStage, PreparedBinding, PresenceChange, Session, StanzaRouter, UnacknowledgedStanza } from "../session/environment.ts";
import { refuse } from "../session/refusal.ts";
import type { Registry } from "../session/registry.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { mayBeAnswered, stanzaError, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import type { Extension, House } from "./extension.ts";
import { noteFor } from "./delivery-note.ts";
import { giveBack } from "./give-back.ts";
import type { Capabilities } from "./capabilities.ts";
import { elementTable, type ElementTable } from "./elements.ts";
import { offeredInline, prepareBinding } from "./inline.ts";
import { answerIq, type IqTable, iqTable } from "./iq.ts";
import { passPhase, phaseTable, type Passage, type Phase, type PhaseTable } from "./phases.ts";
import { isBarred, type Presence } from "./presence.ts";
import type { Patience } from "./patience.ts";
import type { Requests } from "./requests.ts";
import { serviceAway, type Sender, type Service, type Services } from "../service/services.ts";
import type { Whispered } from "../muc/rooms.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface RouterOptions {
  readonly extensions: readonly Extension[];
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly batch: Batch;
  readonly house: House;
  readonly presence: Presence;
  readonly subscriptions: Subscriptions;
  readonly requests: Requests;
  readonly patience: Patience;
  readonly capabilities: Capabilities;
  readonly services: Services;
}

type Addressed = Stanza & { readonly to: Jid };
/** All that follows from a stanza has happened, in this step. */
type Handled = (step: Step) => void;

export class Router implements StanzaRouter {
  readonly #options: RouterOptions;
  readonly #phases: PhaseTable;
  readonly #iqs: IqTable;
  readonly #hosts: ReadonlySet<string>;
  readonly #elements: ElementTable;
  readonly #holders: readonly NonNullable<Extension["holdsBack"]>[];

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#phases = phaseTable(options.extensions.flatMap((extension) => extension.phases ?? []));
    this.#iqs = iqTable(options.extensions);
    this.#hosts = new Set(options.house.hosts);
    this.#elements = elementTable(options.extensions);
    this.#holders = options.extensions.flatMap(({ holdsBack }) => holdsBack ?? []);
  }

  route(step: Step, session: Session, stanza: Stanza, handled: Handled): Promise<void> | undefined {
    const waiting = this.#begin(step, session, stanza, handled);
    if (waiting === undefined) handled(step);
    return waiting;
  }

  /** As all that follow: what is not handled when it returns is promised, and `handled` is told in the step in which it is. */
  #begin(step: Step, session: Session, stanza: Stanza, handled: Handled): Promise<void> | undefined {
    const passage = { step, stanza, sender: session, house: this.#options.house, account: undefined, recipient: undefined };
    if (!this.#passes("stamp", passage) || !this.#passes("guard", passage)) return undefined;
    if (stanza.kind === "iq" && this.#options.requests.take(step, stanza)) return undefined;
    const { to } = stanza;
    if (to === undefined) return this.#routeWithoutAddress(step, session, stanza, handled);
    if (isSubscription(stanza)) return this.#routeSubscription(step, session, { ...stanza, to }, handled);
    const service = this.#options.services.get(to.domain);
    if (service !== undefined) return this.#routeToService(step, session, { ...stanza, to }, service, handled);
    if (!this.#hosts.has(to.domain)) {
      // RFC 6121 section 4.3: a probe is no cause for an error.
      if (stanza.type !== "probe") refuse(session, step, stanza, remoteServerNotFound);
      return undefined;
    }
    if (to.local === undefined) return this.#routeToServer(step, session, session, stanza, to, handled);
    return this.#withAccount(step, to, handled, (step, account) => this.#routeToAccount(step, session, session, stanza as Addressed, account, handled));
  }

  stamp(step: Step, session: Session, stanza: Stanza): boolean {
    return this.#passes("stamp", { step, stanza, sender: session, house: this.#options.house, account: undefined, recipient: undefined });
  }

  giveBack(step: Step, jid: Jid, stanzas: readonly UnacknowledgedStanza[]): void {
    const { accounts, registry, services, house, batch } = this.#options;
    // Memory is ahead of the disk: whoever is recovered from there has them still.
    if (batch.failed) return;
    const passes = (phase: Phase, passage: Passage) => passPhase(this.#phases, phase, passage);
    giveBack({ registry, services, house, account: accounts.read(step, jid.bare), passes }, step, jid, stanzas);
  }

  holdsBack(step: Step, session: Session, element: Element): boolean {
    for (const holdsBack of this.#holders) if (holdsBack({ step, session, element, house: this.#options.house })) return true;
    return false;
  }

  linkLost(step: Step, session: Session): void {
    const { extensions, house } = this.#options;
    for (const { name, linkLost } of extensions) {
      try {
        linkLost?.({ step, session, house });
      } catch (error) {
        house.log.error({ err: error, extension: name, jid: session.jid.full }, "an extension failed over a session that has lost its link");
      }
    }
  }

  sessionResumed(step: Step, session: Session): void {
    const { extensions, house, capabilities } = this.#options;
    // Where the server was restarted meanwhile it knows nothing of its client any more.
    capabilities.presenceChanged(step, session);
    for (const { name, sessionResumed } of extensions) {
      try {
        sessionResumed?.({ step, session, house });
      } catch (error) {
        // The session goes on: it has been promised.
        house.log.error({ err: error, extension: name, jid: session.jid.full }, "an extension failed over a session that is resumed");
      }
    }
  }

  takeElement(step: Step, session: Session, element: Element): boolean {
    const handler = this.#elements.get(`${String(element.attrs["xmlns"])} ${element.name}`);
    handler?.handle({ step, session, element, house: this.#options.house });
    return handler !== undefined;
  }

  hold(step: Step, stanza: Stanza, account: Account, recipient: Session): boolean {
    const { house } = this.#options;
    return passPhase(this.#phases, "hold", { step, stanza, sender: undefined, house, account, recipient }) !== undefined;
  }

  broadcast(step: Step, session: Session, change: PresenceChange): void {
    const { presence, extensions, accounts, house, batch, capabilities } = this.#options;
    // What is known of accounts then is not to be told, and whoever is to be told waits for nothing: the stream error has to leave.
    if (batch.failed) return;
    presence.broadcast(step, session, change);
    const account = accounts.read(step, change.jid.bare);
    if (account === undefined) return;
    for (const { name, presenceChanged } of extensions) {
      try {
        presenceChanged?.({ step, session, account, change, house });
      } catch (error) {
        // Those who see it have been told: nobody may stay there for them because an extension fails.
        house.log.error({ err: error, extension: name, jid: change.jid.full }, "an extension failed over the presence of a resource");
      }
    }
    capabilities.presenceChanged(step, session);
  }

  takesEarly(element: Element, stage: FeatureStage["stage"]): boolean {
    return stage === "unauthenticated" && this.#options.extensions.some((extension) => extension.takesUnauthenticated?.(element) === true);
  }

  streamFeatures(stage: FeatureStage): readonly Element[] {
    const { extensions, house } = this.#options;
    return extensions.flatMap((extension) => extension.streamFeature?.(stage, house) ?? []);
  }

  inlineFeatures(stage: FeatureStage): readonly Element[] {
    const { extensions, house } = this.#options;
    return extensions.flatMap((extension) => extension.inlineFeature?.(stage, house) ?? []);
  }

  bindFeatures(): readonly string[] {
    const { extensions, house } = this.#options;
    return offeredInline(extensions, house).map(({ feature }) => feature);
  }

  async prepareBinding(account: Account): Promise<PreparedBinding> {
    const { extensions, house, patience } = this.#options;
    const late = () => house.log.error({ jid: account.bare }, `${account.bare}: an extension has not looked up what a login is to be told within ${extensionAnswerMs / 1_000} s: it goes without`);
    return prepareBinding(extensions, house, account, (asked) => patience.within(asked, late));
  }

  reaches({ domain, local }: Jid): boolean {
    const service = this.#options.services.get(domain);
    if (service === undefined) return this.#hosts.has(domain) && local !== undefined;
    return service.away !== true && (service.hasContacts === true || local !== undefined);
  }

  /**
   * In the name of a service: to the server, an account, a session or another service, as if a session here had sent it. What comes back
   * goes to `sender`. A promise means that something has to be loaded first, as with `route`; it never rejects.
   */
  send(step: Step, stanza: Addressed, sender: Sender): Promise<void> | undefined {
    const { house, batch } = this.#options;
    return this.#sendOn(step, stanza, sender)?.catch((err: unknown) => {
      if (!batch.failed) house.log.error({ err, to: stanza.to.full }, "a stanza of a service could not be routed");
    });
  }

  #sendOn(step: Step, stanza: Addressed, sender: Sender): Promise<void> | undefined {
    const { services, house, batch, requests } = this.#options;
    const { to } = stanza;
    if (!this.#passes("stamp", { step, stanza, sender: undefined, house, account: undefined, recipient: undefined }, sender)) return undefined;
    if (stanza.kind === "iq" && requests.take(step, stanza)) return undefined;
    const service = services.get(to.domain);
    if (service !== undefined) return service.take(step, stanza, sender);
    if (!this.#hosts.has(to.domain)) {
      if (stanza.type !== "probe") refuseTo(sender, undefined, step, stanza, remoteServerNotFound);
      return undefined;
    }
    if (to.local === undefined) return this.#routeToServer(step, sender, undefined, stanza, to, nothing);
    return this.#withAccount(step, to, nothing, (step, account) => {
      // Memory is ahead of the disk: nobody is told anything any more.
      if (batch.failed) return undefined;
      if (isSubscription(stanza)) return this.#takeSubscription(step, stanza, account, sender);
      return this.#routeToAccount(step, sender, undefined, stanza, account, nothing);
    });
  }

  /** RFC 6121 section 3, from an address of a service. An account that does not exist is silent, as one that ignores it. */
  #takeSubscription(step: Step, stanza: Addressed, account: Account | undefined, sender: Sender): undefined {
    if (account === undefined) return undefined;
    const [from, to] = [stanza.from.toBare(), stanza.to.toBare()];
    Object.assign(stanza.element.attrs, { from: from.full, to: to.full });
    const { subscriptions, house } = this.#options;
    const fault = subscriptions.fromService(step, account, from, stanza.type as SubscriptionType, stanza.element);
    if (fault !== undefined) {
      countFault(house.refused, fault);
      refuseTo(sender, undefined, step, { ...stanza, from, to }, fault);
    }
    return undefined;
  }

  /**
   * A message that a room hands on from one user to another: each has it in the own archive (XEP-0313 section 6.1.1), and those clients of
   * its sender that are the same occupant are given a copy (XEP-0280 section 6.1).
   */
  whispered(step: Step, { sent, received, mates }: Whispered): void {
    const { house, accounts, registry } = this.#options;
    const reader = accounts.read(step, received.to.bare);
    const sender = accounts.read(step, sent.from.bare);
    const keep = (stanza: Stanza, account: Account) => passPhase(this.#phases, "archive", { step, stanza, sender: undefined, house, account });
    // Of oneself, by another nick, it is kept once.
    if (reader !== undefined && reader !== sender) keep(received, reader);
    if (sender === undefined) return;
    keep(sent, sender);
    const own = registry.sessions(sender.bare);
    const recipients = own.filter(({ jid }) => !mates.includes(jid.full));
    passPhase(this.#phases, "copy", { step, stanza: sent, sender: own.find(({ jid }) => jid.full === sent.from.full), house, account: sender, recipients });
  }

  /** In the name of a service, for a session: an account is asked what it answers to strangers. The answer, or the error, goes to `sender`. */
  ask(step: Step, iq: Addressed, session: Session, sender: Sender): void {
    const { house, batch } = this.#options;
    const waiting = this.#withAccount(step, iq.to, () => undefined, (step, account) => {
      const passage = { step, stanza: iq, sender: undefined, house, account, recipient: undefined };
      if (account !== undefined && !this.#passes("account", passage, sender)) return undefined;
      const answer = answerIq(this.#iqs, this.#options.patience, { step, iq, session, house, target: "account", account, own: false, shared: false });
      if (!(answer instanceof Promise)) {
        sender.deliver(step, answer.element);
        return undefined;
      }
      const cause = step.id;
      return answer.then(({ element }) =>
        batch.run(cause, (step) => {
          if (account !== undefined) step.dependOn(account.ticket);
          sender.deliver(step, element);
        }),
      );
    });
    waiting?.catch((err: unknown) => house.log.error({ err, to: iq.to.full }, "an account could not be asked in the name of a service"));
  }

  livenessProbe(session: Session): Element | undefined {
    const { extensions, house } = this.#options;
    return extensions.find((extension) => extension.livenessProbe)?.livenessProbe?.(session, house);
  }

  /** RFC 6120 section 10.3. */
  #routeWithoutAddress(step: Step, session: Session, stanza: Stanza, handled: Handled): Promise<void> | undefined {
    const to = stanza.from.toBare();
    if (stanza.kind === "iq") {
      return this.#withAccount(step, to, handled, (step, account) => this.#answer(step, session, session, stanza, "account", account, handled));
    }
    stanza.element.attrs["to"] = to.full;
    return this.#withAccount(step, to, handled, (step, account) => this.#routeToAccount(step, session, session, { ...stanza, to }, account, handled));
  }

  /** RFC 6120 sections 10.5.1 and 10.5.2: presence to the server is of no consequence, messages have no reader there. */
  #routeToServer(step: Step, sender: Sender, session: Session | undefined, stanza: Stanza, to: Jid, handled: Handled): Promise<void> | undefined {
    if (stanza.kind === "iq" && to.resource === undefined) return this.#answer(step, sender, session, stanza, "server", undefined, handled);
    if (stanza.kind !== "presence") refuseTo(sender, session, step, stanza, serviceUnavailable);
    return undefined;
  }

  /** RFC 6121 section 3: between bare JIDs, whatever resource was named. */
  #routeSubscription(step: Step, session: Session, stanza: Addressed, handled: Handled): Promise<void> | undefined {
    const { accounts, subscriptions } = this.#options;
    const type = stanza.type as SubscriptionType;
    const to = stanza.to.toBare();
    if (to.bare === stanza.from.bare) {
      refuse(session, step, stanza, { condition: "not-allowed", text: "everybody sees their own presence" });
      return undefined;
    }
    const local = this.#hosts.has(to.domain);
    const fault = type === "subscribe" ? this.#unaskable(to) : undefined;
    if (fault !== undefined) {
      refuse(session, step, stanza, fault);
      return undefined;
    }
    stanza.element.attrs["to"] = to.full;
    const process = (step: Step, contact: Account | undefined): undefined => {
      // The user may have gone while the contact was loaded.
      const user = accounts.read(step, stanza.from.bare);
      if (user === undefined) return;
      const fault = subscriptions.outbound(step, user, to, contact, type, stanza.element);
      if (fault === undefined) return;
      countFault(this.#options.house.refused, fault);
      refuse(session, step, { ...stanza, to }, fault);
    };
    return local && to.local !== undefined ? this.#withAccount(step, to, handled, process) : process(step, undefined);
  }

  /** Why nobody at this address can be asked to show presence (RFC 6121 section 3.1.2). */
  #unaskable({ domain, bare, local }: Jid): StanzaFault | undefined {
    const { services } = this.#options;
    const service = services.ofContact(bare);
    if (service !== undefined) return service.away === true ? serviceAway : undefined;
    if (this.#hosts.has(domain)) return local === undefined ? serviceUnavailable : undefined;
    return services.get(domain) === undefined ? remoteServerNotFound : serviceUnavailable;
  }

  /**
   * Waits while something older is on its way to the account (RFC 6120 section 10.1), and loads the account if it is not in memory;
   * `work` then runs in a step of its own.
   */
  #withAccount(
    step: Step,
    jid: Jid,
    handled: Handled,
    work: (step: Step, account: Account | undefined) => Promise<void> | undefined,
  ): Promise<void> | undefined {
    const { accounts, batch } = this.#options;
    const held = accounts.held(jid.bare);
    const account = held === undefined ? accounts.read(step, jid.bare) : undefined;
    if (account !== undefined) return work(step, account);
    const cause = step.id;
    const later = (work: (step: Step) => Promise<void> | undefined) =>
      batch.run(cause, (step) => {
        const waiting = work(step);
        if (waiting === undefined) handled(step);
        return waiting;
      });
    const again = (step: Step) => this.#withAccount(step, jid, handled, work);
    if (held !== undefined) return held.then(() => later(again));
    return accounts
      .load(jid.domain, jid.local ?? "")
      .then((loaded) => later(loaded === undefined ? (step) => work(step, undefined) : again));
  }

  /** `session`: the sender's, if it has one here; a service has none. */
  #routeToAccount(
    step: Step,
    sender: Sender,
    session: Session | undefined,
    stanza: Addressed,
    account: Account | undefined,
    handled: Handled,
  ): Promise<void> | undefined {
    const { presence, registry, house } = this.#options;
    // The sender left while this waited, and its end has been told: that is the last to be heard of it (RFC 6121 section 4.6.3).
    if (stanza.kind === "presence" && stanza.type === "available" && session?.connected === false) return undefined;
    if (stanza.kind === "presence" && stanza.type === "probe") {
      if (session !== undefined) presence.answerProbe(step, session, stanza, account);
      else presence.answerProbeOfService(step, sender, stanza, account);
      return undefined;
    }
    const passage = { step, stanza, sender: session, house, account, recipient: undefined };
    if (account !== undefined && !this.#passes("account", passage, sender)) return undefined;
    const targets = account === undefined ? undefined : registry.sessions(stanza.to.bare);
    const shares = (target: Session) => this.#isShared(step, account, stanza) || target.hasDirected(stanza.from);
    const decision = decideDelivery(rowOf(stanza), stanza.to.resource, targets, shares);
    // What goes back at once is in nobody's archive, and nobody is given a copy of it.
    if (account !== undefined && decision.action !== "bounce") {
      if (!this.#passes("archive", passage, sender)) return undefined;
      const recipients = decision.action === "deliver" ? decision.to : [];
      for (const phase of ["copy", "deliver"] as const) if (!this.#passes(phase, { ...passage, recipients }, sender)) return undefined;
    }
    switch (decision.action) {
      case "deliver":
        this.#deliver(passage, decision.to, decision.why, sender);
        return undefined;
      case "answer":
        return this.#answer(step, sender, session, stanza, "account", account, handled);
      case "undelivered":
        if (this.#passes("undelivered", { ...passage, why: decision.why }, sender)) refuseTo(sender, session, step, stanza, serviceUnavailable);
        return undefined;
      case "bounce":
        // An account that does not exist answers a stranger as one that does: service-unavailable, but for what an extension tells everybody.
        if (account === undefined && stanza.kind === "iq" && stanza.to.resource === undefined) {
          return this.#answer(step, sender, session, stanza, "account", undefined, handled);
        }
        refuseTo(sender, session, step, stanza, serviceUnavailable);
        return undefined;
      case "drop":
        return undefined;
    }
  }

  #deliver({ step, stanza, sender, house, account }: Passage, recipients: readonly Session[], why: string, origin: Sender): void {
    const note = stanza.kind === "message" ? noteFor(recipients, house, why) : { why };
    for (const recipient of recipients) {
      // Spelt out: each stanza comes this way, and a spread costs more than all the rest of it.
      const held = passPhase(this.#phases, "hold", { step, stanza, sender, house, account, recipient });
      if (held === undefined) {
        recipient.deliver(step, stanza.element, note);
        if (stanza.kind !== "presence") continue;
        if (sender !== undefined) this.#options.presence.reached(step, sender, stanza, recipient);
        else this.#options.presence.heardFrom(step, recipient, stanza.from, stanza.type);
      } else if ("fault" in held) {
        countFault(house.refused, held.fault);
        refuseTo(origin, sender, step, stanza, held.fault);
      }
    }
  }

  #answer(
    step: Step,
    sender: Sender,
    session: Session | undefined,
    iq: Stanza,
    target: "server" | "account",
    account: Account | undefined,
    handled: Handled,
  ): Promise<void> | undefined {
    if (iq.type !== "get" && iq.type !== "set") return undefined;
    const { house, batch } = this.#options;
    const own = target === "account" && (iq.to === undefined || iq.to.bare === iq.from.bare);
    const shared = own || this.#isShared(step, account, iq);
    const answer = answerIq(this.#iqs, this.#options.patience, { step, iq, session, house, target, account, own, shared });
    if (!(answer instanceof Promise)) {
      answer.before?.(step);
      sender.deliver(step, answer.element);
      answer.afterwards?.(step);
      return undefined;
    }
    const cause = step.id;
    return answer.then(({ element, before, afterwards }) =>
      batch.run(cause, (step) => {
        if (account !== undefined) step.dependOn(account.ticket);
        before?.(step);
        sender.deliver(step, element);
        afterwards?.(step);
        handled(step);
      }),
    );
  }

  /** RFC 6121 section 8.5.3.1: the account is the sender's own, or shows it its presence. */
  #isShared(step: Step, account: Account | undefined, { from, to }: Stanza): boolean {
    if (account === undefined) return false;
    if (account.bare === from.bare) return true;
    if (to === undefined || !account.shows(from.bare)) return false;
    const sender = this.#options.accounts.read(step, from.bare);
    // Of a service's address nobody but the account can have blocked the other.
    if (sender === undefined) return this.#options.services.ofContact(from.bare) !== undefined && !account.blocks(from);
    return !isBarred(sender, from, account, to);
  }

  /** `origin`: who is told of a refusal; the session that sent it where nobody else is named. */
  #passes(phase: Phase, passage: Passage, origin: Sender | undefined = passage.sender): boolean {
    const verdict = passPhase(this.#phases, phase, passage);
    if (verdict === undefined) return true;
    if ("fault" in verdict) countFault(passage.house.refused, verdict.fault);
    if ("fault" in verdict && origin !== undefined) refuseTo(origin, passage.sender, passage.step, passage.stanza, verdict.fault);
    return false;
  }

  /** RFC 6121 section 4.6.3 holds for a service as for any address: it is told of the end as long as it has been told of the beginning. */
  #routeToService(step: Step, session: Session, stanza: Addressed, service: Service, handled: Handled): Promise<void> | undefined {
    const taking = service.take(step, stanza, session);
    if (taking === undefined) return undefined;
    const cause = step.id;
    const { patience, house } = this.#options;
    const waiting = service.isPatient === true ? taking : patience.within(taking, () => {
      house.refused("extensionAnswerMs");
      house.log.error({ from: stanza.from.full }, `service ${service.domain}: has not taken a ${stanza.kind} within ${extensionAnswerMs / 1_000} s; its sender goes on`);
    });
    return waiting.then(() => this.#options.batch.run(cause, handled));
  }
}

/** Answers with an error, to the session where there is one. */
function refuseTo(sender: Sender, session: Session | undefined, step: Step, stanza: Stanza, fault: StanzaFault): void {
  if (session !== undefined) refuse(session, step, stanza, fault);
  else if (mayBeAnswered(stanza)) sender.deliver(step, stanzaError(stanza, fault));
}

function nothing(): void {}

const serviceUnavailable: StanzaFault = { condition: "service-unavailable", text: "" };

/** RFC 6120 section 10.4.3: without federation no remote domain can be resolved. */
const remoteServerNotFound: StanzaFault = { condition: "remote-server-not-found", text: "this server does not speak to other servers" };

function rowOf(stanza: Stanza): DeliveryRow {
  switch (stanza.kind) {
    case "message":
      return `message ${stanza.type}` as DeliveryRow;
    case "presence":
      return "presence";
    case "iq":
      return stanza.type === "get" || stanza.type === "set" ? "iq request" : "iq response";
  }
}

function isSubscription({ kind, type }: Stanza): boolean {
  return kind === "presence" && (subscriptionTypes as readonly string[]).includes(type);
}
