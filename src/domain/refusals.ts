/**
 * The limits that refuse or close, as operators count them: each by its name in `limits.ts`, or by its setting where it is theirs to choose.
 * What refuses names its limit in its fault (`StanzaFault.limit`, `StreamFault.limit`) or tells a `CountRefusal`; nobody counts otherwise.
 */

/** By name: what is refused, in a few words. */
export const countedLimits = {
  "limits.stanzaBytes": "a stanza that is too large, after the login",
  stanzaBytesMax: "a stanza that is too large, before the login",
  depthMax: "a stanza that is nested too deeply",
  attributesMax: "an element with too many attributes",
  nameBytesMax: "an element or attribute with too long a name",
  elementsMax: "a stanza of too many elements",

  "listen.http.origins": "a request of a web page whose origin is not let in",
  "limits.connectionsPerAddress": "a connection from an address with too many",
  "limits.connectionsPerMinute": "a connection from an address that connects too often",
  "limits.connections": "a connection, while too many are open",
  httpConnectionsMax: "a connection to the HTTP listener, which is full",
  httpTargetCharsMax: "an HTTP request with too long an address",
  boshSessionsMax: "a session by BOSH, while too many are open",
  "session.negotiationTimeoutMs": "a stream that was not negotiated in time",
  saslTriesMax: "a stream with too many failed logins",
  bindTriesMax: "a stream with too many failed attempts to bind a resource",
  resumeTriesMax: "a stream with too many attempts to resume a session",
  "limits.loginFailuresPerAddress": "a login from an address with too many wrong passwords",
  "limits.loginFailuresPerAccount": "a login to an account from an address with too many wrong passwords for it",
  passwordChecksMax: "a login while too many passwords are checked",
  "session.resourcesPerAccountMax": "a resource of an account with too many",
  outboxBytesHardMax: "a client that has too much to read",
  outboxStallMs: "a client that has not read for too long",
  "limits.queueStanzas": "the resumption of a session with too many unacknowledged stanzas",
  "limits.queueBytes": "the resumption of a session with too many unacknowledged bytes",
  directedCharsMax: "directed presence of a session that has sent it to too many",

  serverRequestsMax: "a request of the server itself, while too many wait for their answers",
  extensionAnswerMs: "an answer, or a hold, of an extension that takes too long",

  rosterItemsMax: "a contact of a roster with too many",
  rosterBytesMax: "a contact of a roster with too many bytes",
  rosterNameBytesMax: "a name of a contact or a group that is too long",
  rosterGroupsMax: "a contact in too many groups",
  subscriptionRequestsMax: "a request to see somebody's presence who has too many",
  subscriptionRequestCharsMax: "a request to see somebody's presence that is too long",
  blockedJidsMax: "an address on a block list with too many",
  privateNamespacesMax: "private XML in too many namespaces",
  privateReadsMax: "private XML that others have changed again and again meanwhile",
  stateValueBytesMax: "preferences, or options of push, that are too long",
  "limits.offlineMessages": "a message that is not kept for a user who is not there, because of their number",
  offlineBytesMax: "a message that is not kept for a user who is not there, because of their bytes",
  archiveIdsMax: "a query for too many archived messages by their ids",
  archiveQueryIdCharsMax: "a query of an archive with too long an id of its own",
  pushServicesMax: "a push service of a user with too many",
  pushNodeCharsMax: "a push service with too long a node",
  pushOptionsBytesMax: "options of push that are too long",

  nodesMax: "a node of an account with too many",
  nodesBytesMax: "an item of an account whose items have too many bytes",
  nodeIdBytesMax: "a node with too long a name",
  nodeItemIdBytesMax: "an item with too long an id",
  nodePayloadBytesMax: "an item that is larger than its node takes",
  stateKeysMax: "an item, a subscription or an affiliation of an account with too many",
  nodeSubscriptionsPerUserMax: "a subscription of a user with too many to a node",
  nodeSubscriptionsPerAccountMax: "a subscription of a user with too many to an account's nodes",
  nodeRequestsMax: "a subscription that asks an owner whom too many have asked",
  nodePeopleChangesMax: "too many changes of subscriptions or affiliations at once",
  subscribedAccountsMax: "a subscription of a user with some on too many accounts",
  bookmarksBytesMax: "a bookmark of an account whose bookmarks have too many bytes",
  bookmarkListBytesMax: "a bookmark for a list that is too long",

  "rooms.perUser": "a room of a user who has made too many",
  "rooms.occupants": "an occupant of a room that is full",
  roomPresenceBytesMax: "presence to a room that is too large",
  roomPasswordBytesMax: "a password of a room that is too long",
  roomGuessesMax: "a user who enters a room after too many wrong passwords",
  roomReasonCharsMax: "a reason, for a change in a room, that is too long",
  roomChangesMax: "too many changes in a room at once",
  roomToldMax: "changes in a room of so many that too much had to be told",
  roomAffiliationsMax: "a user or domain on a room's lists, which have too many",
  roomAffiliationsBytesMax: "a user or domain on a room's lists, which have too many bytes",
  roomInvitesAtOnceMax: "too many invitations to a room at once",
  roomVCardBytesMax: "a vCard of a room that is too large",
  relayedRequestsMax: "a request of an occupant to another, while too many wait in all rooms",
  relayedRequestsOfSessionMax: "a request of an occupant who has too many that wait",
  voiceRequestMs: "a request for voice too soon after the last one",
  voiceRequestsMax: "a request for voice in a room where too many ask",

  "registration.perAddress": "a try to make an account from an address with too many",
  "registration.perHour": "a try to make an account, while there are too many from everywhere",
  "registration.invitationsPerUser": "an invitation of a user with too many that are good",
  invitationTriesPerAddress: "a token of an invitation from an address with too many",
  invitationTriesMax: "a token of an invitation, while there are too many from everywhere",
  registrationRequestsMax: "a stream with too many requests about accounts before the login",
  registrationPasswordsMax: "a new password while too many are made",
  commandExecutionsMax: "a command that was being executed, while too many are: the oldest is over",
  commandExecutionsOfUserMax: "a command that was being executed by a user with too many: the oldest is over",
  administeredUsersMax: "a command of an administrator about too many users",

  componentAttemptsMax: "a component with a wrong secret, from where there were too many",
  componentPresencesMax: "presence of a component that has sent it to too many",

  "upload.maxFileBytes": "a file that is too large",
  "upload.quotaBytes": "a file of a user whose files have too many bytes",
  "upload.quotaFiles": "a file of a user who has too many",
  "upload.slotsPerMinute": "a slot of a user who asks too often",
  uploadsUnderWayMax: "a file of a user who puts too many at once",
  "upload.freeBytesMin": "a file for which the disk has no room",

  inspectorViewersMax: "a page of the inspector, while too many are open",
  wrongTokensMax: "a token of the inspector, after too many wrong ones",
} as const satisfies Readonly<Record<string, string>>;

export type LimitName = keyof typeof countedLimits;

/** Tells that a limit has refused something. Costs nothing worth measuring. */
export type CountRefusal = (limit: LimitName) => void;

/** Counts a fault that names its limit. */
export function countFault(refused: CountRefusal, { limit }: { readonly limit?: LimitName | undefined }): void {
  if (limit !== undefined) refused(limit);
}

export function isCountedLimit(name: string): name is LimitName {
  return Object.hasOwn(countedLimits, name);
}
