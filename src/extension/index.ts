/**
 * `refrain/extension`: what the author of an extension needs. An extension is one file of one's own whose default export is an
 * `Extension`, or an array of them; the setting `extensions` names the file. What is not exported here is no part of the contract.
 */
import type { Extension } from "../router/extension.ts";

/** Gives the extension back as it is: in JavaScript too an editor then knows what it may have, and what its functions are given. */
export function defineExtension(extension: Extension): Extension {
  return extension;
}

// What it declares, and what its functions are given.
export { sessionState, type SessionState, type SessionStateOptions } from "../router/session-state.ts";
export type {
  AccessChanged, AccountNodes, DataChanged, ElementHandler, Extension, FeaturesLearned, IqHandler, IqReply, IqRequest, InlineBinding, ItemsChanged, NodeQuestion,
  Outgoing, PresenceChanged, RosterChanged, ServerNodeQuestion, ServerNodes, SessionLinkLost, SessionlessIqHandler, SessionlessIqRequest, SessionResumed,
  Specification,
} from "../router/extension.ts";
export type {
  Administered, AdministeredContact, AdministeredRoster, Administration, MessageOfTheDay, OnlineSession,
} from "../router/administration.ts";
export type { Command, CommandCall, CommandFault, CommandForm, CommandOutcome, CommandStage, FilledForm } from "../router/commands.ts";
export type { FormField } from "../xml/data-form.ts";
export type { Passage, Phase, PhaseHandler, PhaseHandlers, Verdict } from "../router/phases.ts";
export type { EntityDescription, EntityForm, EntityIdentity } from "../domain/entity-caps.ts";

// The house, and what there is in it.
export type { ExternalService, House, HouseLimits, SlotAnswer, UploadSlots, Wanted } from "../router/house.ts";
export type { AccountData, DataRange, DataValue, SetState, StoredMessage } from "../router/account-data.ts";
export type {
  Archive, ArchivedId, ArchivedMessage, ArchiveEnds, ArchiveMissing, ArchivePage, ArchiveQuery, KeptMessages, ResultPage,
} from "../router/archive.ts";
export type { Contacts, Meant } from "../router/contacts.ts";
export type { Invitation, InvitationFacts, InvitationLink, InvitationOwner } from "../domain/invitation.ts";
export type { DeskInvitation, DeskWish, InvitationDesk } from "../router/invitations.ts";
export type { Registrar, RegistrarFault } from "../router/registrar.ts";
export type { Answered, ServerAnswer, ServerRequest } from "../router/requests.ts";
export type { AccessChange, Item, ItemsChange, Nodes, PublishRequest } from "../pubsub/nodes.ts";
export type { AffiliationChange, People, Subscribed, SubscriptionChange } from "../pubsub/people.ts";
export type { Tie } from "../pubsub/people-index.ts";
export type { Subscription } from "../pubsub/people-rows.ts";
export type { AccessModel, Affiliation, Entry, Node, NodeConfig, SubscriptionState as NodeSubscriptionState } from "../pubsub/node.ts";
export type { Fault } from "../pubsub/faults.ts";
export type { Log } from "../ports.ts";

// Sessions and accounts.
export type { DeliveryNote, FeatureStage, HeldNote, PresenceChange, Receipt, Session } from "../session/environment.ts";
export type { ReturnPath } from "../domain/session-facts.ts";
export type { SecureLink } from "../ports.ts";
export type { XmlLimits } from "../domain/limits.ts";
export type { CountRefusal, LimitName } from "../domain/refusals.ts";
export type { Step } from "../step/batch.ts";
export type { Account } from "../domain/account.ts";
export type { AccountFact } from "../domain/facts.ts";
export type { RosterItem, StoredRosterItem } from "../domain/roster.ts";
export type { SubscriptionState } from "../domain/subscription.ts";

// Addresses, stanzas, elements.
export type { StanzaErrorCondition, StanzaErrorType, StreamErrorCondition } from "../domain/errors.ts";
export type { Json } from "../domain/json.ts";
export { parseJid, type Jid } from "../domain/jid.ts";
export type { Element } from "../xml/element.ts";
export { clientNamespace, el, payloadOf, type Stanza, type StanzaFault, type StanzaKind } from "../xml/stanza.ts";
