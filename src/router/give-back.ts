/**
 * What becomes of stanzas that a session was sent and whose client never acknowledged them: as if they had been sent to a resource
 * that is not there (XEP-0198 section 4), each exactly once.
 */
import type { Account } from "../domain/account.ts";
import { decideDelivery } from "../domain/delivery.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import type { UnacknowledgedStanza } from "../session/environment.ts";
import type { Services } from "../service/services.ts";
import { typeOf } from "../session/border.ts";
import type { Registry } from "../session/registry.ts";
import type { Step } from "../step/batch.ts";
import { delayElement, delayNamespace } from "../xml/delay.ts";
import type { Element } from "../xml/element.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { mayBeAnswered, stanzaError, type Stanza, type StanzaFault, type StanzaKind } from "../xml/stanza.ts";
import { noteFor } from "./delivery-note.ts";
import type { House } from "./house.ts";
import type { Passage, Phase, Verdict } from "./phases.ts";

export interface GiveBackOptions {
  readonly registry: Registry;
  readonly house: House;
  readonly services: Services;
  /** The account of the session that is over. */
  readonly account: Account | undefined;
  /** The verdict of the extensions at a phase. */
  readonly passes: (phase: Phase, passage: Passage) => Verdict;
}

type Addressed = Stanza & { readonly to: Jid };

export function giveBack(options: GiveBackOptions, step: Step, jid: Jid, stanzas: readonly UnacknowledgedStanza[]): void {
  for (const stanza of stanzas) {
    try {
      giveOneBack(options, step, jid, stanza);
    } catch (error) {
      // One that an extension fails over must not keep the others from their places, nor the session from its end.
      options.house.log.error({ err: error, jid: jid.full }, "a stanza that was not acknowledged could not be given to anybody");
    }
  }
}

function giveOneBack(options: GiveBackOptions, step: Step, jid: Jid, { text, at, returns }: UnacknowledgedStanza): void {
  const stanza = stanzaOf(adoptElement(text), jid);
  if (stanza === undefined) return;
  const [to, from] = [parseJid(returns?.from ?? ""), parseJid(returns?.to ?? "")];
  // It was for this session alone, under an address that other resources of the user do not have (XEP-0045 section 7.5).
  if (to !== undefined && from !== undefined) return bounce(options, step, { ...stanza, from, to }, serviceUnavailable);
  if (stanza.kind === "message" && (stanza.type === "chat" || stanza.type === "normal")) giveToOthers(options, step, stanza, at);
  else if (isMissed(stanza)) bounce(options, step, stanza, serviceUnavailable);
}

/** Whoever sent a request waits for its answer, and a room has to know who has left it; other stanzas are of their moment. */
function isMissed({ kind, type }: Stanza): boolean {
  return (kind === "iq" && (type === "get" || type === "set")) || (kind === "message" && type === "groupchat");
}

/** To the user's other resources, or kept until there is one, or back. */
function giveToOthers(options: GiveBackOptions, step: Step, stanza: Addressed, at: number): void {
  const { registry, house, account } = options;
  const { from, to } = stanza;
  // XEP-0191 section 3.3: nothing is delivered of whom the user has blocked since.
  if (account?.blocks(from) === true) return;
  markDelayed(stanza.element, at, to.domain);
  // Those who have no link have queues of their own, which this must not fill: for them it is kept where there is room for it.
  const targets = account === undefined ? undefined : registry.sessions(to.bare).filter(({ hibernating }) => !hibernating);
  const decision = decideDelivery("message chat", undefined, targets, () => true);
  const why = `not acknowledged by ${to.full}; ${decision.why}`;
  const passage = { step, stanza, sender: undefined, givenBack: true, house, account, why };
  if (decision.action === "deliver") {
    const note = noteFor(decision.to, house, why);
    for (const recipient of decision.to) {
      if (options.passes("hold", { ...passage, recipient }) === undefined) recipient.deliver(step, stanza.element, note);
    }
    return;
  }
  if (account !== undefined) {
    const verdict = options.passes("undelivered", passage);
    if (verdict !== undefined && "stop" in verdict) return;
  }
  bounce(options, step, stanza, serviceUnavailable);
}

/** To the resource or the service that sent it, if it is still there. */
function bounce({ registry, services, house }: GiveBackOptions, step: Step, stanza: Addressed, fault: StanzaFault): void {
  const { from, to } = stanza;
  if (!mayBeAnswered(stanza)) return;
  const error = stanzaError(stanza, fault);
  const service = services.get(from.domain);
  if (service === undefined) {
    // XEP-0191 section 3.3 holds for errors, too.
    const isBlocked = house.account(step, from.bare)?.blocks(to) === true;
    if (from.resource !== undefined && !isBlocked) registry.session(from.bare, from.resource)?.deliver(step, error);
    return;
  }
  const returned = { element: error, kind: stanza.kind, type: "error", id: stanza.id, from: to, to: from };
  services.tell(step, service, returned);
}

/** When it was first sent (XEP-0203), unless this server has said so already. */
function markDelayed(element: Element, at: number, by: string): void {
  if (element.getChildren("delay", delayNamespace).some(({ attrs }) => attrs["from"] === by)) return;
  element.cnode(delayElement(at, by));
}

/** As it was when it passed the border; undefined for what the server itself had sent. */
function stanzaOf(element: Element, jid: Jid): Addressed | undefined {
  const from = parseJid(String(element.attrs["from"] ?? ""));
  if (from === undefined) return undefined;
  const kind = element.name as StanzaKind;
  return { element, kind, type: typeOf(element, kind), id: element.attrs["id"] as string | undefined, from, to: jid };
}

const serviceUnavailable: StanzaFault = { condition: "service-unavailable", text: "" };
