/**
 * Where a stanza goes: to the server itself, to a local account by the delivery table (RFC 6121 section 8.5),
 * or to a remote domain (RFC 6120 section 10).
 */
import { decideDelivery, type DeliveryRow } from "../domain/delivery.ts";
import type { Jid } from "../domain/jid.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { FeatureStage, PresenceChange, Session, StanzaRouter } from "../session/environment.ts";
import { refuse } from "../session/refusal.ts";
import type { Registry } from "../session/registry.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import type { Extension, House } from "./extension.ts";
import { answerIq, type IqTable, iqTable } from "./iq.ts";
import { passPhase, phaseTable, type Phase, type PhaseTable } from "./phases.ts";
import { broadcastPresence } from "./presence.ts";

export interface RouterOptions {
  readonly extensions: readonly Extension[];
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly batch: Batch;
  readonly house: House;
}

export class Router implements StanzaRouter {
  readonly #options: RouterOptions;
  readonly #phases: PhaseTable;
  readonly #iqs: IqTable;
  readonly #hosts: ReadonlySet<string>;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#phases = phaseTable(options.extensions.flatMap((extension) => extension.phases ?? []));
    this.#iqs = iqTable(options.extensions);
    this.#hosts = new Set(options.house.hosts);
  }

  route(step: Step, session: Session, stanza: Stanza): Promise<void> | undefined {
    if (!this.#passes("stamp", step, session, stanza) || !this.#passes("guard", step, session, stanza)) return undefined;
    const { to } = stanza;
    // RFC 6121 section 4.3: probes are for servers to send.
    if (stanza.kind === "presence" && stanza.type === "probe") return undefined;
    if (stanza.kind === "presence" && isSubscription(stanza.type)) {
      // Said of this server, whoever it is for: an answer that depended on the account would tell which accounts there are.
      refuse(session, step, stanza, { condition: "feature-not-implemented", text: "this server keeps no contacts yet" });
      return undefined;
    }
    if (to === undefined) return this.#routeWithoutAddress(step, session, stanza);
    if (!this.#hosts.has(to.domain)) {
      // RFC 6120 section 10.4.3: without federation no remote domain can be resolved.
      refuse(session, step, stanza, { condition: "remote-server-not-found", text: "this server does not speak to other servers" });
      return undefined;
    }
    if (to.local === undefined) {
      this.#routeToServer(step, session, stanza, to);
      return undefined;
    }
    return this.#routeToAccount(step, session, stanza, to);
  }

  broadcast(step: Step, session: Session, change: PresenceChange): void {
    broadcastPresence(this.#options.registry, step, session, change);
  }

  takesEarly(element: Element, stage: FeatureStage["stage"]): boolean {
    return stage === "unauthenticated" && this.#options.extensions.some((extension) => extension.takesUnauthenticated?.(element) === true);
  }

  streamFeatures(stage: FeatureStage): readonly Element[] {
    return this.#options.extensions.flatMap((extension) => extension.streamFeature?.(stage) ?? []);
  }

  livenessProbe(session: Session): Element | undefined {
    const { extensions, house } = this.#options;
    return extensions.find((extension) => extension.livenessProbe)?.livenessProbe?.(session, house);
  }

  /** RFC 6120 section 10.3. */
  #routeWithoutAddress(step: Step, session: Session, stanza: Stanza): Promise<void> | undefined {
    if (stanza.kind === "iq") {
      this.#answer(step, session, stanza, "account", true);
      return undefined;
    }
    const to = stanza.from.toBare();
    stanza.element.attrs["to"] = to.full;
    return this.#routeToAccount(step, session, { ...stanza, to }, to);
  }

  /** RFC 6120 sections 10.5.1 and 10.5.2: presence to the server is of no consequence, messages have no reader there. */
  #routeToServer(step: Step, session: Session, stanza: Stanza, to: Jid): void {
    if (stanza.kind === "iq" && to.resource === undefined) this.#answer(step, session, stanza, "server", false);
    else if (stanza.kind !== "presence") refuse(session, step, stanza, serviceUnavailable);
  }

  #routeToAccount(step: Step, session: Session, stanza: Stanza, to: Jid): Promise<void> | undefined {
    const { accounts, batch } = this.#options;
    if (accounts.get(to.bare) !== undefined) {
      this.#deliver(step, session, stanza, to, true);
      return undefined;
    }
    const cause = step.id;
    return accounts.load(to.domain, to.local ?? "").then((account) => {
      batch.run(cause, (step) => this.#deliver(step, session, stanza, to, account !== undefined));
    });
  }

  #deliver(step: Step, session: Session, stanza: Stanza, to: Jid, exists: boolean): void {
    for (const phase of ["account", "archive", "copy", "deliver"] as const) {
      if (!this.#passes(phase, step, session, stanza)) return;
    }
    const targets = exists ? this.#options.registry.sessions(to.bare) : undefined;
    const decision = decideDelivery(rowOf(stanza), to.resource, targets, (target) => sharesPresence(target, stanza.from));
    switch (decision.action) {
      case "deliver":
        for (const recipient of decision.to) {
          const held = passPhase(this.#phases, "hold", { step, stanza, sender: session, recipient });
          if (held === undefined) recipient.deliver(step, stanza.element);
          else if ("fault" in held) refuse(session, step, stanza, held.fault);
        }
        return;
      case "answer":
        return this.#answer(step, session, stanza, "account", to.bare === stanza.from.bare);
      case "undelivered":
        if (this.#passes("undelivered", step, session, stanza)) refuse(session, step, stanza, serviceUnavailable);
        return;
      case "bounce":
        // An account that does not exist answers a stranger as one that does: service-unavailable, but for what an extension tells everybody.
        if (!exists && stanza.kind === "iq" && to.resource === undefined) return this.#answer(step, session, stanza, "account", false);
        return refuse(session, step, stanza, serviceUnavailable);
      case "drop":
        return;
    }
  }

  #answer(step: Step, session: Session, iq: Stanza, target: "server" | "account", own: boolean): void {
    if (iq.type !== "get" && iq.type !== "set") return;
    session.deliver(step, answerIq(this.#iqs, { step, iq, session, house: this.#options.house, target, own }));
  }

  #passes(phase: Phase, step: Step, sender: Session, stanza: Stanza): boolean {
    const verdict = passPhase(this.#phases, phase, { step, stanza, sender });
    if (verdict === undefined) return true;
    if ("fault" in verdict) refuse(sender, step, stanza, verdict.fault);
    return false;
  }
}

const serviceUnavailable: StanzaFault = { condition: "service-unavailable", text: "" };

/** RFC 6121 section 8.5.3.1: the sender is the user, or was sent directed presence by that resource. */
function sharesPresence(target: Session, sender: Jid): boolean {
  return target.jid.bare === sender.bare || target.hasDirected(sender);
}

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

function isSubscription(type: string): boolean {
  return type !== "available" && type !== "unavailable" && type !== "error";
}
