/** The composition root: makes every part, introduces them to each other, starts and stops them. */
import { createAccountAdmin } from "./admin/account-admin.ts";
import { createAccountTransfer } from "./admin/account-transfer.ts";
import type { AdminApi } from "./admin/api.ts";
import { createContactAdmin } from "./admin/contact-admin.ts";
import { serveAdmin } from "./admin/serve.ts";
import type { StoredCredentials } from "./auth/keys.ts";
import { storeFile } from "./config/data-folder.ts";
import type { Config } from "./config/schema.ts";
import {
  bindTriesMax,
  saslTriesMax,
  stopCommitMs,
  xmlLimitsAuthenticated,
  xmlLimitsUnauthenticated,
} from "./domain/limits.ts";
import { liveClock, liveIds, liveRandom } from "./live.ts";
import { AccountSource } from "./log/account-source.ts";
import { Accounts } from "./log/accounts.ts";
import { loadAccount } from "./log/load-account.ts";
import { createMemoryStore } from "./log/memory-store.ts";
import { projections } from "./log/projections/index.ts";
import { openSqliteStore } from "./log/sqlite/sqlite-store.ts";
import { openCertificates } from "./net/certificates.ts";
import { createNodeNet } from "./net/node-net.ts";
import { createTransport } from "./net/transport.ts";
import type { Clock, Connection, Ids, Listener, Net, Random, Store, Timer } from "./ports.ts";
import type { Extension } from "./router/extension.ts";
import { createCommunity } from "./router/community.ts";
import { endContacts } from "./router/departure.ts";
import { createHouse } from "./router/house.ts";
import { Router } from "./router/router.ts";
import { fakeSaltKey } from "./log/server-secret.ts";
import { AccountCache } from "./session/account-cache.ts";
import type { SessionEnvironment, SessionOptions } from "./session/environment.ts";
import { Population } from "./session/population.ts";
import { Logins } from "./session/logins.ts";
import { Registry } from "./session/registry.ts";
import { watchSilence } from "./session/silence.ts";
import { documentedSession, viewOf, type DocumentedSession } from "./session/view.ts";
import { software } from "./software.ts";
import { Batch } from "./step/batch.ts";
import { extensions as ownExtensions } from "./xep/index.ts";
import type { Logger } from "pino";

export interface ServerOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Besides the server's own, and after them. */
  readonly extensions?: readonly Extension[];
  /** What replaces the live parts, in tests and in the simulation. */
  readonly parts?: Partial<ServerParts>;
}

export interface ServerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly net: Net;
  /** Closed by the server. With a store of one's own there is no admin socket and nothing is written to the data folder. */
  readonly store: Store;
}

export interface RunningServer {
  readonly listeners: readonly { readonly name: "c2s" | "c2sTls"; readonly address: string; readonly port: number }[];
  readonly admin: AdminApi;
  /** A session that lives now, by the id that `admin.sessions` tells or by its full JID. */
  session(idOrFullJid: string): DocumentedSession | undefined;
  /**
   * Sessions end with system-shutdown and get 4 s for it, the last commit 1 s; then everything is closed. Can be called again.
   * Rejects, with everything closed, if the last commit failed or came too late.
   */
  stop(reason?: string): Promise<void>;
  /** Reads all certificates again. Answers what is wrong with those that were refused. */
  reload(): Promise<readonly string[]>;
  /** Resolves if the server cannot go on: its store failed. */
  readonly failed: Promise<Error>;
}

/** Rejects with an error that names thing, value and fix; nothing stays open then. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const undo: (() => Promise<void> | void)[] = [];
  try {
    return await compose(options, undo);
  } catch (error) {
    // What cannot be closed either is of less interest than why it did not start.
    await closeAll(undo.toReversed()).catch(() => undefined);
    throw error;
  }
}

async function compose(options: ServerOptions, undo: (() => Promise<void> | void)[]): Promise<RunningServer> {
  const { config, logger, parts = {} } = options;
  const { clock = liveClock, random = liveRandom, ids = liveIds } = parts;
  const extensions = [...ownExtensions, ...(options.extensions ?? [])];
  const hosts = config.hosts.map((host) => host.domain);
  let reportFailure: (error: Error) => void;
  const failed = new Promise<Error>((resolve) => (reportFailure = resolve));

  const sessions = new Population(clock);
  let over = false;
  let failure: Error | undefined;
  function fail(error: Error): void {
    if (over) return;
    over = true;
    failure = error;
    logger.fatal({ err: error }, "the store failed: every session is closed");
    sessions.fail();
    reportFailure(error);
  }

  const store = parts.store ?? (await openStore(config, (error) => fail(error)));
  undo.push(() => store.close());
  const saltKey = await fakeSaltKey(store, { clock, ids, random });

  const certificates = await openCertificates({
    hosts: config.hosts,
    ...(parts.store === undefined ? { dataDir: config.dataDir } : {}),
    clock,
    log: logger,
  });
  undo.push(() => certificates.close());
  const net = parts.net ?? createNodeNet({
    certificates,
    perAddressMax: config.limits.connectionsPerAddress,
    // People who are asked about a certificate in the middle of a handshake need time to read it.
    handshakeTimeoutMs: config.session.negotiationTimeoutMs,
    clock,
    log: logger,
  });

  const registry = new Registry();
  const storedAccounts = new Accounts(store, clock, ids);
  const accounts: AccountCache = new AccountCache(
    (host, username) => loadAccount(store, host, username),
    ({ bare, lastTicket }) => registry.sessions(bare).length > 0 || !batch.isDurable(lastTicket),
  );
  const batch = new Batch({
    store,
    clock,
    ids,
    onFailed: (error) => fail(error),
    onPressure: (high) => sessions.press(high),
  });
  const community = createCommunity({ extensions, registry, accounts, house: () => house });
  const { contacts, presence, subscriptions } = community;
  const source = new AccountSource(store);
  const house = createHouse({
    software, hosts, limits: config.limits, log: logger, extensions, registry, accounts, batch, ids, source, contacts, startedAt: clock.now(),
  });
  const router = new Router({ extensions, registry, accounts, batch, house, presence, subscriptions });
  const logins = new Logins({
    lookup: async (host, username) => (await storedAccounts.credentials(host, username)) as StoredCredentials | undefined,
    allowPlaintext: config.listen.allowPlaintext,
    random,
    clock,
    log: logger,
    fakeSaltKey: saltKey,
    iterations: config.limits.scramIterations,
  });
  const environment: SessionEnvironment = {
    clock, ids, log: logger, batch, registry, accounts, logins, router,
    options: sessionOptions(config),
  };

  const report = (error: unknown) => logger.error({ err: error }, "a link met an error and is closed");
  const accept = (connection: Connection, kind: "tcp" | "tls") =>
    sessions.begin(environment, createTransport(connection, kind, xmlLimitsUnauthenticated, report));

  const listeners: { readonly name: "c2s" | "c2sTls"; readonly listener: Listener }[] = [];
  undo.push(() => closeAll(listeners.map(({ listener }) => () => listener.close())));
  const { address, c2s, c2sTls } = config.listen;
  for (const [name, port] of [["c2s", c2s.port], ["c2sTls", c2sTls.port]] as const) {
    const directTls = name === "c2sTls";
    const listener = await net.listen({ address, port, directTls }, (connection) => accept(connection, directTls ? "tls" : "tcp"));
    listeners.push({ name, listener });
  }

  /** Its sessions first: those who see them are told that they are gone, and then that nothing will come. */
  const leave = async (host: string, username: string): Promise<void> => {
    sessions.removeAccount(host, username);
    await endContacts({ hosts, accounts, batch, subscriptions }, host, username);
  };
  const endAccount = (host: string, username: string): void => {
    // Whoever has come since: what follows from its end is still the account's.
    sessions.removeAccount(host, username);
    accounts.forget(`${username}@${host}`);
  };
  const admin: AdminApi = {
    ...createAccountTransfer({
      store,
      accounts: storedAccounts,
      hosts,
      random,
      iterations: config.limits.scramIterations,
      offlineMessagesMax: config.limits.offlineMessages,
    }),
    ...createAccountAdmin({ accounts: storedAccounts, hosts, random, iterations: config.limits.scramIterations, onDeleting: leave, onDeleted: endAccount }),
    ...createContactAdmin({
      hosts,
      load: (host, username) => accounts.load(host, username),
      resources: (bareJid) => registry.sessions(bareJid).filter(({ connected }) => connected),
    }),
    sessions: () => [...sessions].map(viewOf),
  };
  let closeAdmin = async (): Promise<void> => {};
  if (parts.store === undefined) {
    const adminServer = await serveAdmin({ dataDir: config.dataDir, api: admin, log: logger });
    let closing: Promise<void> | undefined;
    closeAdmin = () => (closing ??= adminServer.close());
    undo.push(closeAdmin);
  }
  const stopWatching = watchSilence({
    clock, batch, router, sessions, silenceMs: config.session.silenceMs, answerMs: config.session.silenceAnswerMs,
  });
  undo.push(stopWatching);

  let stopped: Promise<void> | undefined;
  async function stop(reason: string): Promise<void> {
    logger.info({ reason, sessions: sessions.size, loginFailures: Object.fromEntries(logins.failures) }, "stopping");
    const known = failure;
    // Who finds the socket closed and the store locked knows that this server is about to go.
    const doors = closeAll([...listeners.map(({ listener }) => () => listener.close()), () => closeAdmin()]);
    await Promise.all([doors.catch((error: unknown) => logger.error({ err: error }, "a listener could not be closed")), sessions.stop()]);
    const inTime = await settled(batch, clock);
    over = true;
    await closeAll(undo.toReversed());
    if (failure !== undefined && failure !== known) throw failure;
    if (!inTime) throw new Error(`the last commit did not end within ${stopCommitMs / 1000} s; what it held may be lost`);
    logger.info({}, "stopped");
  }

  return {
    listeners: listeners.map(({ name, listener }) => ({ name, address: listener.address, port: listener.port })),
    admin,
    session: (idOrFullJid) => {
      const found = sessions.find(idOrFullJid);
      return found && documentedSession(found);
    },
    reload: () => certificates.reload(),
    stop: (reason = "asked to") => (stopped ??= stop(reason)),
    failed,
  };
}

/** One after the other, each whatever becomes of the others; rejects with the first error. */
async function closeAll(closers: readonly (() => Promise<void> | void)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

async function openStore(config: Config, onFatal: (error: Error) => void): Promise<Store> {
  if (config.durability === "none") return createMemoryStore(projections);
  return openSqliteStore({ file: storeFile(config.dataDir), durability: config.durability, onFatal });
}

function sessionOptions(config: Config): SessionOptions {
  const { session, limits } = config;
  return {
    hosts: config.hosts.map((host) => host.domain),
    policy: {
      negotiationMs: session.negotiationTimeoutMs,
      closingMs: session.closeTimeoutMs,
      // Nothing can be resumed before stream management is there.
      resumptionMs: 0,
      saslTriesMax,
      bindTriesMax,
    },
    conflict: session.conflict,
    resourcesPerAccountMax: session.resourcesPerAccountMax,
    limits: { ...xmlLimitsAuthenticated, stanzaBytesMax: limits.stanzaBytes },
    silenceMs: session.silenceMs,
    silenceAnswerMs: session.silenceAnswerMs,
  };
}

/** Whether everything recorded became durable in time. */
async function settled(batch: Batch, clock: Clock): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = clock.at(clock.now() + stopCommitMs, () => resolve(false), true);
  });
  const inTime = await Promise.race([batch.settle().then(() => true), late]);
  timer?.cancel();
  return inTime;
}
