/** The composition root: makes what lives as long as the process, and has epoch/ make the rest for each opening of the store. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AdminApi } from "./admin/api.ts";
import { serveAdmin } from "./admin/serve.ts";
import { storeFile } from "./config/data-folder.ts";
import { isReachable, publicUrl } from "./config/public-url.ts";
import { componentNamespace } from "./component/namespace.ts";
import type { Config } from "./config/schema.ts";
import { xmlLimitsUnauthenticated } from "./domain/limits.ts";
import type { OpenStore } from "./epoch/epoch.ts";
import { Succession } from "./epoch/succession.ts";
import { gatherExtensions } from "./extension/gather.ts";
import { openHttpDoors, refuseInspector } from "./http-doors.ts";
import type { Inspector } from "./inspector/open.ts";
import { liveClock, liveIds, liveRandom } from "./live.ts";
import { createMemoryStore } from "./log/memory-store.ts";
import { projections } from "./log/projections/index.ts";
import { reopenSqliteStore } from "./log/sqlite/reopen.ts";
import { openSqliteStore } from "./log/sqlite/sqlite-store.ts";
import { createAdmission, type Admission, type AdmissionOptions } from "./net/admission.ts";
import { openCertificates, type Certificates } from "./net/certificates.ts";
import { listenHttp } from "./net/http.ts";
import { createNodeNet } from "./net/node-net.ts";
import { figuresOf } from "./metrics/figures.ts";
import { statusOf } from "./metrics/status.ts";
import { createTransport } from "./net/transport.ts";
import type { Clock, Connection, Ids, Listener, Net, Random, Store } from "./ports.ts";
import type { Extension } from "./router/extension.ts";
import type { Observation } from "./session/observation.ts";
import { Tally } from "./step/tally.ts";
import { documentedSession, type DocumentedSession } from "./session/view.ts";
import { extensions as ownExtensions } from "./xep/index.ts";
import { invitationPath } from "./landing/address.ts";
import { landingRoutes } from "./landing/doors.ts";
import { uploadRoutes } from "./upload/doors.ts";
import { openUploads, type OpenUploads } from "./upload/open.ts";
import type { Logger } from "pino";

export interface ServerOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Besides the server's own and those of the configuration, and after them. */
  readonly extensions?: readonly Extension[];
  /** What replaces the live parts, in tests and in the simulation. */
  readonly parts?: Partial<ServerParts>;
}

export interface ServerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly net: Net;
  /** Who may connect by HTTP. */
  readonly admission: Admission;
  /** Closed by whoever gives them. */
  readonly certificates: Certificates;
  readonly listenHttp: typeof listenHttp;
  /** Where the inspector's built page is. */
  readonly pageFolder: string;
  /** Where uploaded files are; without it, in the data folder, and nowhere where that is not used. */
  readonly uploadFolder: string;
  /**
   * Closed by the server, which is at its end if it fails. With a store of one's own there is no admin socket and nothing is written
   * to the data folder.
   */
  readonly store: Store;
  /** Instead of `store`: called at the start, and again each time when the store before has failed. Each is closed by the server. */
  readonly openStore: OpenStore;
}

export type ListenerName = "c2s" | "c2sTls" | "http" | "components";

export interface RunningServer {
  readonly listeners: readonly { readonly name: ListenerName; readonly address: string; readonly port: number }[];
  readonly admin: AdminApi;
  /** What can be seen of all sessions that live; undefined while the store is being opened again. */
  readonly observation: Observation | undefined;
  /** undefined where it is off. */
  readonly inspector: {
    /** The address to open, with a token that is good as long as the server runs. A secret. */
    url(): string;
    /** The same, where one can chat and watch oneself; undefined where that is off. A secret. */
    chatUrl(): string | undefined;
  } | undefined;
  /** A session that lives now, by the id that `admin.sessions` tells or by its full JID. */
  session(idOrFullJid: string): DocumentedSession | undefined;
  /**
   * Sessions end with system-shutdown and get 4 s for it, the last commit 1 s; then everything is closed. Can be called again.
   * Rejects, with everything closed, if the last commit failed or came too late.
   */
  stop(reason?: string): Promise<void>;
  /** Reads all certificates again. Answers what is wrong with those that were refused. */
  reload(): Promise<readonly string[]>;
  /** Resolves if the server cannot go on: its store failed and cannot be opened again. */
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
  const ownsDataFolder = parts.store === undefined && parts.openStore === undefined;
  let reportFailure: (error: Error) => void;
  const failed = new Promise<Error>((resolve) => (reportFailure = resolve));

  const extensions = await gatherExtensions({ own: ownExtensions, files: config.extensions, given: options.extensions ?? [] });
  for (const { name, specification: { id } } of extensions.slice(ownExtensions.length)) logger.info({ name, id }, "an extension besides the server's own");

  let inspector: Inspector | undefined;
  const startedAt = clock.now();
  const tally = new Tally(() => clock.now());
  /** How people reach the pages of invitations, once they are open. */
  let landing: ((host: string) => string | undefined) | undefined;
  const uploads = await uploadsOf(config, parts, logger, { clock, random, ids });
  undo.push(() => uploads?.uploads.stop());
  // First of all: who has the store has the data folder.
  const epochs = new Succession({
    config,
    log: logger,
    clock,
    random,
    ids,
    extensions,
    startedAt,
    tally,
    uploads: uploads?.slots,
    invitationPage: (host, token) => {
      const url = landing?.(host);
      return url === undefined ? undefined : `${url}${invitationPath(token)}`;
    },
    ...storeOf(config, parts, logger),
    onOver: (error) => reportFailure(error),
    onEpoch: () => inspector?.newEpoch(),
  });
  await epochs.begin();
  undo.push(() => epochs.close());

  const certificates = parts.certificates ?? await openCertificates({
    hosts: config.hosts,
    ...(ownsDataFolder ? { dataDir: config.dataDir } : {}),
    clock,
    log: logger,
  });
  if (parts.certificates === undefined) undo.push(() => certificates.close());
  const admission = parts.admission ?? createAdmission({ ...admissionLimits(config), clock, log: logger, refused: tally.refused });
  const net = parts.net ?? createNodeNet({
    certificates,
    admission,
    // People who are asked about a certificate in the middle of a handshake need time to read it.
    handshakeTimeoutMs: config.session.negotiationTimeoutMs,
    clock,
    log: logger,
  });

  const report = (error: unknown) => logger.error({ err: error }, "a link met an error and is closed");
  const accept = (connection: Connection, kind: "tcp" | "tls") =>
    epochs.receive(createTransport(connection, kind, xmlLimitsUnauthenticated, report));

  const listeners: { readonly name: ListenerName; readonly listener: Listener }[] = [];
  undo.push(() => closeAll(listeners.map(({ listener }) => () => listener.close())));
  const { address, c2s, c2sTls } = config.listen;
  for (const [name, port] of [["c2s", c2s.port], ["c2sTls", c2sTls.port]] as const) {
    const directTls = name === "c2sTls";
    const listener = await net.listen({ address, port, directTls }, (connection) => accept(connection, directTls ? "tls" : "tcp"));
    listeners.push({ name, listener });
  }

  if (config.components.length > 0) {
    const listener = await net.listen({ ...config.listen.components, directTls: false }, (connection) =>
      epochs.receiveComponent(createTransport(connection, "tcp", xmlLimitsUnauthenticated, report, componentNamespace)),
    );
    listeners.push({ name: "components", listener });
  }

  const doors = await openHttpDoors({
    config,
    certificates,
    listenHttp: parts.listenHttp ?? listenHttp,
    admission,
    observation: () => epochs.observation,
    history: epochs.admin,
    refused: tally.refused,
    users: epochs.admin,
    streams: { receive: (link) => epochs.receive(link), report },
    metrics: { figures: () => figuresOf({ startedAt, tally, now: epochs.now }), unready: () => epochs.unready },
    ...(parts.pageFolder === undefined ? {} : { pageFolder: parts.pageFolder }),
    ids,
    clock,
    log: logger,
  });
  ({ inspector } = doors);
  undo.push(() => doors.endStreams());
  if (doors.listener !== undefined) listeners.push({ name: "http", listener: doors.listener });
  undo.push(() => inspector?.close());
  if (doors.listener !== undefined && config.registration.invitations !== "nobody") {
    const { listener } = doors;
    listener.add(landingRoutes({ find: (token) => epochs.admin.userInvitation(token) }));
    landing = (host) => publicUrl(config, host, listener);
  }
  if (doors.listener !== undefined && uploads !== undefined) {
    const { listener } = doors;
    listener.add(uploadRoutes(uploads.uploads, tally.refused));
    // It is reached: otherwise no files are taken.
    uploads.reachedAt((host) => publicUrl(config, host, listener)!);
  }

  const status = () => statusOf({
    figures: figuresOf({ startedAt, tally, now: epochs.now }),
    at: clock.now(),
    unready: epochs.unready,
    listeners: listeners.map(({ name, listener }) => ({ name, address: listener.address, port: listener.port })),
    certificates: config.hosts.map(({ domain }) => {
      const { validUntil, selfSigned, namesDomain } = certificates.certificateFor(domain);
      return { host: domain, until: validUntil, selfSigned, namesHost: namesDomain };
    }),
    logFile: ownsDataFolder && config.durability !== "none" ? storeFile(config.dataDir) : undefined,
  });
  const admin: AdminApi = { ...epochs.admin, status, config: async () => config, inspectorUrl: async (how) => inspector?.freshUrl(how) ?? refuseInspector(config) };
  let closeAdmin = async (): Promise<void> => {};
  if (ownsDataFolder) {
    const adminServer = await serveAdmin({ dataDir: config.dataDir, api: admin, log: logger });
    let closing: Promise<void> | undefined;
    closeAdmin = () => (closing ??= adminServer.close());
    undo.push(closeAdmin);
  }

  let stopped: Promise<void> | undefined;
  async function stop(reason: string): Promise<void> {
    logger.info({ reason, ...epochs.figures }, "stopping");
    // Who finds the socket closed and the store locked knows that this server is about to go.
    // By HTTP, streams are told how they end over what is still open there.
    doors.listener?.refuse();
    const closing = closeAll([...listeners.flatMap(({ listener }) => (listener === doors.listener ? [] : [() => listener.close()])), () => closeAdmin()]);
    const [, ended] = await Promise.all([
      closing.catch((error: unknown) => logger.error({ err: error }, "a listener could not be closed")),
      epochs.stop().then(() => ({ well: true }) as const, (error: unknown) => ({ well: false, error }) as const),
    ]);
    await closeAll(undo.toReversed());
    if (!ended.well) throw ended.error;
    logger.info({}, "stopped");
  }

  return {
    listeners: listeners.map(({ name, listener }) => ({ name, address: listener.address, port: listener.port })),
    admin,
    inspector: inspector && { url: () => inspector!.url(), chatUrl: () => inspector!.chatUrl() },
    get observation() {
      return epochs.observation;
    },
    session: (idOrFullJid) => {
      const found = epochs.find(idOrFullJid);
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

/** undefined where no files are taken: XEP-0363 section 4 wants TLS, but for what stays on this machine. */
async function uploadsOf(config: Config, { uploadFolder, store, openStore }: Partial<ServerParts>, logger: Logger, parts: Pick<ServerParts, "clock" | "random" | "ids">): Promise<OpenUploads | undefined> {
  const { upload, listen: { http }, dataDir } = config;
  const folder = uploadFolder ?? (store === undefined && openStore === undefined ? join(dataDir, "uploads") : undefined);
  if (!upload.enabled || !http.enabled || folder === undefined) return undefined;
  if (!isReachable(config)) {
    const text = "no files are taken over HTTP: clients could not reach them, or not by TLS; set listen.http.publicUrl to the https address of the proxy before it, " +
      "or listen.http.address and listen.http.tls, or upload.enabled to false";
    logger.warn({ event: "upload.off" }, text);
    return undefined;
  }
  return openUploads(folder, upload, { ...parts, log: logger });
}

export function admissionLimits({ limits }: Config): Pick<AdmissionOptions, "connectionsMax" | "perAddressMax" | "perMinuteMax"> {
  return { connectionsMax: limits.connections, perAddressMax: limits.connectionsPerAddress, perMinuteMax: limits.connectionsPerMinute };
}

/** How the store is opened, and whether it can be so more than once. */
function storeOf(config: Config, { store, openStore }: Partial<ServerParts>, logger: Logger): { readonly openStore: OpenStore; readonly reopens: boolean } {
  if (openStore !== undefined) return { openStore, reopens: true };
  if (store !== undefined) return { openStore: async () => store, reopens: false };
  const { durability } = config;
  // What was in memory is gone with it.
  if (durability === "none") return { openStore: async () => createMemoryStore(projections), reopens: false };
  const file = storeFile(config.dataDir);
  let known = false;
  return {
    openStore: async (onFatal) => {
      const isNew = !known && !existsSync(file);
      const opened = await (known ? reopenSqliteStore : openSqliteStore)({ file, durability, onFatal });
      known = true;
      if (isNew) logger.info({ file }, "made a new, empty database");
      return opened;
    },
    reopens: true,
  };
}
