/** The parts of an epoch, put together: whatever is in memory because it is on the disk, and whoever has seen it. */
import { type AccountAdmin, createAccountAdmin } from "../admin/account-admin.ts";
import { createAccountTransfer } from "../admin/account-transfer.ts";
import { createArchiveTransfer } from "../admin/archive-transfer.ts";
import type { StoreAdmin } from "../admin/api.ts";
import { createContactAdmin } from "../admin/contact-admin.ts";
import { createHistoryAdmin } from "../admin/history-admin.ts";
import { createLogAdmin } from "../admin/log-admin.ts";
import { createInvitationAdmin } from "../admin/invitation-admin.ts";
import type { DeviceTokens } from "../auth/device-tokens.ts";
import type { StoredCredentials } from "../auth/keys.ts";
import { createLoginThrottle } from "../auth/login-throttle.ts";
import { Components } from "../component/components.ts";
import { sightsOf } from "../component/sights.ts";
import type { Config } from "../config/schema.ts";
import { bindTriesMax, saslTriesMax, xmlLimitsAuthenticated, type XmlLimits } from "../domain/limits.ts";
import { AccountSource } from "../log/account-source.ts";
import { Accounts } from "../log/accounts.ts";
import { Invitations } from "../log/invitations.ts";
import { loadAccount } from "../log/load-account.ts";
import { RoomSource } from "../log/room-source.ts";
import { keyFor } from "../log/server-secret.ts";
import { SessionSource } from "../log/session-source.ts";
import { leaveAllOf } from "../muc/ghosts.ts";
import type { Rooms } from "../muc/rooms.ts";
import type { Clock, Ids, Log, Random, Store } from "../ports.ts";
import type { MessageOfTheDay } from "../router/administration.ts";
import { createArchiveIds } from "../router/archive-ids.ts";
import { Bulletin } from "../router/bulletin.ts";
import { createCapabilities } from "../router/capabilities.ts";
import { createCommunity } from "../router/community.ts";
import type { Extension } from "../router/extension.ts";
import { createHouse, type HouseLimits } from "../router/house.ts";
import { Later } from "../router/later.ts";
import { Patience } from "../router/patience.ts";
import { Requests } from "../router/requests.ts";
import { Router } from "../router/router.ts";
import { Services } from "../service/services.ts";
import { AccountCache } from "../session/account-cache.ts";
import type { SessionEnvironment, SessionOptions } from "../session/environment.ts";
import { Logins } from "../session/logins.ts";
import { Observation } from "../session/observation.ts";
import { Population } from "../session/population.ts";
import { Registry } from "../session/registry.ts";
import { watchSilence } from "../session/silence.ts";
import { viewOf } from "../session/view.ts";
import { software } from "../software.ts";
import { Batch } from "../step/batch.ts";
import { count, type Tally } from "../step/tally.ts";
import type { UploadSlots } from "../upload/open.ts";
import { createAccountEndings } from "./account-endings.ts";
import { createAdministration, createServiceAdmin } from "./administration.ts";
import { createInvitationDesk, type OpenInvitationDesk } from "./invitations.ts";
import { createKeeping, type Keeping } from "./keeping.ts";
import { createRegistrar } from "./registrar.ts";

export interface AssemblyOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly extensions: readonly Extension[];
  /** When the process began to serve, ms since 1970. */
  readonly startedAt: number;
  /** What the process counts. */
  readonly tally: Tally;
  /** undefined where no files are taken. */
  readonly uploads: UploadSlots | undefined;
  /** The page of an invitation, by its host and token; undefined where there are none. */
  readonly invitationPage: (host: string, token: string) => string | undefined;
}

/** What the store of this epoch has. */
export interface Opened {
  readonly store: Store;
  /** 32 bytes, the same for ever. */
  readonly saltKey: Uint8Array;
  readonly motd: MessageOfTheDay | undefined;
  /** The store failed. */
  readonly onFailed: (error: Error) => void;
}

export interface Parts {
  readonly admin: StoreAdmin;
  readonly observation: Observation;
  readonly batch: Batch;
  readonly sessions: Population;
  readonly components: Components;
  readonly environment: SessionEnvironment;
  readonly services: Services;
  readonly rooms: Rooms;
  readonly accounts: Accounts;
  readonly past: SessionSource;
  readonly keeping: Keeping;
  readonly invitations: OpenInvitationDesk;
  /** Silent clients are not asked any more. */
  stopWatching(): void;
  /** Whatever waits is not waited for any more. */
  end(): void;
}

export function assemble(options: AssemblyOptions, { store, saltKey, motd, onFailed }: Opened): Parts {
  const { config, log, clock, random, ids, extensions, startedAt, tally, uploads, invitationPage } = options;
  const { refused } = tally;
  const hosts = config.hosts.map((host) => host.domain);
  const past = new SessionSource(store);
  const sessions = new Population(clock);
  const registry = new Registry();
  const storedAccounts = new Accounts(store, clock, ids);
  const accounts: AccountCache = new AccountCache(
    (host, username) => loadAccount(store, host, username),
    ({ bare, lastTicket }) => registry.sessions(bare).length > 0 || !batch.isDurable(lastTicket),
  );
  let pressed = false;
  const batch: Batch = new Batch({
    store,
    clock,
    ids,
    tally,
    onFailed,
    onPressure: (high) => {
      pressed = high;
      sessions.press(high);
      components.press(high);
    },
  });
  const services = new Services((err, { domain }, { kind, to }) => {
    if (!batch.failed) log.error({ err, to: to.full }, `service ${domain}: failed over a ${kind} that nobody waits for`);
  });
  const { contacts, presence, subscriptions } = createCommunity({ extensions, registry, accounts, services, house: () => house });
  const requests = new Requests({ registry, services, batch, clock, ids, log, refused });
  const later = new Later({ batch, clock, log });
  const patience = new Patience(clock);
  const capabilities = createCapabilities({ extensions, accounts, requests, house: () => house });
  const source = new AccountSource(store);
  const roomSource = new RoomSource(store);
  const bulletin = new Bulletin({ registry, accounts, batch, house: () => house, motd });
  const archiveKey = keyFor("archive ids", saltKey);
  const invitations = new Invitations({ store, clock, ids, random });
  const desk = createInvitationDesk({ refused, invitations, accounts, contacts, batch, clock, log, perUser: config.registration.invitationsPerUser, admin: () => admin });
  const house = createHouse({
    software, hosts, log, extensions, registry, accounts, batch, ids, source, contacts, startedAt, refused,
    archiveKey,
    occupantKey: keyFor("occupant ids", saltKey),
    limits: houseLimits(config, uploads),
    requests, later, patience, capabilities, services, rooms: roomSource, roomArchive: roomSource.archive, uploads,
    invitations: desk,
    registrar: createRegistrar({ refused, accounts: storedAccounts, limits: config.registration, invitations, fulfil: (id) => desk.fulfil(id), admin: () => accountAdmin }),
    administration: createAdministration({ admins: config.admins, admin: () => admin, registry, sessions, bulletin }),
    send: (...stanza) => router.send(...stanza),
    whispered: (...message) => router.whispered(...message),
    ask: (...request) => router.ask(...request),
    hold: (...stanza) => router.hold(...stanza),
  });
  const router = new Router({ extensions, registry, accounts, batch, house, presence, subscriptions, requests, patience, capabilities, services });
  const components: Components = new Components({
    components: config.components,
    host: {
      clock, batch, services,
      send: (...stanza) => router.send(...stanza),
      isOnline: (bareJid) => registry.sessions(bareJid).length > 0,
      beheld: (domain) => [...registry.all()].flatMap((session) => sightsOf(session, accounts.get(session.jid.bare), domain)),
      leaveRooms: (step, domain) => leaveAllOf(house.rooms, step, domain),
    },
    ids, log, refused,
    limits: xmlLimitsOf(config),
    negotiationMs: config.session.negotiationTimeoutMs,
    closingMs: config.session.closeTimeoutMs,
  });
  for (const service of extensions.flatMap((extension) => extension.services?.(house) ?? [])) services.add(service);
  const { isDisabled, ...endings } = createAccountEndings({ clock, log, extensions, sessions, house, hosts, accounts, batch, subscriptions });
  const logins = new Logins({
    // What is read may have been so a while ago.
    isDisabled: async (host, username) => (await storedAccounts.isDisabled(host, username)) || isDisabled(host, username),
    lookup: async (host, username) => (await storedAccounts.credentials(host, username)) as StoredCredentials | undefined,
    allowPlaintext: config.listen.allowPlaintext,
    random,
    clock,
    log,
    fakeSaltKey: saltKey,
    iterations: config.limits.scramIterations,
    refused,
    failed: (reason) => count(tally.loginsFailed, reason),
    throttle: createLoginThrottle({ perAddressMax: config.limits.loginFailuresPerAddress, perAccountMax: config.limits.loginFailuresPerAccount, clock, refused }),
    tokens: {
      lifetimeMs: config.session.tokenLifetimeMs,
      deviceKey: keyFor("devices", saltKey),
      read: async (host, username) => ((await storedAccounts.deviceTokens(host, username)) ?? {}) as DeviceTokens,
      change: (host, username, device, decide) => storedAccounts.changeDeviceTokens(host, username, { device, why: "login" }, (tokens, { credentials, disabled }) =>
        decide((tokens ?? {}) as DeviceTokens, { credentials: credentials as StoredCredentials | undefined, disabled })),
    },
  });
  const observation = new Observation({
    sessions: () => sessions,
    find: (id) => sessions.get(id),
    loginFailures: () => Object.fromEntries(tally.loginsFailed),
    settled: () => batch.recorded(),
  });
  const environment: SessionEnvironment = {
    clock, ids, log, batch, tally, registry, accounts, logins, router, observation,
    resumption: { find: (id) => sessions.get(id), ended: (host, username, id) => endedCount(past, host, username, id) },
    options: sessionOptions(config),
  };
  const componentDomains = config.components.map(({ domain }) => domain);
  const common = { accounts: storedAccounts, hosts, components: componentDomains, random, iterations: config.limits.scramIterations };
  const accountAdmin: AccountAdmin = createAccountAdmin({ ...common, ...endings, isReserved: (host, username) => invitations.isReserved(host, username) });
  const admin: StoreAdmin = {
    ...createAccountTransfer({ ...common, store, offlineMessagesMax: config.limits.offlineMessages }),
    ...createArchiveTransfer({ store, accounts: storedAccounts, clock, hosts, ids: async () => createArchiveIds(archiveKey) }),
    ...accountAdmin,
    ...createInvitationAdmin({ invitations, accounts: storedAccounts, hosts, settings: config.registration, pageOf: invitationPage, clock }),
    ...createContactAdmin({
      hosts,
      components: componentDomains,
      isConnected: (domain) => services.get(domain)?.away !== true,
      load: (host, username) => accounts.load(host, username),
      resources: (bareJid) => registry.sessions(bareJid).filter(({ connected }) => connected),
    }),
    ...createHistoryAdmin({ store, hosts }),
    ...createServiceAdmin({ hosts, components: componentDomains, accounts: storedAccounts, registry, bulletin }),
    ...createLogAdmin({ store }),
    sessions: () => [...sessions].map(viewOf),
  };
  return {
    admin, observation, batch, sessions, components, environment, services, past,
    rooms: house.rooms,
    invitations: desk,
    accounts: storedAccounts,
    keeping: createKeeping({ config, store, clock, ids, log, batch, house, accounts, storedAccounts, source, roomSource, busy: () => pressed }),
    stopWatching: watchSilence({ clock, batch, router, sessions, silenceMs: config.session.silenceMs, answerMs: config.session.silenceAnswerMs }),
    end() {
      requests.end();
      later.end();
      patience.end();
    },
  };
}

function houseLimits(config: Config, uploads: UploadSlots | undefined): HouseLimits {
  const { limits, clientState, push, rooms, admins, registration, contact, externalServices } = config;
  return {
    ...limits,
    ...clientState,
    pushDisclose: push.disclose,
    pushServices: new Set(push.services),
    rooms: { ...rooms, admins },
    registration,
    contact,
    externalServices,
    uploadBytes: uploads?.maxFileBytes ?? 0,
  };
}

/** Of other users' sessions nobody learns. */
async function endedCount(past: SessionSource, host: string, username: string, id: string): Promise<number | undefined> {
  const ended = await past.ended(host, id);
  return ended?.username === username ? (ended.received ?? undefined) : undefined;
}

function xmlLimitsOf({ limits }: Config): XmlLimits {
  return { ...xmlLimitsAuthenticated, stanzaBytesMax: limits.stanzaBytes, stanzaBytesSetting: "limits.stanzaBytes" };
}

function sessionOptions(config: Config): SessionOptions {
  const { session, limits } = config;
  return {
    hosts: config.hosts.map((host) => host.domain),
    policy: {
      negotiationMs: session.negotiationTimeoutMs,
      closingMs: session.closeTimeoutMs,
      resumptionMs: session.resumptionMs,
      saslTriesMax,
      bindTriesMax,
    },
    conflict: session.conflict,
    resourcesPerAccountMax: session.resourcesPerAccountMax,
    limits: xmlLimitsOf(config),
    pace: { bytesPerSecond: limits.bytesPerSecond, stanzasPerSecond: limits.stanzasPerSecond },
    queueStanzasMax: limits.queueStanzas,
    queueBytesMax: limits.queueBytes,
    location: session.resumptionLocation,
    silenceMs: session.silenceMs,
    silenceAnswerMs: session.silenceAnswerMs,
  };
}
