/** The composition root: makes every part, introduces them to each other, starts and stops them. */
import { createAccountAdmin } from "./admin/account-admin.ts";
import type { AdminApi } from "./admin/api.ts";
import { serveAdmin } from "./admin/serve.ts";
import type { Credentials } from "./auth/keys.ts";
import { storeFile } from "./config/data-folder.ts";
import type { Config } from "./config/schema.ts";
import { parseJid } from "./domain/jid.ts";
import { xmlLimitsAuthenticated, xmlLimitsUnauthenticated } from "./domain/limits.ts";
import { liveClock, liveIds, liveRandom } from "./live.ts";
import { Accounts } from "./log/accounts.ts";
import { createMemoryStore } from "./log/memory-store.ts";
import { projections } from "./log/projections/index.ts";
import { openSqliteStore } from "./log/sqlite/sqlite-store.ts";
import { openCertificates } from "./net/certificates.ts";
import { createNodeNet } from "./net/node-net.ts";
import { createTransport } from "./net/transport.ts";
import type { Clock, Connection, Ids, Listener, Net, Random, Store } from "./ports.ts";
import type { Extension } from "./router/extension.ts";
import { Router } from "./router/router.ts";
import { fakeSaltKey } from "./log/server-secret.ts";
import { AccountCache, type Account } from "./session/account-cache.ts";
import type { SessionEnvironment, SessionOptions } from "./session/environment.ts";
import { SessionHost } from "./session/host.ts";
import { Logins } from "./session/logins.ts";
import { Registry } from "./session/registry.ts";
import { watchSilence } from "./session/silence.ts";
import { documentedSession, viewOf, type DocumentedSession } from "./session/view.ts";
import { software } from "./software.ts";
import { Batch } from "./step/batch.ts";
import { extensions as ownExtensions } from "./xep/index.ts";
import { createHouse } from "./router/house.ts";
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
  /** Sessions end with system-shutdown; at most 5 s. Can be called again. */
  stop(reason?: string): Promise<void>;
  /** Resolves if the server cannot go on: its store failed. */
  readonly failed: Promise<Error>;
}

/** Milliseconds that sessions get to close when the server stops. */
const stopMs = 4_000;
const handshakeTimeoutMs = 10_000;

/** Rejects with an error that names thing, value and fix; nothing stays open then. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const undo: (() => Promise<void> | void)[] = [];
  try {
    return await compose(options, undo);
  } catch (error) {
    for (const close of undo.toReversed()) await close();
    throw error;
  }
}

async function compose(options: ServerOptions, undo: (() => Promise<void> | void)[]): Promise<RunningServer> {
  const { config, logger, parts = {} } = options;
  const { clock = liveClock, random = liveRandom, ids = liveIds } = parts;
  const extensions = [...ownExtensions, ...(options.extensions ?? [])];
  const hosts = config.hosts.map((host) => host.domain);
  const inMemory = parts.store !== undefined || config.durability === "none";
  let reportFailure: (error: Error) => void;
  const failed = new Promise<Error>((resolve) => (reportFailure = resolve));

  const store = parts.store ?? (await openStore(config, (error) => fail(error)));
  undo.push(() => store.close());
  const saltKey = await fakeSaltKey(store, { clock, ids, random });

  const certificates = await openCertificates({
    hosts: config.hosts,
    ...(inMemory && parts.store !== undefined ? {} : { dataDir: config.dataDir }),
    clock,
    log: logger,
  });
  undo.push(() => certificates.close());
  const net = parts.net ?? createNodeNet({
    certificates,
    perAddressMax: config.limits.connectionsPerAddress,
    handshakeTimeoutMs,
    clock,
    log: logger,
  });

  const sessions = new Set<SessionHost>();
  const registry = new Registry();
  const storedAccounts = new Accounts(store, clock, ids);
  const accounts = new AccountCache(
    async (host, username) => loadAccount(storedAccounts, host, username),
    (bareJid) => registry.sessions(bareJid).length > 0,
  );
  const batch = new Batch({
    store,
    clock,
    ids,
    onFailed: (error) => fail(error),
    onPressure: (high) => {
      for (const session of sessions) if (high) session.hold("pressure"); else session.release("pressure");
    },
  });
  const house = createHouse({ software, hosts, extensions, registry, ids });
  const router = new Router({ extensions, registry, accounts, batch, house });
  const logins = new Logins({
    lookup: async (host, username) => (await storedAccounts.credentials(host, username)) as Credentials | undefined,
    allowPlaintext: config.listen.allowPlaintext,
    random,
    clock,
    log: logger,
    fakeSaltKey: saltKey,
    iterations: config.limits.scramIterations,
  });
  const environment: SessionEnvironment = {
    clock, ids, random, log: logger, batch, registry, accounts, logins, router,
    options: sessionOptions(config),
  };

  function accept(connection: Connection, kind: "tcp" | "tls"): void {
    const report = (error: unknown) => logger.error({ err: error }, "a link met an error and is closed");
    const link = createTransport(connection, kind, xmlLimitsUnauthenticated, report);
    const session = new SessionHost(environment, link, (closed) => sessions.delete(closed));
    sessions.add(session);
    session.start();
  }

  function fail(error: Error): void {
    logger.fatal({ err: error }, "the store failed: every session is closed");
    for (const session of sessions) session.close("internal-server-error", "the server cannot store anything");
    reportFailure(error);
  }

  const listeners: { readonly name: "c2s" | "c2sTls"; readonly listener: Listener }[] = [];
  undo.push(async () => {
    await Promise.all(listeners.map(({ listener }) => listener.close()));
  });
  const { address, c2s, c2sTls } = config.listen;
  for (const [name, port] of [["c2s", c2s.port], ["c2sTls", c2sTls.port]] as const) {
    const directTls = name === "c2sTls";
    const listener = await net.listen({ address, port, directTls }, (connection) => accept(connection, directTls ? "tls" : "tcp"));
    listeners.push({ name, listener });
  }

  const endAccount = (host: string, username: string): void => {
    accounts.forget(`${username}@${host}`);
    for (const session of sessions) {
      const { context } = session;
      if (context.host === host && context.username === username) session.tellLater(null, ({ at }) => ({ type: "account.removed", at }));
    }
  };
  const admin: AdminApi = {
    ...createAccountAdmin({ accounts: storedAccounts, hosts, random, iterations: config.limits.scramIterations, onDeleted: endAccount }),
    sessions: () => [...sessions].map(viewOf),
  };
  if (parts.store === undefined) {
    const adminServer = await serveAdmin({ dataDir: config.dataDir, api: admin, log: logger });
    undo.push(() => adminServer.close());
  }
  const stopWatching = watchSilence({
    clock, batch, router, sessions, silenceMs: config.session.silenceMs, answerMs: config.session.silenceAnswerMs,
  });
  undo.push(stopWatching);

  let stopped: Promise<void> | undefined;
  async function stop(reason: string): Promise<void> {
    logger.info({ reason, sessions: sessions.size }, "stopping");
    await Promise.all(listeners.map(({ listener }) => listener.close()));
    for (const session of sessions) session.tellLater(null, ({ at }) => ({ type: "server.stopping", at }));
    await emptied(sessions, clock, stopMs);
    for (const session of sessions) session.link.destroy();
    await batch.settle();
    for (const close of undo.toReversed()) await close();
    logger.info({}, "stopped");
  }

  return {
    listeners: listeners.map(({ name, listener }) => ({ name, address: listener.address, port: listener.port })),
    admin,
    session: (idOrFullJid) => {
      const jid = parseJid(idOrFullJid)?.full;
      const found = [...sessions].find((session) => session.id === idOrFullJid || (session.connected && session.jid.full === jid));
      return found && documentedSession(found);
    },
    stop: (reason = "asked to") => (stopped ??= stop(reason)),
    failed,
  };
}

async function openStore(config: Config, onFatal: (error: Error) => void): Promise<Store> {
  if (config.durability === "none") return createMemoryStore(projections);
  return openSqliteStore({ file: storeFile(config.dataDir), durability: config.durability, onFatal });
}

function sessionOptions(config: Config): SessionOptions {
  const { session, listen, limits } = config;
  return {
    hosts: config.hosts.map((host) => host.domain),
    policy: {
      negotiationMs: session.negotiationTimeoutMs,
      closingMs: session.closeTimeoutMs,
      // Nothing can be resumed before stream management is there.
      resumptionMs: 0,
      saslTriesMax: 3,
      bindTriesMax: 10,
    },
    conflict: session.conflict,
    resourcesPerAccountMax: session.resourcesPerAccountMax,
    allowPlaintext: listen.allowPlaintext,
    limits: { ...xmlLimitsAuthenticated, stanzaBytesMax: limits.stanzaBytes },
    silenceMs: session.silenceMs,
    silenceAnswerMs: session.silenceAnswerMs,
  };
}

async function loadAccount(accounts: Accounts, host: string, username: string): Promise<Account | undefined> {
  if (!(await accounts.exists(host, username))) return undefined;
  return { host, username, roster: { version: "0", items: [] } };
}

/** Resolves when the set is empty, or after `ms`. */
async function emptied(set: ReadonlySet<unknown>, clock: Clock, ms: number): Promise<void> {
  const deadline = clock.now() + ms;
  while (set.size > 0 && clock.now() < deadline) {
    await new Promise<void>((resolve) => clock.at(clock.now() + 10, resolve));
  }
}
