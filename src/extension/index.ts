/**
 * `refrain/extension`: what the author of an extension needs. An extension is one file of one's own whose default export is an
 * `Extension`, or an array of them; the setting `extensions` names the file. What is not exported here is no part of the contract.
 */
import type { Extension } from "../router/extension.ts";

/** Gives the extension back as it is: in JavaScript too an editor then knows what it may have, and what its functions are given. */
export function defineExtension(extension: Extension): Extension {
  return extension;
}

export { sessionState, type SessionState, type SessionStateOptions } from "../router/session-state.ts";
export type {
  AccountNodes, DataChanged, ElementHandler, Extension, FeaturesLearned, IqHandler, IqReply, IqRequest, NodeQuestion, PresenceChanged,
  RosterChanged, SessionResumed, Specification,
} from "../router/extension.ts";
export type { House, HouseLimits } from "../router/house.ts";
export type { Passage, Phase, PhaseHandler, PhaseHandlers, Verdict } from "../router/phases.ts";
export type { Session } from "../session/environment.ts";
export type { Step } from "../step/batch.ts";
export type { Account } from "../domain/account.ts";
export type { StanzaErrorCondition } from "../domain/errors.ts";
export type { Json } from "../domain/json.ts";
export { parseJid, type Jid } from "../domain/jid.ts";
export type { Element } from "../xml/element.ts";
export { clientNamespace, el, payloadOf, type Stanza, type StanzaFault } from "../xml/stanza.ts";
