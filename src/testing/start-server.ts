/** A whole server in this process, on free ports, with everything in memory: several can run at once. */
import { pino, type Logger } from "pino";
import { checkConfig } from "../config/check.ts";
import { ConfigError, type ConfigProblem } from "../config/errors.ts";
import { nearest } from "../config/nearest.ts";
import type { Config } from "../config/schema.ts";
import type { SessionView } from "../domain/session-view.ts";
import { liveClock } from "../live.ts";
import { createMemoryStore } from "../log/memory-store.ts";
import { projections } from "../log/projections/index.ts";
import { listenHttp as listenLive } from "../net/http.ts";
import { createAdmission } from "../net/admission.ts";
import { createNodeNet } from "../net/node-net.ts";
import { openCertificates } from "../net/certificates.ts";
import type { Store } from "../ports.ts";
import type { Extension } from "../router/extension.ts";
import { admissionLimits, startServer as start, type RunningServer, type ServerParts } from "../server.ts";
import type { DocumentedSession } from "../session/view.ts";
import { mortalNet, mortalStore, type MortalStore } from "./mortal-parts.ts";

/** What the server is to be like. Without any of them it serves `localhost`, on free ports of the loopback address. */
export interface TestServerOptions {
  /** Served domains; the first is the default of `addUser`. Default: `localhost`. */
  readonly domains?: readonly string[];
  /** Lets clients log in without TLS. Default: false. */
  readonly allowPlaintext?: boolean;
  readonly session?: Partial<Config["session"]>;
  /** Clients are read as fast as they send, unless this has `bytesPerSecond` or `stanzasPerSecond`. */
  readonly limits?: Partial<Config["limits"]>;
  readonly archive?: Partial<Config["archive"]>;
  readonly push?: Partial<Config["push"]>;
  readonly clientState?: Partial<Config["clientState"]>;
  /** Files over HTTP: they also need `http`, and `parts.uploadFolder`. */
  readonly upload?: Partial<Config["upload"]>;
  readonly rooms?: Partial<Config["rooms"]>;
  readonly registration?: Partial<Config["registration"]>;
  readonly contact?: Partial<Config["contact"]>;
  /** Each needs type and host alone. */
  readonly externalServices?: readonly (Pick<Config["externalServices"][number], "type" | "host"> & Partial<Config["externalServices"][number]>)[];
  /** External components, each with its domain and its secret: they connect to `componentPort`. */
  readonly components?: Config["components"];
  /** Bare JIDs. Default: nobody. */
  readonly admins?: readonly string[];
  /** Whether there is an HTTP listener, with the inspector. Default: false. */
  readonly http?: boolean;
  /** Whether that one speaks HTTPS, with the certificates of the domains, in place of HTTP. Default: false. */
  readonly httpTls?: boolean;
  /** Web pages that may connect. */
  readonly origins?: readonly string[];
  /** What stands before the HTTP listener. */
  readonly proxy?: Partial<Pick<Config["listen"]["http"], "publicUrl" | "trustedProxies" | "proxyHeader">>;
  readonly inspector?: Partial<Config["inspector"]>;
  readonly metrics?: Partial<Config["metrics"]>;
  /** Besides the server's own, and after them. */
  readonly extensions?: readonly Extension[];
  readonly parts?: Partial<ServerParts>;
  /** Default: silent. */
  readonly logger?: Logger;
}

/** A server that runs in this process, and what a test does with it beside talking to it as a client. */
export interface TestServer {
  readonly domain: string;
  /** Clients that begin in the clear (STARTTLS). */
  readonly port: number;
  /** Clients that begin with TLS. */
  readonly tlsPort: number;
  /** The HTTP listener; 0 without it. */
  readonly httpPort: number;
  /** The listener for components; 0 where there are none. */
  readonly componentPort: number;
  /** The one that is open, or was last. */
  readonly store: Store;
  /** The one that runs, or ran last: another one after each restart. */
  readonly server: RunningServer;
  /** `name` is a localpart or a bare JID. Returns the bare JID. */
  addUser(name: string, password: string): Promise<string>;
  sessions(): Promise<readonly SessionView[]>;
  /** A session that lives now, by the id that `sessions` tells or by its full JID: what it is, and a way to send to it and to close it. */
  session(idOrFullJid: string): DocumentedSession | undefined;
  /**
   * Stops the server and starts another one on the same log and the same ports, so that clients can come back and resume. With `kill`
   * it gets no chance to stop: its links are cut, and nothing more of it is written, as if its process had died. Resolves when the
   * other one takes connections; rejects if it cannot start, and with `parts.store`, which cannot be opened again (`parts.openStore` can).
   */
  restart(options?: { readonly kill?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** Rejects with a ConfigError that names each option that is unknown or refused. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const config = configOf(options);
  const { parts = {} } = options;
  const memory = parts.store ?? createMemoryStore(projections);
  let life = await begin(options, config, memory);
  const portOf = (name: string) => life.server.listeners.find((listener) => listener.name === name)?.port ?? 0;
  const [domain, port, tlsPort, httpPort, componentPort] = [config.hosts[0]?.domain ?? "localhost", portOf("c2s"), portOf("c2sTls"), portOf("http"), portOf("components")];
  const { c2s, c2sTls, http } = config.listen;
  const listen = { ...config.listen, c2s: { ...c2s, port }, c2sTls: { ...c2sTls, port: tlsPort }, http: { ...http, port: httpPort }, components: { ...config.listen.components, port: componentPort } };
  const samePorts = { ...config, listen };
  let turn = Promise.resolve();

  async function restart(kill: boolean): Promise<void> {
    if (parts.store !== undefined) throw new Error("parts.store: a store that was given cannot be opened again; give parts.openStore, or neither of them");
    await (kill ? life.kill() : life.stop("the test starts it again"));
    life = await begin(options, samePorts, memory);
  }

  return {
    domain,
    port,
    tlsPort,
    httpPort,
    componentPort,
    get store() {
      return life.store;
    },
    get server() {
      return life.server;
    },
    addUser: (name, password) => life.server.admin.userAdd(name.includes("@") ? name : `${name}@${domain}`, password),
    sessions: async () => life.server.admin.sessions(),
    session: (idOrFullJid) => life.server.session(idOrFullJid),
    restart({ kill = false } = {}) {
      const done = turn.then(() => restart(kill));
      turn = done.catch(() => undefined);
      return done;
    },
    stop: () => turn.then(() => life.stop("the test is over")),
  };
}

/** A server from its start to its end. */
interface Life {
  readonly server: RunningServer;
  readonly store: Store;
  stop(reason: string): Promise<void>;
  /** It is not told: what it has not written is lost, and its links are cut. Its store and its ports are free then. */
  kill(): Promise<void>;
}

async function begin({ extensions = [], logger = pino({ level: "silent" }), parts = {} }: TestServerOptions, config: Config, memory: Store): Promise<Life> {
  const { clock = liveClock, openStore } = parts;
  const own = mortalStore(memory, true);
  let current: MortalStore | undefined;
  const ownStore = openStore === undefined ? { store: parts.store ?? own.store } : {
    openStore: async (onFatal: (error: Error) => void) => {
      current = mortalStore(await openStore(onFatal), false);
      return current.store;
    },
  };
  const log = logger.child({}, { level: logger.level });
  const certificates = parts.certificates ?? await openCertificates({ hosts: config.hosts, clock, log });
  const admission = parts.admission ?? createAdmission({ ...admissionLimits(config), clock, log });
  const live = () => createNodeNet({
    certificates,
    admission,
    handshakeTimeoutMs: config.session.negotiationTimeoutMs,
    clock,
    log,
  });
  const { net, listenHttp, cut } = mortalNet(parts.net ?? live(), parts.listenHttp ?? listenLive);
  const closeCertificates = async () => (parts.certificates === undefined ? certificates.close() : undefined);
  const server = await start({ config, logger: log, extensions, parts: { ...parts, ...ownStore, certificates, admission, net, listenHttp } }).catch(async (error: unknown) => {
    await closeCertificates();
    throw error;
  });
  return {
    server,
    get store() {
      return parts.store ?? (current ?? own).store;
    },
    stop: (reason) => server.stop(reason).finally(closeCertificates),
    async kill() {
      // The dead say nothing.
      log.level = "silent";
      const mortal = current ?? own;
      mortal.freeze();
      await cut();
      await mortal.store.close();
      // What is left of it in memory goes when its timers have: nobody waits for that.
      server.stop().catch(() => {}).finally(closeCertificates);
    },
  };
}

/** Each once; the types keep it whole. */
const optionNames = Object.keys({
  domains: true,
  allowPlaintext: true,
  session: true,
  limits: true,
  archive: true,
  push: true,
  clientState: true,
  upload: true,
  rooms: true,
  registration: true,
  contact: true,
  externalServices: true,
  components: true,
  admins: true,
  http: true,
  httpTls: true,
  origins: true,
  proxy: true,
  inspector: true,
  metrics: true,
  extensions: true,
  parts: true,
  logger: true,
} satisfies Readonly<Record<keyof TestServerOptions, true>>);

/** Throws ConfigError with all problems. */
function configOf(options: TestServerOptions): Config {
  const { domains = ["localhost"], allowPlaintext = false, session = {}, limits = {}, archive = {}, push = {}, clientState = {}, upload = {}, rooms = {}, registration = {}, contact = {}, externalServices = [], components = [], admins = [], http = false, httpTls = false, origins = [], proxy = {}, inspector = {}, metrics = {} } = options;
  const values = {
    // What is no list is for the check to name.
    hosts: Array.isArray(domains) ? domains.map((domain: unknown) => ({ domain })) : domains,
    listen: { address: "127.0.0.1", c2s: { port: 0 }, c2sTls: { port: 0 }, http: { port: 0, enabled: http, tls: httpTls, origins, ...proxy }, components: { port: 0 }, allowPlaintext },
    durability: "none",
    session,
    limits: isTable(limits) ? { bytesPerSecond: 0, stanzasPerSecond: 0, ...limits } : limits,
    archive,
    push,
    clientState,
    upload,
    rooms,
    registration,
    contact,
    externalServices,
    components,
    admins,
    inspector,
    metrics,
  };
  const checked = checkConfig(values, (path) => (path.startsWith("hosts") ? "option domains" : undefined));
  const unknown = Object.keys(options).filter((name) => !optionNames.includes(name)).map(unknownOption);
  if (checked.ok && unknown.length === 0) return checked.config;
  throw new ConfigError([...unknown, ...(checked.ok ? [] : checked.problems)]);
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknownOption(name: string): ConfigProblem {
  const suggestion = nearest(name, optionNames);
  const question = suggestion === undefined ? "" : `did you mean ${suggestion}? `;
  return { path: name, message: "no such option of startServer", source: undefined, fix: `${question}there are ${optionNames.join(", ")}` };
}
