/** What happened, in words for people: a line for each fact. What clients wrote to each other is in none of them. */
import type { SessionEvent } from "../../machines/session-events.ts";
import { accountFactVersions, type AccountFacts, type AccountFactType } from "../domain/facts.ts";
import { invitationFactVersions, type InvitationFacts, type InvitationFactType } from "../domain/invitation.ts";
import { roomFactVersions, type RoomFacts, type RoomFactType } from "../domain/room-facts.ts";
import { sessionFactVersions, type SessionFacts, type SessionFactType } from "../domain/session-facts.ts";
import type { StoredFact } from "../ports.ts";
import { eventWords } from "./event-words.ts";
import { ranges, time } from "./plain-words.ts";
import { ruleWords } from "./rule-words.ts";

/** One line; `until`: when the session cannot be resumed any more, if that is known. What clients chose stands in it as they chose it, control characters too. */
export function factWords(fact: StoredFact, until?: number): string {
  const { type, data } = fact;
  if (Object.hasOwn(sessionFactVersions, type)) return (sessionWords[type as SessionFactType] as Words)(data as never, fact, until);
  if (Object.hasOwn(accountFactVersions, type)) return (accountWords[type as AccountFactType] as Words)(data as never, fact);
  if (Object.hasOwn(roomFactVersions, type)) return (roomWords[type as RoomFactType] as Words)(data as never, fact);
  if (Object.hasOwn(invitationFactVersions, type)) return (invitationWords[type as InvitationFactType] as Words)(data as never, fact);
  return type;
}

/** `message m1 of type chat from romeo@example.net/orchard`. */
export function stanzaWords({ kind, type, id, from }: Pick<SessionFacts["StanzaQueued"], "kind" | "type" | "id" | "from">): string {
  return [kind, id, type === "" ? null : `of type ${type}`, from === null ? null : `from ${from}`].filter((word) => word !== null).join(" ");
}

type Words = (data: never, fact: StoredFact, until?: number) => string;

const sessionWords: { readonly [Type in SessionFactType]: (data: SessionFacts[Type], fact: StoredFact, until?: number) => string } = {
  SessionSnapshotTaken: ({ context, machine, version }, fact) => {
    const { username, host } = context as { readonly username?: string; readonly host?: string };
    if (fact.version === 1) return `${username}@${host} has logged in; the session's log begins`;
    return `snapshot of machine ${machine} version ${version}`;
  },
  SessionTold: ({ event }, _fact, until) => eventWords(event as unknown as SessionEvent, until),
  StanzaQueued: ({ number, why, copy, ...stanza }) => `${copy ? "a copy of " : ""}${stanzaWords(stanza)} queued as number ${number}${because(why)}`,
  StanzasCounted: ({ received }) => `${received} of the client's stanzas handled so far`,
  StanzasAcknowledged: ({ acknowledged }) => `the client has the stanzas up to number ${acknowledged}`,
  StanzasTaken: ({ numbers }) => `another session of the account has what is number ${numbers.join(", ")} here: it is a copy from now on`,
  QueueDropped: ({ through }) => `the stanzas up to number ${through} are not kept here any more`,
  StanzaHeld: ({ number, replaces, ...stanza }) => `${stanzaWords(stanza)} waits as number ${number} until the client looks${replaces === null ? "" : `, in the place of number ${replaces}`}`,
  HeldStanzasReleased: ({ through }) => `what waited until the client looks is delivered, up to number ${through}`,
  SessionEnded: ({ reason, received }) => `ended: ${reason}${received === null ? "" : `; ${received} of its stanzas were handled`}`,
};

const tokenWords: Readonly<Record<string, string>> = {
  login: "changed with a login",
  revoked: "were taken back",
  password: "went with the former password",
  disabled: "went with the right to log in",
};

const accountWords: { readonly [Type in AccountFactType]: (data: AccountFacts[Type]) => string } = {
  AccountCreated: () => "the account was created",
  PasswordChanged: ({ removed }) => (removed ? "its keys were erased" : "its password was set"),
  AccountDeleted: () => "the account was deleted",
  DeviceTokensChanged: ({ device, why }) => `${device === null ? "the tokens of all devices" : `the tokens of the device ${device}`} ${tokenWords[why] ?? "were changed"}`,
  AccountDisabled: () => "the account was disabled: nobody may log in to it",
  AccountEnabled: () => "the account was enabled again",
  RosterItemSet: ({ item, version }) => {
    const flags = `${item.ask ? ", asked" : ""}${item.approved ? ", approved beforehand" : ""}`;
    return `contact ${item.jid} set: subscription ${item.subscription}${flags} (roster version ${version})`;
  },
  RosterItemRemoved: ({ jid, version }) => `contact ${jid} removed (roster version ${version})`,
  SubscriptionRequested: ({ from }) => `${from} asks to see its presence`,
  SubscriptionRequestSettled: ({ from }) => `the request of ${from} is settled`,
  ContactsBlocked: ({ jids }) => `blocks ${jids.join(", ")}`,
  ContactsUnblocked: ({ jids }) => `blocks ${jids.join(", ")} no longer`,
  OfflineMessageStored: ({ number, id, from, why }) => {
    const message = stanzaWords({ kind: "message", type: "", id, from });
    return `${message} put aside as number ${number}${because(why)}`;
  },
  OfflineMessagesRemoved: ({ numbers }) => `kept messages ${ranges(numbers)} are gone: delivered, or dropped`,
  UserLeft: () => "its last available resource left",
  AccountDataSet: ({ space, key, value }) => `${space} ${value === null ? "removed" : "set"} ${JSON.stringify(key)}`,
  AccountStateSet: ({ space, key, value }) => `${space} ${value === null ? "removed" : "set"} ${JSON.stringify(key)}`,
  MessageArchived: ({ id, with: contact }) => `a message with ${contact} archived as ${id}`,
  ArchiveTrimmed: ({ through }) => `archived messages up to ${through} are not kept any more`,
};

const roomWords: { readonly [Type in RoomFactType]: (data: RoomFacts[Type]) => string } = {
  RoomCreated: ({ by, locked }) => `${by} made the room${locked ? "; nobody else may enter until it is configured" : ""}`,
  RoomConfigured: ({ changes }) => `configured${Object.keys(changes).length === 0 ? " as it was" : `: ${Object.keys(changes).join(", ")}`}`,
  AffiliationSet: ({ jid, affiliation, nick }) => `${jid} has the affiliation ${affiliation}${nick === null ? "" : `, and the nick ${nick} is reserved`}`,
  OccupantEntered: ({ nick, jid, role }) => `${jid} entered as ${nick}, ${role}`,
  OccupantShown: ({ nick, jid }) => `${jid} shows itself anew as ${nick}`,
  OccupantRenamed: ({ nick, to }) => `${nick} is ${to} from now on`,
  OccupantLeft: ({ nick, jid }) => `${jid} is ${nick} no longer`,
  RoleSet: ({ nick, role }) => `${nick} has the role ${role}`,
  SubjectSet: ({ nick }) => `${nick} set the subject`,
  VCardSet: ({ bytes }) => (bytes === 0 ? "its vCard was removed" : `its vCard was set (${bytes} bytes)`),
  RoomMessageArchived: ({ id, with: speaker }) => `what ${speaker} said archived as ${id}`,
  RoomArchiveTrimmed: ({ through }) => `archived messages up to ${through} are not kept any more`,
  RoomMessageRetracted: ({ id, by }) => `${by} took back what was archived as ${id}`,
  OccupantsNoted: ({ occupants }) => `who is in it, once more: ${occupants.length === 0 ? "nobody" : occupants.map(({ nick }) => nick).join(", ")}`,
  RoomDestroyed: ({ by }) => (by === null ? "over: the last one has left" : `${by} destroyed the room`),
};

const invitationWords: { readonly [Type in InvitationFactType]: (data: InvitationFacts[Type]) => string } = {
  InvitationMade: ({ inviter, host, username, expiresAt }) =>
    `${inviter ?? "the operator"} invited somebody to ${username === null ? host : `be ${username}@${host}`}, until ${time(expiresAt)}`,
  InvitationUsed: ({ by, registered }) => `${by} used the invitation${registered ? ", and has an account" : ""}`,
  InvitationFulfilled: () => "who invited and who was invited are contacts",
  InvitationRevoked: () => "the invitation was taken back",
};

function because(why: string | null): string {
  return why === null ? "" : ` (${ruleWords(why)})`;
}
