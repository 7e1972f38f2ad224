/** What the data of each fact has to hold, so that nobody who reads it meets something else. */

import type { AccountFacts } from "../../domain/facts.ts";
import type { InvitationFacts } from "../../domain/invitation.ts";
import type { RoomFacts } from "../../domain/room-facts.ts";
import type { SessionFacts } from "../../domain/session-facts.ts";
import type { Json } from "../../ports.ts";

type Kind = "string" | "number" | "boolean" | "object" | "array" | "something";
type Facts = AccountFacts & SessionFacts & RoomFacts & InvitationFacts & Record<"InvitationsForgotten" | "FakeSaltKeyMade" | "MessageOfTheDaySet" | "SessionsForgotten" | "SessionsCompacted" | "LogSalvaged", unknown>;

/** Names that may hold null, or nothing, are not in it. */
const shapes: { readonly [Type in keyof Facts]: Readonly<Record<string, Kind>> } = {
  AccountCreated: {},
  PasswordChanged: { removed: "boolean" },
  AccountDeleted: {},
  AccountDisabled: {},
  AccountEnabled: {},
  DeviceTokensChanged: { why: "string" },
  RosterItemSet: { item: "object", version: "number" },
  RosterItemRemoved: { jid: "string", version: "number" },
  SubscriptionRequested: { from: "string", stanza: "string" },
  SubscriptionRequestSettled: { from: "string" },
  ContactsBlocked: { jids: "array" },
  ContactsUnblocked: { jids: "array" },
  OfflineMessageStored: { number: "number", bytes: "number" },
  OfflineMessagesRemoved: { numbers: "array", bytes: "number" },
  UserLeft: { status: "string" },
  AccountDataSet: { space: "string", key: "string" },
  AccountStateSet: { space: "string", key: "string" },
  MessageArchived: { id: "string", with: "string", bytes: "number" },
  ArchiveTrimmed: { through: "string" },
  RoomCreated: { by: "string", config: "object", locked: "boolean" },
  RoomConfigured: { changes: "object" },
  AffiliationSet: { jid: "string", affiliation: "string" },
  OccupantEntered: { nick: "string", jid: "string", role: "string", presence: "string" },
  OccupantShown: { nick: "string", jid: "string", presence: "string" },
  OccupantRenamed: { nick: "string", to: "string" },
  OccupantLeft: { nick: "string", jid: "string" },
  RoleSet: { nick: "string", role: "string" },
  SubjectSet: { nick: "string", stanza: "string" },
  VCardSet: { hashes: "array", bytes: "number" },
  RoomMessageArchived: { id: "string", with: "string", bytes: "number" },
  RoomArchiveTrimmed: { through: "string" },
  RoomMessageRetracted: { id: "string", by: "string", bytes: "number" },
  OccupantsNoted: { occupants: "array" },
  RoomDestroyed: {},
  SessionSnapshotTaken: { machine: "string", version: "number", value: "something", context: "object" },
  SessionTold: { event: "object", state: "string" },
  StanzaQueued: { number: "number", kind: "string", type: "string" },
  StanzasCounted: { received: "number" },
  StanzasAcknowledged: { acknowledged: "number" },
  StanzasTaken: { numbers: "array" },
  QueueDropped: { through: "number" },
  StanzaHeld: { number: "number", kind: "string", type: "string" },
  HeldStanzasReleased: { through: "number" },
  SessionEnded: { reason: "string" },
  InvitationMade: { link: "string", contact: "boolean", expiresAt: "number" },
  InvitationUsed: { by: "string", registered: "boolean" },
  InvitationFulfilled: {},
  InvitationRevoked: {},
  InvitationsForgotten: { invitations: "array" },
  FakeSaltKeyMade: {},
  MessageOfTheDaySet: {},
  SessionsForgotten: { sessions: "array" },
  SessionsCompacted: {},
  LogSalvaged: { gaps: "array" },
};

/** What is wrong with it; undefined for nothing. `data` is of the current version of its type, which is known. */
export function misshapen(stream: string, type: string, data: Json): string | undefined {
  if (kindOf(data) !== "object") return "its data is no object";
  const values = data as { readonly [name: string]: Json };
  const [kind, host, owner] = stream.split("/");
  if (kind === "account" && (values["host"] !== host || values["username"] !== owner)) return "its data is of another account";
  if (kind === "room" && (values["host"] !== host || values["room"] !== owner)) return "its data is of another room";
  if (kind === "invitation" && (values["host"] !== host || values["id"] !== owner)) return "its data is of another invitation";
  for (const [name, expected] of Object.entries(shapes[type as keyof Facts] ?? {})) {
    const found = Object.hasOwn(values, name) ? kindOf(values[name]) : "nothing";
    if (found !== expected && (expected !== "something" || found === "nothing")) return `its ${name} is ${found}, expected ${expected}`;
  }
  return undefined;
}

function kindOf(value: Json | undefined): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
