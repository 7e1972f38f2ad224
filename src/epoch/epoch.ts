/** What lives as long as one opening of the store: everything that is in memory because it is on the disk, and everybody who has seen it. */
import { stateName } from "../../machines/state-name.ts";
import { type AccountAdmin, createAccountAdmin } from "../admin/account-admin.ts";
import { createAccountTransfer } from "../admin/account-transfer.ts";
import { createArchiveTransfer } from "../admin/archive-transfer.ts";
import type { StoreAdmin } from "../admin/api.ts";
import { createContactAdmin } from "../admin/contact-admin.ts";
import { createHistoryAdmin } from "../admin/history-admin.ts";
import { createLogAdmin } from "../admin/log-admin.ts";
import { AdminError } from "../admin/errors.ts";
import type { StoredCredentials } from "../auth/keys.ts";
import type { Config } from "../config/schema.ts";
import { makeJid } from "../domain/jid.ts";
import { bindTriesMax, saslTriesMax, stopCommitMs, xmlLimitsAuthenticated } from "../domain/limits.ts";
import { AccountSource } from "../log/account-source.ts";
import { Accounts } from "../log/accounts.ts";
import { StoreFailedError } from "../log/errors.ts";
import { loadAccount } from "../log/load-account.ts";
import { pastSessions } from "../log/past-sessions.ts";
import { Retention } from "../log/retention.ts";
import { readMotd } from "../log/motd.ts";
import { fakeSaltKey, keyFor } from "../log/server-secret.ts";
import { RoomSource } from "../log/room-source.ts";
import { SessionSource } from "../log/session-source.ts";
import type { Room } from "../domain/room.ts";
import type { Rooms } from "../muc/rooms.ts";
import type { Clock, Ids, Log, Random, Store } from "../ports.ts";
import { ArchiveRetention } from "../router/archive-retention.ts";
import { createArchiveIds } from "../router/archive-ids.ts";
import { createCommunity } from "../router/community.ts";
import { endContacts } from "../router/departure.ts";
import type { Extension } from "../router/extension.ts";
import { Bulletin } from "../router/bulletin.ts";
import { createCapabilities } from "../router/capabilities.ts";
import type { MessageOfTheDay } from "../router/administration.ts";
import { createHouse } from "../router/house.ts";
import { Patience } from "../router/patience.ts";
import { Later } from "../router/later.ts";
import { Requests } from "../router/requests.ts";
import { trimRoom } from "../router/room-archive.ts";
import { Router } from "../router/router.ts";
import { Services } from "../service/services.ts";
import { AccountCache } from "../session/account-cache.ts";
import type { SessionEnvironment, SessionOptions } from "../session/environment.ts";
import type { SessionHost } from "../session/host.ts";
import { Logins } from "../session/logins.ts";
import { Observation } from "../session/observation.ts";
import { Population } from "../session/population.ts";
import { recoverSessions } from "../session/recovery.ts";
import { Registry } from "../session/registry.ts";
import { watchSilence } from "../session/silence.ts";
import { viewOf } from "../session/view.ts";
import { software } from "../software.ts";
import { Batch } from "../step/batch.ts";
import type { Tally } from "../step/tally.ts";
import type { UploadSlots } from "../upload/open.ts";
import type { Link } from "../xml/link.ts";
import { createAdministration, createServiceAdmin } from "./administration.ts";
import { createRegistrar } from "./registrar.ts";
import { within } from "./within.ts";

/** Opens the store, once for each epoch. `onFatal` is told if a commit fails later on. */
export type OpenStore = (onFatal: (error: Error) => void) => Promise<Store>;

/** What lives longer than an epoch. */
export interface EpochOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly extensions: readonly Extension[];
  /** When the process began to serve, ms since 1970. */
  readonly startedAt: number;
  readonly openStore: OpenStore;
  /** What the process counts. */
  readonly tally: Tally;
  /** undefined where no files are taken. */
  readonly uploads: UploadSlots | undefined;
  /** Told of what goes on after an epoch that could not begin. */
  readonly onLeaving: (leaving: Leaving) => void;
}

/** What is left of an epoch for a while. */
export interface Leaving {
  /** Resolves when no session has a link any more. */
  readonly sessions: Promise<void>;
  /** Resolves when the store is closed. */
  readonly store: Promise<void>;
}

export interface EpochFigures {
  /** By the state of their machine. */
  readonly sessions: ReadonlyMap<string, number>;
  /** Stanzas that are kept until clients acknowledge them: in all, and the longest queue. */
  readonly queued: number;
  readonly queuedMost: number;
  /** In memory: every room with an occupant is. */
  readonly rooms: number;
  /** Sessions in them. */
  readonly occupants: number;
  readonly uncommittedBytes: number;
}

export class Epoch {
  /** For as long as the epoch lasts: `untilFailed` says when it does not. */
  readonly admin: StoreAdmin;
  /** When it began, ms since 1970. */
  readonly since: number;
  readonly observation: Observation;
  /** Resolves if it is over because its store failed. Then every session is being closed, and nothing that was not durable will leave. */
  readonly failed: Promise<Error>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: Store;
  readonly #past: SessionSource;
  readonly #batch: Batch;
  readonly #sessions: Population;
  readonly #logins: Logins;
  readonly #environment: SessionEnvironment;
  readonly #retention: Retention;
  /** Of accounts, and of rooms. */
  readonly #archiveRetentions: readonly { start(): void; stop(): void }[];
  readonly #requests: Requests;
  readonly #later: Later;
  readonly #patience: Patience;
  readonly #services: Services;
  readonly #rooms: Rooms;
  readonly #accounts: Accounts;
  readonly #stopWatching: () => void;
  /** Ends the work that cannot be done any more. */
  readonly #waiting = new Set<(error: Error) => void>();
  #failure: Error | undefined;
  #over = false;
  #reportFailure!: (error: Error) => void;

  /** Everything is in its place when it resolves, and nobody was let in. Rejects with what the opening rejects with. */
  static async open(options: EpochOptions): Promise<Epoch> {
    const opening: { epoch?: Epoch; failure?: Error } = {};
    const store = await options.openStore((error) => {
      opening.failure ??= error;
      opening.epoch?.fail(error);
    });
    try {
      const saltKey = await fakeSaltKey(store, options);
      const motd = await readMotd(store);
      const epoch = (opening.epoch = new Epoch(options, store, saltKey, motd));
      const broken = epoch.failed.then((error) => Promise.reject(error));
      // Who was there before is restored here, before the first link and, at the start, before any listener.
      await Promise.race([epoch.#recover(), broken]);
      if (opening.failure !== undefined) throw opening.failure;
      epoch.#retention.start();
      // Accounts may have been deleted while nobody ran.
      void options.uploads?.forgetStrangers((owner) => epoch.#exists(owner)).catch((err: unknown) => options.log.error({ err }, "files of accounts that are no more could not be removed"));
      for (const retention of epoch.#archiveRetentions) retention.start();
      return epoch;
    } catch (error) {
      options.onLeaving(opening.epoch?.leave() ?? { sessions: Promise.resolve(), store: store.close() });
      throw error;
    }
  }

  private constructor(options: EpochOptions, store: Store, saltKey: Uint8Array, motd: MessageOfTheDay | undefined) {
    const { config, log, clock, random, ids, extensions, startedAt, tally, uploads } = options;
    tally.storeOpenings += 1;
    const hosts = config.hosts.map((host) => host.domain);
    this.since = clock.now();
    this.failed = new Promise((resolve) => (this.#reportFailure = resolve));
    this.#clock = clock;
    this.#log = log;
    this.#store = store;
    const past = (this.#past = new SessionSource(store));

    const sessions = (this.#sessions = new Population(clock));
    const registry = new Registry();
    const storedAccounts = (this.#accounts = new Accounts(store, clock, ids));
    const accounts: AccountCache = new AccountCache(
      (host, username) => loadAccount(store, host, username),
      ({ bare, lastTicket }) => registry.sessions(bare).length > 0 || !batch.isDurable(lastTicket),
    );
    let pressed = false;
    const batch: Batch = (this.#batch = new Batch({
      store,
      clock,
      ids,
      tally,
      onFailed: (error) => this.fail(error),
      onPressure: (high) => {
        pressed = high;
        sessions.press(high);
      },
    }));
    this.#retention = new Retention({ store, clock, ids, log, ...config.history, busy: () => pressed });
    const services = (this.#services = new Services());
    const community = createCommunity({ extensions, registry, accounts, services, house: () => house });
    const { contacts, presence, subscriptions } = community;
    const requests = (this.#requests = new Requests({ registry, batch, clock, ids, log }));
    const later = (this.#later = new Later({ batch, clock, log }));
    const patience = (this.#patience = new Patience(clock));
    const capabilities = createCapabilities({ extensions, accounts, requests, house: () => house });
    const source = new AccountSource(store);
    const roomSource = new RoomSource(store);
    const bulletin = new Bulletin({ registry, accounts, batch, house: () => house, motd });
    const archiveKey = keyFor("archive ids", saltKey);
    const house = createHouse({
      software, hosts, log, extensions, registry, accounts, batch, ids, source, contacts, startedAt,
      archiveKey,
      occupantKey: keyFor("occupant ids", saltKey),
      limits: { ...config.limits, ...config.clientState, pushDisclose: config.push.disclose, pushServices: new Set(config.push.services), rooms: { ...config.rooms, admins: config.admins }, registration: config.registration, contact: config.contact, externalServices: config.externalServices, uploadBytes: uploads?.maxFileBytes ?? 0 },
      requests, later, patience, capabilities, services, rooms: roomSource, roomArchive: roomSource.archive, uploads,
      registrar: createRegistrar({ accounts: storedAccounts, limits: config.registration, admin: () => accountAdmin }),
      administration: createAdministration({ admins: config.admins, admin: () => this.admin, registry, sessions, bulletin }),
      send: (...stanza) => router.send(...stanza),
      ask: (...request) => router.ask(...request),
      hold: (...stanza) => router.hold(...stanza),
    });
    const ofArchives = { clock, log, ...config.archive, busy: () => pressed };
    const ofAccounts = new ArchiveRetention({
      ...ofArchives, source, archive: house.archive,
      owners: (after, limit) => storedAccounts.list(undefined, { limit, ...(after !== undefined && { after }) }),
      load: (host, username) => accounts.load(host, username),
    });
    const ofRooms = new ArchiveRetention({
      ...ofArchives, source: roomSource.archive,
      archive: { trim: (room: Room, kept) => trimRoom({ batch, source: roomSource.archive, rooms: house.rooms }, room, kept) },
      owners: async (after, limit) => {
        const rooms = await roomSource.owners(after && { host: after.host, room: after.username }, limit);
        return rooms.map(({ host, room }) => ({ host, username: room }));
      },
      load: (host, room) => house.rooms.load(makeJid(room, host)),
    });
    this.#archiveRetentions = [ofAccounts, ofRooms];
    const router = new Router({ extensions, registry, accounts, batch, house, presence, subscriptions, requests, patience, capabilities, services });
    this.#rooms = house.rooms;
    for (const service of extensions.flatMap((extension) => extension.services?.(house) ?? [])) services.add(service);
    /** Accounts that were disabled in this epoch. */
    const disabled = new Set<string>();
    const logins = (this.#logins = new Logins({
      // What is read may have been so a while ago.
      isDisabled: async (host, username) => (await storedAccounts.isDisabled(host, username)) || disabled.has(`${username}@${host}`),
      lookup: async (host, username) => (await storedAccounts.credentials(host, username)) as StoredCredentials | undefined,
      allowPlaintext: config.listen.allowPlaintext,
      random,
      clock,
      log,
      fakeSaltKey: saltKey,
      iterations: config.limits.scramIterations,
    }));
    this.observation = new Observation({
      sessions: () => sessions,
      find: (id) => sessions.get(id),
      loginFailures: () => this.loginFailures,
      settled: () => batch.recorded(),
    });
    this.#environment = {
      clock, ids, log, batch, tally, registry, accounts, logins, router, observation: this.observation,
      resumption: { find: (id) => sessions.get(id), ended: (host, username, id) => endedCount(past, host, username, id) },
      options: sessionOptions(config),
    };
    this.#stopWatching = watchSilence({
      clock, batch, router, sessions, silenceMs: config.session.silenceMs, answerMs: config.session.silenceAnswerMs,
    });

    /** Its sessions first: those who see them are told that they are gone, and then that nothing will come. */
    const leave = async (host: string, username: string, asker?: string): Promise<void> => {
      sessions.removeAccount(host, username, asker);
      await endContacts({ hosts, accounts, batch, subscriptions }, host, username);
    };
    const endAccount = async (host: string, username: string): Promise<void> => {
      // Whoever has come since: what follows from its end is still the account's.
      sessions.removeAccount(host, username);
      const bareJid = `${username}@${host}`;
      accounts.forget(bareJid);
      disabled.delete(bareJid);
      for (const { accountRemoved } of extensions) accountRemoved?.({ bareJid, house });
      // What was recorded of it until now is forgotten next.
      await batch.settle();
    };
    const disable = (host: string, username: string): void => {
      const bareJid = `${username}@${host}`;
      disabled.add(bareJid);
      sessions.disableAccount(host, username);
      // Whose login was decided in the same moment is a session soon.
      clock.at(clock.now(), () => disabled.has(bareJid) && sessions.disableAccount(host, username));
    };
    const enable = (host: string, username: string): void => void disabled.delete(`${username}@${host}`);
    const common = { accounts: storedAccounts, hosts, random, iterations: config.limits.scramIterations };
    const accountAdmin: AccountAdmin = createAccountAdmin({ ...common, onDeleting: leave, onDeleted: endAccount, onDisabled: disable, onEnabling: enable });
    this.admin = {
      ...createAccountTransfer({ ...common, store, offlineMessagesMax: config.limits.offlineMessages }),
      ...createArchiveTransfer({ store, accounts: storedAccounts, clock, hosts, ids: async () => createArchiveIds(archiveKey) }),
      ...accountAdmin,
      ...createContactAdmin({
        hosts,
        load: (host, username) => accounts.load(host, username),
        resources: (bareJid) => registry.sessions(bareJid).filter(({ connected }) => connected),
      }),
      ...createHistoryAdmin({ store, hosts }),
      ...createServiceAdmin({ hosts, accounts: storedAccounts, registry, bulletin }),
      ...createLogAdmin({ store }),
      sessions: () => [...sessions].map(viewOf),
    };
  }

  /** Sessions that live. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Failed logins by reason. */
  get loginFailures(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#logins.failures);
  }

  /** For operators, as it is now. */
  get figures(): EpochFigures {
    const sessions = new Map<string, number>();
    let [queued, queuedMost, rooms, occupants] = [0, 0, 0, 0];
    for (const session of this.#sessions) {
      const state = stateName(session.snapshot.value);
      sessions.set(state, (sessions.get(state) ?? 0) + 1);
      const length = session.management.queue?.stanzas.length ?? 0;
      queued += length;
      queuedMost = Math.max(queuedMost, length);
    }
    for (const room of this.#rooms.known()) {
      rooms += 1;
      for (const { presences } of room.occupants.values()) occupants += Object.keys(presences).length;
    }
    return { sessions, queued, queuedMost, rooms, occupants, uncommittedBytes: this.#batch.uncommittedBytes };
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  begin(link: Link): void {
    this.#sessions.begin(this.#environment, link);
  }

  find(idOrFullJid: string): SessionHost | undefined {
    return this.#sessions.find(idOrFullJid);
  }

  /** Does `work` unless the epoch ends before it is done: then it rejects with AdminError store-failed, also if the work itself hangs. */
  untilFailed<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const explain = (error: unknown): void => reject(error instanceof StoreFailedError ? interrupted() : (error as Error));
      Promise.resolve().then(work).then(resolve, explain).finally(() => this.#waiting.delete(reject));
    });
  }

  /** Memory is ahead of the disk: nobody goes on with it. Only the first call counts, and none after `stop`. */
  fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = error;
    this.#stopWatching();
    this.#retention.stop();
    for (const retention of this.#archiveRetentions) retention.stop();
    // Before the sessions: what they record of their end would else be waited for.
    this.#batch.abandon(error);
    this.#sessions.fail();
    for (const reject of this.#waiting) reject(interrupted());
    this.#waiting.clear();
    this.#reportFailure(error);
  }

  /**
   * Ends the sessions in order, with the last commit. Rejects if the store fails over it, or the commit does not end in time.
   * `close` or `leave` follows.
   */
  async stop(): Promise<void> {
    const known = this.#failure;
    this.#retention.stop();
    for (const retention of this.#archiveRetentions) retention.stop();
    await this.#sessions.stop();
    const inTime = await within(this.#clock, stopCommitMs, this.#batch.settle());
    this.#over = true;
    if (this.#failure !== undefined && this.#failure !== known) throw this.#failure;
    if (!inTime) throw new Error(`the last commit did not end within ${stopCommitMs / 1000} s; what it held may be lost`);
  }

  /** Lets go of the store and of every session that is still there: what can be resumed is on the disk. */
  async close(): Promise<void> {
    this.#over = true;
    this.#stopWatching();
    this.#retention.stop();
    for (const retention of this.#archiveRetentions) retention.stop();
    this.#requests.end();
    this.#later.end();
    this.#patience.end();
    this.#sessions.abandon();
    await this.#store.close();
  }

  /** After a failure. Sessions get a while to read why. */
  leave(): Leaving {
    this.#over = true;
    this.#stopWatching();
    this.#retention.stop();
    for (const retention of this.#archiveRetentions) retention.stop();
    this.#requests.end();
    this.#later.end();
    this.#patience.end();
    return { sessions: this.#sessions.stop().then(() => this.#sessions.abandon()), store: this.#store.close() };
  }

  #exists(bareJid: string): Promise<boolean> {
    const at = bareJid.indexOf("@");
    return this.#accounts.exists(bareJid.slice(at + 1), bareJid.slice(0, at));
  }

  async #recover(): Promise<void> {
    for (const service of this.#services.all()) await service.load?.();
    const recovered = await recoverSessions(this.#environment, this.#sessions, pastSessions(this.#past));
    for (const service of this.#services.all()) service.sessionsRestored?.();
    await this.#batch.settle();
    if (recovered.resumable + recovered.ended > 0) this.#log.info(recovered, "sessions of before were recovered");
  }
}

/** Of other users' sessions nobody learns. */
async function endedCount(past: SessionSource, host: string, username: string, id: string): Promise<number | undefined> {
  const ended = await past.ended(host, id);
  return ended?.username === username ? (ended.received ?? undefined) : undefined;
}

function interrupted(): AdminError {
  const problem = "it failed before the request was done, so that may or may not have happened";
  return new AdminError("store-failed", `the store: ${problem}; it is opened again by itself: look, and ask again in a moment`);
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
    limits: { ...xmlLimitsAuthenticated, stanzaBytesMax: limits.stanzaBytes },
    queueStanzasMax: limits.queueStanzas,
    queueBytesMax: limits.queueBytes,
    location: session.resumptionLocation,
    silenceMs: session.silenceMs,
    silenceAnswerMs: session.silenceAnswerMs,
  };
}
