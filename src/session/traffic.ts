/**
 * What becomes of a first-level element. While a stream is negotiated everything is told to the machine;
 * in a connected session plain stanzas change no state and go straight to the router.
 */
import { type Jid, makeJid, parseJid } from "../domain/jid.ts";
import { directedCharsMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import type { Stanza, StanzaKind } from "../xml/stanza.ts";
import { bindRequest, checkStanza, classify, disturbed, priorityOf } from "./border.ts";
import { digestOf } from "./digest.ts";
import { payloadOf, readLoginRequest } from "./login-request.ts";
import { takeManagement } from "./management-border.ts";
import { refuse } from "./refusal.ts";
import type { Workbench } from "./workbench.ts";

/** The part of the host that traffic needs. */
export interface TrafficHost extends Workbench {
  readonly closed: boolean;
  /** Holds the client's input until what was loaded for a stanza has let it be routed (RFC 6120 section 10.1). */
  awaitRouting(loading: Promise<void>, stanzaTo: string | undefined): void;
}

export function takeElement(host: TrafficHost, step: Step, element: Element): void {
  const incoming = classify(element);
  const { at } = step;
  switch (incoming.kind) {
    case "stanza":
      return takeStanza(host, step, element, incoming.stanza);
    case "starttls":
      return host.tell(step, { type: "tls.requested", at });
    case "auth":
      host.payload = incoming.payload;
      host.inline = undefined;
      return host.tell(step, { type: "sasl.started", at, mechanism: incoming.mechanism });
    case "response":
      host.payload = incoming.payload;
      return host.tell(step, { type: "sasl.continued", at });
    case "abort":
      return host.tell(step, { type: "sasl.aborted", at });
    case "authenticate":
      return takeLogin(host, step, element);
    case "response2":
      host.payload = payloadOf(element);
      return host.tell(step, { type: "sasl2.continued", at });
    case "abort2":
      return host.tell(step, { type: "sasl2.aborted", at });
    case "management":
      if (host.context.wishes !== null) return host.tell(step, disturbed(at));
      return takeManagement(host, step, element);
    case "stream-error":
      return host.tell(step, { type: "stream.ended", at });
    case "unsupported":
      if (host.connected && host.environment.router.takeElement(step, host, element)) return undefined;
      return host.tell(step, {
        type: "stream.failed",
        at,
        condition: "unsupported-stanza-type",
        text: `<${element.name}/> is not understood here`,
      });
  }
}

/** Who is known already is not to be heard again: what it says is not kept. */
function takeLogin(host: TrafficHost, step: Step, element: Element): void {
  const request = readLoginRequest(element);
  const { mechanism, resume, bind } = request;
  if (host.context.username === null) host.inline = { request, results: [], prepared: undefined };
  host.tell(step, { type: "sasl2.started", at: step.at, mechanism: mechanism.slice(0, mechanismCharsMax), resume, bind });
}

/** More than any has (RFC 4422 section 3.1): enough of it to be told. */
const mechanismCharsMax = 64;

function takeStanza(host: TrafficHost, step: Step, element: Element, kind: StanzaKind): void {
  const bind = bindRequest(element);
  if (bind !== undefined) {
    const { connected } = host;
    host.tell(step, { type: "bind.requested", at: step.at, id: bind.id, resource: bind.resource ?? null });
    // A session that is closing answers nothing any more, and has handled nothing.
    return connected ? host.management.handled(step) : undefined;
  }
  if (!host.connected) {
    host.pending = element;
    return host.tell(step, { type: "stanza.received", at: step.at, kind, allowed: isAllowedEarly(host, element, kind) });
  }
  host.environment.tally.received[kind] += 1;
  const { stanza, fault } = checkStanza(element, kind, host.jid, host.lang);
  if (fault !== undefined) refuse(host, step, stanza, fault);
  else if (kind !== "presence" || takePresence(host, step, stanza)) return route(host, step, stanza);
  host.management.handled(step);
}

/** Before binding: an iq to the server or the own account (RFC 6120 section 7.1); before authentication: to the server, what an extension declared. */
function isAllowedEarly(host: TrafficHost, element: Element, kind: StanzaKind): boolean {
  if (kind !== "iq") return false;
  const { username, host: domain } = host.context;
  const to: unknown = element.attrs["to"];
  const full = to === undefined ? domain : parseJid(String(to))?.full;
  if (username === null) return full === domain && host.environment.router.takesEarly(element, "unauthenticated");
  return full === domain || full === `${username}@${domain}`;
}

/** An iq before binding is answered for the account: the sender is the bare JID. */
export function takeEarly(host: TrafficHost, step: Step, element: Element): void {
  const { username, host: domain } = host.context;
  const sender = makeJid(username ?? undefined, domain ?? "", undefined);
  const { stanza, fault } = checkStanza(element, "iq", sender, host.lang);
  if (fault !== undefined) refuse(host, step, stanza, fault);
  else route(host, step, stanza);
}

/**
 * Presence without `to` changes the session's state; with one it is remembered and routed (RFC 6121 sections 4.2 to 4.6).
 * Returns whether it is still to be routed.
 */
function takePresence(host: TrafficHost, step: Step, stanza: Stanza): boolean {
  const { at } = step;
  if (stanza.to !== undefined) {
    // Only who can be told of the end is worth remembering.
    const reaches = host.environment.router.reaches(stanza.to);
    if (stanza.type === "available" && reaches && !seesAnyway(host, stanza.to)) {
      // Section 4.6.3, rule 2: whoever is sent it has to be told of its end, so there is no more of it than can be remembered.
      if (!hasRoomFor(host, stanza.to)) {
        host.environment.tally.refused("directedCharsMax");
        refuse(host, step, stanza, { condition: "resource-constraint", text: "too many have been sent directed presence; take some back" });
        return false;
      }
      host.tell(step, { type: "presence.directed", at, to: stanza.to.full });
    }
    if (stanza.type === "unavailable") forgetDirected(host, step, stanza.to);
    return true;
  }
  switch (stanza.type) {
    case "available":
      changePresence(host, step, stanza);
      return false;
    case "unavailable":
      if (!host.environment.router.stamp(step, host, stanza)) return false;
      host.presence = stanza.element;
      host.tell(step, { type: "presence.withdrawn", at });
      host.presence = undefined;
      return false;
    case "error":
      return false;
    case "probe":
      // RFC 6121 section 4.3: a probe is no cause for an error. Without an address it is for the own account (RFC 6120 section 10.3).
      return true;
    default:
      refuse(host, step, stanza, { condition: "bad-request", text: `presence of type ${stanza.type} needs a 'to'` });
      return false;
  }
}

function hasRoomFor({ context: { directed } }: TrafficHost, { full }: Jid): boolean {
  if (directed.includes(full)) return true;
  return directed.reduce((chars, to) => chars + to.length, full.length) <= directedCharsMax;
}

/**
 * RFC 6121 section 4.6.3, rule 1: a contact who sees an available resource is told of its end in any case. That goes to the contact's
 * available resources (section 4.5.3), so another that was written to is remembered.
 */
function seesAnyway(host: TrafficHost, to: Jid): boolean {
  const { accounts, registry } = host.environment;
  if (!host.available || accounts.get(host.jid.bare)?.shows(to.bare) !== true) return false;
  return to.resource === undefined || registry.session(to.bare, to.resource)?.available !== false;
}

/**
 * RFC 6121 section 4.6.1: whoever is told of the end now is not told again. What is sent to a bare JID reaches the available resources,
 * so it counts for them too; of an account that was written to as a whole, the others are still to be told.
 */
function forgetDirected(host: TrafficHost, step: Step, to: Jid): void {
  const { registry } = host.environment;
  const { directed } = host.context;
  const { at } = step;
  if (directed.includes(to.full)) host.tell(step, { type: "presence.undirected", at, to: to.full });
  if (to.resource === undefined) {
    const prefix = `${to.bare}/`;
    const told = (known: string) => registry.session(to.bare, known.slice(prefix.length))?.available !== false;
    const over = directed.filter((known) => known.startsWith(prefix) && told(known));
    if (over.length > 0) host.tell(step, { type: "presence.undirected", at, to: over });
  } else if (directed.includes(to.bare) && registry.session(to.bare, to.resource)?.available === true) {
    host.tell(step, { type: "presence.undirected", at, to: to.bare });
    for (const { available, resource, jid } of registry.sessions(to.bare)) {
      if (available && resource !== to.resource) host.tell(step, { type: "presence.directed", at, to: jid.full });
    }
  }
}

function changePresence(host: TrafficHost, step: Step, stanza: Stanza): void {
  const priority = priorityOf(stanza.element);
  if (priority === undefined) {
    const text = "presence has at most one priority, an integer from -128 to 127";
    return refuse(host, step, stanza, { condition: "bad-request", text });
  }
  if (host.environment.router.stamp(step, host, stanza)) setPresence(host, step, stanza.element, priority);
}

/** What all who see the session are told, and what is kept to be told to who comes later. */
export function setPresence(host: Pick<TrafficHost, "presence" | "tell">, step: Step, presence: Element, priority: number): void {
  host.presence = presence;
  host.tell(step, { type: "presence.changed", at: step.at, priority, digest: digestOf(serialise(presence)) });
}

/** What has to be loaded first holds the sender's input, so that order is kept (RFC 6120 section 10.1). */
function route(host: TrafficHost, step: Step, stanza: Stanza): void {
  const loading = host.environment.router.route(step, host, stanza, (step) => host.management.handled(step));
  if (loading !== undefined) host.awaitRouting(loading, stanza.to?.full);
}
