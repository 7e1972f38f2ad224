/** Every bound of the server that is not a choice of the operator. Units come last in the names. */

/** Requests that the server itself makes of clients: how many wait for their answers, and for how long each does, in ms. */
export const serverRequestsMax = 10_000;
export const serverRequestMs = 30_000;
/** How long an extension may take to answer a request, and to let go of an account that it holds, in ms. */
export const extensionAnswerMs = 30_000;
/** Files that are looked through for the place of a syntax error, when an extension cannot be loaded. */
export const extensionFilesMax = 20;

/** Kinds of clients whose capabilities are remembered, and features of one of them. */
export const capabilitiesMax = 5_000;
export const capabilityFeaturesMax = 1_000;
/** UTF-16 units of the features of one of them, and of all that are remembered together. */
export const capabilityCharsMax = 65_536;
export const capabilitiesCharsMax = 8 * 1_048_576;

/** What one XML stream may carry. */
export interface XmlLimits {
  /** Bytes of one first-level element, and of a stream header. */
  readonly stanzaBytesMax: number;
  /** The setting that this is, where it is the operator's to choose. */
  readonly stanzaBytesSetting?: "limits.stanzaBytes";
  /** Nesting, the first-level element being 1. */
  readonly depthMax: number;
  /** Attributes of one element, namespace declarations included. */
  readonly attributesMax: number;
  /** Bytes of an element or attribute name. */
  readonly nameBytesMax: number;
  /** Elements within one first-level element, itself included. */
  readonly elementsMax: number;
}

/** Before authentication: RFC 6120 section 13.12 allows no less than 10,000 bytes. */
export const xmlLimitsUnauthenticated: XmlLimits = {
  stanzaBytesMax: 10_000,
  depthMax: 8,
  attributesMax: 16,
  nameBytesMax: 128,
  elementsMax: 64,
};

/** After authentication; what is a setting, `limits.stanzaBytes`, stands here by its default. */
export const xmlLimitsAuthenticated: XmlLimits = {
  stanzaBytesMax: 262_144,
  depthMax: 64,
  attributesMax: 64,
  nameBytesMax: 512,
  elementsMax: 8_192,
};

/** Bytes for one client that the system has not taken: beyond it its own input is held, and a clock runs. */
export const outboxBytesSoftMax = 1_048_576;
/** Milliseconds above the soft bound after which the link is dropped. */
export const outboxStallMs = 10_000;
/** Bytes at which the link is dropped at once. */
export const outboxBytesHardMax = 16 * 1_048_576;

/** Seconds' worth of `limits.bytesPerSecond` and `limits.stanzasPerSecond` that a client may send at once. */
export const paceBurstSeconds = 10;

/** Milliseconds for which one client's input is taken before that of others gets its turn. */
export const inputTurnMs = 10;

/** Loaded accounts beyond which those without a session are dropped from memory. */
export const idleAccountsMax = 10_000;

/** Texts whose parsed JIDs are remembered. */
export const jidCacheEntriesMax = 10_000;
/** UTF-16 units of a text that is remembered so; longer ones are parsed each time. */
export const jidCacheTextLengthMax = 256;

/** UTF-16 units of a JID's part, or of a password, that is examined at all: NFC is quadratic on long runs of marks. */
export const preparedTextLengthMax = 3_071;

/** Facts that are not yet durable, in bytes, beyond which all reading pauses. */
export const uncommittedBytesMax = 8 * 1_048_576;
/** Milliseconds after which a commit that is still under way counts as failed. */
export const commitMs = 30_000;

/** Milliseconds until a store that failed is opened again: doubled with each attempt, and with each epoch that was shorter than the longest. */
export const reopenDelayMsMin = 100;
export const reopenDelayMsMax = 5_000;

/** Mechanisms that may be refused on one stream before it is closed. */
export const refusedMechanismsMax = 8;
/** Characters of all the addresses that a session remembers to have sent directed presence to; more is refused. */
export const directedCharsMax = 65_536;

/** A session's snapshot is recorded again after so many events at the earliest, and only when they take as much room as it does. */
export const eventsPerSnapshotMin = 64;

/** Milliseconds that every session which can be resumed has for that after a start, whatever was promised before. */
export const resumptionGraceMs = 60_000;

/** Milliseconds that sessions get to close when the server stops. */
export const stopSessionsMs = 4_000;
/** Milliseconds that the last commit then gets. */
export const stopCommitMs = 1_000;

/** RFC 6120 section 6.4.5: failed logins before the stream is closed. */
export const saslTriesMax = 3;
/** RFC 6120 section 7.7.3: failed binds before the stream is closed. */
export const bindTriesMax = 10;
/** Sessions that a client may ask to resume on one stream: each is looked for in the store. */
export const resumeTriesMax = 10;

/** PLAIN passwords that are checked or wait for it; beyond it a login is refused for now. 64 of 4096 iterations take about 0.05 s. */
export const passwordChecksMax = 64;

/** Milliseconds in which the wrong passwords of an address, and those of an account from everywhere, are counted. */
export const loginCountedMs = 600_000;
/**
 * Milliseconds that an address waits which has guessed at one account for too often: doubled with each further failure, up to the second, or up to
 * the third where somebody has logged in to that account from there. And milliseconds without a failure until all of them are forgotten.
 */
export const loginBackOffMs = 1_000;
export const loginBackOffMsMax = 900_000;
export const loginBackOffKnownMsMax = 8_000;
export const loginForgottenMs = 3_600_000;
/**
 * How many times `limits.loginFailuresPerAccount` there may be from everywhere, until logins to that account wait for so many milliseconds where
 * it has not logged in from before.
 */
export const loginSlowFactor = 10;
export const loginSlowMs = 3_000;
/** Addresses, accounts, and pairs of the two of which it is remembered who has failed and who has logged in; of more those whose last time is the longest ago are forgotten. */
export const loginsRememberedMax = 50_000;

/** Devices of one account that have tokens (XEP-0484); beyond it the one that was not seen for longest logs in with the password again. */
export const devicesPerAccountMax = 32;
/** Characters of what a client says of its software and its device, as far as it is kept for the user. */
export const deviceTextCharsMax = 60;
/** Milliseconds after which a token that is used is replaced; at most half its lifetime. */
export const tokenRotationMs = 86_400_000;
/** Milliseconds after which one more use of a token is recorded, where it changes nothing else. */
export const tokenUseRecordedMs = 86_400_000;
/** Characters of a tag (XEP-0386 section 3.2) with which a resource begins; longer ones are left out. */
export const resourceTagCharsMax = 256;

/** Half a minute of a login storm must find room in a listener's backlog; the system may allow less. */
export const listenBacklogMax = 4_096;

/** Bytes of the log that wait until they can be written; lines beyond it are lost and counted. */
export const logQueueBytesMax = 1_048_576;
/** Milliseconds until a log that takes nothing for the moment is tried again. */
export const logRetryMs = 50;
/** How often, and after how many milliseconds each, the log is tried when the process ends: half a second together. */
export const logFlushTurnsMax = 50;
export const logFlushTurnMs = 10;

/** Contacts of one roster. */
export const rosterItemsMax = 10_000;
/** Bytes of one roster as a client is given it, which is in one piece: it has to stay well below `outboxBytesHardMax`. */
export const rosterBytesMax = 4 * 1_048_576;
/** Bytes of UTF-8 of a contact's name, and of a group's. */
export const rosterNameBytesMax = 1_023;
/** Groups of one contact. */
export const rosterGroupsMax = 64;
/** Removed contacts that a roster remembers, for clients that ask what has changed (RFC 6121 section 2.6). */
export const removalsMax = 256;
/** Requests of others to see one user's presence that wait for an answer. */
export const subscriptionRequestsMax = 1_000;
/**
 * UTF-16 units of such a request, of up to 3 bytes each. All requests are given in one go to who becomes available, so together
 * they stay below `outboxBytesHardMax`.
 */
export const subscriptionRequestCharsMax = 3_000;
/** UTF-16 units of the words that a user left with, as far as they are kept. */
export const partingWordsCharsMax = 1_023;
/** Namespaces in which one account keeps private XML (XEP-0049). */
export const privateNamespacesMax = 256;
/** How often a set reads what is there anew because it has changed meanwhile. */
export const privateReadsMax = 8;
/** Bytes, as JSON, of one of the values that an extension keeps in memory with an account, and keys of one extension. */
export const stateValueBytesMax = 16_384;
export const stateKeysMax = 1_000;
/** Bytes of the JSON that an extension keeps of one session: each change is recorded, and it is in each of the session's snapshots. */
export const sessionStateBytesMax = 4_096;
/** Push services that one user can have notified (XEP-0357), UTF-16 units of the node of one, and bytes of the form that is sent with each notification. */
export const pushServicesMax = 32;
export const pushNodeCharsMax = 1_024;
export const pushOptionsBytesMax = 8_192;
/** Errors that may pass, one after the other, before a push service is not notified any more. */
export const pushErrorsMax = 10;
/**
 * Milliseconds until a push service that has not taken a notification is told again: doubled each time, up to the second. One that is not
 * there is looked for as often as the first says.
 */
export const pushRetryMs = 60_000;
export const pushRetryMsMax = 3_600_000;
/** Notifications that a push service is told at once when it is there again, and milliseconds until as many more. */
export const pushCatchUpMax = 500;
export const pushCatchUpMs = 1_000;
/** Milliseconds that a client may take to acknowledge a message (XEP-0198 section 4) before its push services are told of it. */
export const pushUnacknowledgedMs = 60_000;
/** JIDs in `push.services`. */
export const pushServicesListedMax = 1_000;
/** UTF-16 units of a message that a push service is told of. */
export const pushBodyCharsMax = 512;
/** Stanzas that wait for one client that is inactive (XEP-0352), and their UTF-16 units together: beyond it they are delivered. */
export const heldStanzasMax = 1_000;
export const heldCharsMax = 524_288;
/** Addresses that one user can block. */
export const blockedJidsMax = 5_000;

/**
 * Bytes of all messages that are kept for one user who is not there. They are given in one go to whoever comes for them, so they
 * stay below what counts as a client that does not read.
 */
export const offlineBytesMax = 786_432;
/** Of those messages, how many are read from the store at once. */
export const offlinePageMax = 200;

/** Messages of one user with whose errors other clients of the user are provided too (XEP-0280), and UTF-16 units of the id of one. */
export const carbonsRememberedMax = 100;
export const carbonIdCharsMax = 255;

/**
 * Messages of an archive in one page, and their bytes together, unless one alone has more: they are given in one go, and stay below what
 * counts as a client that does not read.
 */
export const archivePageMax = 250;
export const archivePageBytesMax = 786_432;
/** Messages of a page where no number was asked for. */
export const archivePageDefault = 50;
/** Messages of an archive that are asked for by their ids in one query. */
export const archiveIdsMax = 500;
/** Messages that wait for a user and have gone from the archive, of which a login finds out one by one (XEP-0386); the others are given as ever. */
export const archiveMissesMax = 20;
/** UTF-16 units of what a client calls its query, which is repeated with each message of the page. */
export const archiveQueryIdCharsMax = 255;
/** Ids that are remembered of what a session was given from the archive while messages wait for its user. */
export const archiveGivenMax = 500;
/** Milliseconds between two rounds in which archives lose what is not kept any longer; the first one begins with `retentionFirstMs`. */
export const archiveRoundMs = 3_600_000;
/** Archives that are looked at in one portion of that work, and messages that go in one commit: some milliseconds of the store's time. */
export const archivesLookedAtMax = 100;
export const archiveTrimMax = 100;

/** Fields of a data form (XEP-0004) that is read at all. */
export const formFieldsMax = 256;

/** Nodes of one account (XEP-0163), items of one of them, and bytes of all that is kept for the items of an account together. */
export const nodesMax = 250;
export const nodeItemsMax = 1_000;
export const nodesBytesMax = 32 * 1_048_576;
/** Bytes of UTF-8 of the name of a node, of the id of an item (which may be any JID), and of one text of a node's configuration. */
export const nodeIdBytesMax = 1_023;
export const nodeItemIdBytesMax = 3_071;
export const nodeConfigTextBytesMax = 1_023;
/** Bytes of a payload as it is kept: with every namespace spelled out. */
export const nodePayloadBytesMax = 262_144;
/** Roster groups that a node is open to. */
export const nodeGroupsMax = 64;
/** Items, and bytes, of one piece of a node's index: well below `stateValueBytesMax`, with the longest id too. */
export const nodeChunkEntriesMax = 32;
export const nodeChunkBytesMax = 8_192;
/** Bytes of the items in one answer; the first item is always in it. */
export const nodePageBytesMax = 1_048_576;
/** Subscriptions of one user, with any of its addresses, to one node, and to all nodes of an account together. */
export const nodeSubscriptionsPerUserMax = 10;
export const nodeSubscriptionsPerAccountMax = 50;
/** Subscriptions to all nodes of an account that wait for the owner's answer: all are shown to whoever of its resources becomes available. */
export const nodeRequestsMax = 200;
/** Affiliations, or subscriptions, that an owner changes in one request: some 30 ms. */
export const nodePeopleChangesMax = 500;
/**
 * Accounts to whose nodes one user has subscribed, those aside where the owner did it. And milliseconds between two looks at all of them,
 * for those where somebody else has ended it.
 */
export const subscribedAccountsMax = 250;
export const subscribedAccountsLookMs = 60_000;

/** Characters of the ids, as they are written, of which one notification tells that they were taken out: beyond that nothing is told. */
export const retractNoticeCharsMax = 65_536;
/**
 * Bytes of all bookmarks of one account that are items (XEP-0402): they are in memory while the account is. And how often they are read
 * anew because somebody has changed them meanwhile.
 */
export const bookmarksBytesMax = 1_048_576;
/** Bytes of all bookmarks in one list (XEP-0048): it is read and written whole, twice, with each of them that changes. */
export const bookmarkListBytesMax = 65_536;
export const bookmarkReadsMax = 8;
/** Accounts that are looked at together for the last items of their nodes, for all who become available. */
export const lastItemsAccountsMax = 8;
/** Nodes of which it is known what an available resource was told last; and those whom one account has let in to its nodes, until they are told. */
export const toldNodesMax = 1_000;
export const introductionsMax = 1_000;
/** Formats of one avatar (XEP-0084) that are looked at. */
export const avatarFormatsMax = 8;

/** Milliseconds after the start until what ended long ago is taken out of the log for the first time, and between two such rounds. */
export const retentionFirstMs = 60_000;
export const retentionRoundMs = 60_000;
/** Facts, and sessions, of one portion of that work: some milliseconds of the store's time. */
export const retentionFactsMax = 500;
export const retentionSessionsMax = 100;
/** Milliseconds between two portions, at least; and until the next attempt while the store has too much to do. */
export const retentionRestMin = 100;
export const retentionBusyMs = 5_000;

/** Connections of the HTTP listener at once, WebSockets included; more are refused. */
export const httpConnectionsMax = 20_000;
/** Addresses of which is remembered how many connections came from there; of more those are forgotten that have none and came first. */
export const admissionAddressesMax = 100_000;
/** Addresses and networks in `listen.http.trustedProxies`, and proxies one behind the other that are looked at to find who asks. */
export const trustedProxiesMax = 1_000;
export const proxyHopsMax = 32;
/** Sessions by BOSH at once (XEP-0124); each has one request that waits, for most of the time. */
export const boshSessionsMax = 10_000;
/** Requests of one such session that are kept waiting at once; one more may be under way. */
export const boshHoldMax = 1;
/** Milliseconds that one is kept waiting at most, well below what proxies and this listener allow. */
export const boshWaitMsMax = 60_000;
/** Milliseconds that its client may be away between two requests, and for how long it can announce that it is. */
export const boshInactivityMs = 30_000;
export const boshPausesMsMax = 120_000;
/** Milliseconds between two requests that ask for nothing. */
export const boshPollingMs = 2_000;
/** Requests of a session that may come again, or announce a pause, at once; one more may in each `boshPollingMs` (XEP-0124 section 14.3). */
export const boshRepeatsMax = 20;
/** Bytes of what a stanza travels in, a frame or a body, besides the stanza: the largest one fits, and of one that is larger is said why it is refused. */
export const wrapperBytesMax = 4_096;
/** Files that one user puts at the same time: each has a connection for as long as it takes. */
export const uploadsUnderWayMax = 20;
/** Bytes of a request's line and headers together. */
export const httpHeaderBytesMax = 8_192;
/** Characters of what a request asks for: path and query. */
export const httpTargetCharsMax = 2_048;
/** Milliseconds for a request's headers, and for all of it. */
export const httpHeadersMs = 10_000;
export const httpRequestMs = 30_000;
/** Milliseconds that any request may take at most: a large file over a slow link. */
export const httpBodyMsMax = 1_800_000;
/** Milliseconds until a connection on which nothing moves is closed. */
export const httpIdleMs = 120_000;
/** Milliseconds that a connection is kept for another request. */
export const httpKeepAliveMs = 5_000;
/** Bytes of one WebSocket message of a page. */
export const webSocketMessageBytesMax = 65_536;
/**
 * Frames, or pieces in which one comes from the network, that any WebSocket message may be in; a larger one may be in as many as make so many
 * bytes each. And pieces of an HTTP body that are kept as they came.
 */
export const webSocketPiecesMin = 1_024;
export const webSocketPieceBytesMin = 256;
export const bodyPiecesMax = 256;
/** Milliseconds between two pings, each of which has to be answered until the next; and until a WebSocket that was closed is cut. */
export const webSocketPingMs = 30_000;
export const webSocketCloseMs = 2_000;

/** Entrances to the inspector that are open at once, and addresses with a token that nobody has used yet: beyond it the oldest goes. */
export const entrancesMax = 64;
/** Milliseconds that an entrance lasts, and that an address with a token of its own waits for its use. */
export const entranceMs = 12 * 3_600_000;
export const freshTokenMs = 10 * 60_000;
/** Wrong tokens within a minute that are looked at and logged; each is answered after so many milliseconds. */
export const wrongTokensMax = 20;
export const wrongTokenDelayMs = 250;

/** Pages of the inspector that are open at once. */
export const inspectorViewersMax = 16;
/** Sessions that one page watches because it asked for each, and because they are new; of those the newest stay. */
export const inspectorWatchedMax = 8;
export const inspectorNewWatchedMax = 50;
/** Messages of one page in a second, and the characters of one. */
export const inspectorMessagesPerSecondMax = 50;
export const inspectorMessageCharsMax = 16_384;
/** Questions of one page that wait for an answer, positions in one, and rows and facts in an answer. */
export const inspectorQuestionsMax = 4;
export const inspectorPositionsMax = 64;
export const inspectorFoundMax = 200;
/** Milliseconds between two batches of what happened in watched sessions, between two lists, and until facts are looked for that nothing announced. */
export const inspectorBatchMs = 50;
export const inspectorListMs = 1_000;
export const inspectorFactsMs = 2_000;
/** Rows, and about how many characters, of one frame. */
export const inspectorRowsMax = 500;
export const inspectorFrameCharsMax = 262_144;
/** What waits for one page: beyond it what happens is dropped and counted, and facts are read later. */
export const inspectorQueueItemsMax = 5_000;
export const inspectorQueueCharsMax = 4 * 1_048_576;
/** Bytes for one page that the system has not taken, beyond which nothing is sent until it has. */
export const inspectorUnsentBytesMax = 1_048_576;
/** Characters of one element as it is shown, about; the rest is counted. */
export const inspectorWireCharsMax = 65_536;
/** Steps of watched sessions that are remembered, for what follows from them. */
export const inspectorStepsMax = 1_000;

/** Sessions that one viewer of the official protocol is told of when it asks for no one of them; those that begin later among them. */
export const statelySessionsMax = 20;

/** Rooms in memory beyond which those without occupants are dropped from it. */
export const idleRoomsMax = 1_000;
/** Facts about who came and went in a room before it is noted once more who is there, at least; four for each occupant. */
export const unnotedFactsMin = 64;
/** Messages that a room remembers to give to newcomers (XEP-0045 section 7.2.13), whatever its owners choose. */
export const roomHistoryMax = 100;
/** UTF-16 units of them together: the oldest are given up first. */
export const roomHistoryCharsMax = 524_288;
/** Bytes of the presence that an occupant shows: every newcomer is given that of all. */
export const roomPresenceBytesMax = 8_192;
/** Bytes of UTF-8 of what the owners of a room call it, of how they describe it, and of its password. */
export const roomNameBytesMax = 1_023;
export const roomDescriptionBytesMax = 4_095;
export const roomPasswordBytesMax = 1_023;
/** Characters of a language tag; 35 are enough for all of them but those with extensions. */
export const roomLanguageCharsMax = 64;
/** Bytes of UTF-8 of a room's vCard, its picture included. */
export const roomVCardBytesMax = 65_536;
/** Rooms of a service, and occupants of a room, that one answer lists (XEP-0059); the rest is in further pages. */
export const roomItemsMax = 500;
/** Admins and owners who come into a room that is full (XEP-0045 section 7.2.9). */
export const roomAdminsBeyondMax = 100;
/** Requests of occupants to each other that wait for their answers, in all rooms and of one session, and for how long each does, in ms. */
export const relayedRequestsMax = 10_000;
export const relayedRequestsOfSessionMax = 100;
export const relayedRequestMs = 60_000;
/** Users and domains that a room has on its lists, and bytes of UTF-8 of them with their nicks and reasons: a whole list is one answer. */
export const roomAffiliationsMax = 10_000;
export const roomAffiliationsBytesMax = 2_097_152;
/** Roles or affiliations that are changed in one request: each change is told to everybody in the room. */
export const roomChangesMax = 250;
/**
 * Stanzas that one request with several changes may come to: for each of those who are in the room one to everybody there. A third of a
 * second of work; a single change may always be made.
 */
export const roomToldMax = 50_000;
/** UTF-16 units of the reason for a change. */
export const roomReasonCharsMax = 1_000;
/** Invitations in one message to a room, and those of a room that may still be declined: of more the oldest are forgotten. */
export const roomInvitesAtOnceMax = 20;
export const roomInvitationsMax = 500;
/** Bytes of UTF-8 of what the server tells everybody (XEP-0133 sections 4.23 and 4.24). */
export const announcementBytesMax = 16_384;
/** Sessions that are told it in one step, and milliseconds until the next ones are. */
export const announcementsAtOnce = 250;
export const announcementGapMs = 5;
/** Users that a list of them has at most (XEP-0133 section 4.18), and users that one request of an administrator is about. */
export const listedUsersMax = 1_000;
export const administeredUsersMax = 100;
/** Addresses of one kind that the operator may tell everybody (XEP-0157), and services elsewhere (XEP-0215). */
export const contactAddressesMax = 20;
export const externalServicesMax = 50;
/** Commands that are being executed (XEP-0050 section 3.3) at the same time, in all and of one user: of more the oldest is over. */
export const commandExecutionsMax = 10_000;
export const commandExecutionsOfUserMax = 10;
/** Milliseconds that a form of one waits to be filled in, and executions that are over and remembered as such. */
export const commandExecutionMs = 600_000;
export const endedExecutionsMax = 10_000;
/** Milliseconds until somebody may ask for voice in the same room again (XEP-0045 section 7.13), and requests of all in such a time. */
export const voiceRequestMs = 60_000;
export const voiceRequestsMax = 30;
/**
 * Wrong passwords of a room (XEP-0045 section 7.2.5) that one user may bring in so many milliseconds, and users of a room of whom it is
 * remembered: of more the oldest are forgotten.
 */
export const roomGuessesMax = 10;
export const roomGuessMs = 60_000;
export const roomGuessersMax = 1_000;

/** Milliseconds over which the tries of strangers to make accounts are counted (XEP-0077), and requests about it on one stream before the login. */
export const registrationPeriodMs = 3_600_000;
export const registrationRequestsMax = 20;
/** Characters of a password that is chosen in-band, at least; and such passwords whose keys are made at the same time: each is some milliseconds of a thread. */
export const registrationPasswordCharsMin = 8;
export const registrationPasswordsMax = 8;
/** Random bytes of the token of an invitation (XEP-0401), and milliseconds that it is remembered after its time is over. */
export const invitationTokenBytes = 16;
export const invitationKeptMs = 30 * 86_400_000;
/** Tokens that strangers may name in an hour, known or not: from one address, and from all. */
export const invitationTriesPerAddress = 60;
export const invitationTriesMax = 6_000;

/** Components in the configuration (XEP-0114). */
export const componentsMax = 100;
/** Wrong secrets of one component from one address before nobody there is listened to, for so many milliseconds from the first on; and how many such counts are kept. */
export const componentAttemptsMax = 10;
export const componentAttemptsMs = 60_000;
export const componentAttemptsKeptMax = 10_000;
/**
 * Pairs of an address of one component and one that has been told that it is there: all are told when the component goes. And how many of them
 * in one step.
 */
export const componentPresencesMax = 100_000;
export const componentGoneAtOnce = 250;
/** Milliseconds after the start in which a component comes back to whose addresses are seen by users who were there before. */
export const componentReturnMs = 30_000;
