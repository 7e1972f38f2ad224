/** A whole server in this process, on free ports, with everything in memory: several can run at once. */
import { pino, type Logger } from "pino";
import { checkConfig } from "../config/check.ts";
import { ConfigError, type ConfigProblem } from "../config/errors.ts";
import { nearest } from "../config/nearest.ts";
import type { Config } from "../config/schema.ts";
import type { SessionView } from "../domain/session-view.ts";
import { createMemoryStore } from "../log/memory-store.ts";
import { projections } from "../log/projections/index.ts";
import type { Store } from "../ports.ts";
import type { Extension } from "../router/extension.ts";
import { startServer as start, type RunningServer, type ServerParts } from "../server.ts";
import type { DocumentedSession } from "../session/view.ts";

export interface TestServerOptions {
  /** Served domains; the first is the default of `addUser`. Default: `localhost`. */
  readonly domains?: readonly string[];
  /** Lets clients log in without TLS. Default: false. */
  readonly allowPlaintext?: boolean;
  readonly session?: Partial<Config["session"]>;
  readonly limits?: Partial<Config["limits"]>;
  /** Besides the server's own, and after them. */
  readonly extensions?: readonly Extension[];
  readonly parts?: Partial<ServerParts>;
  /** Default: silent. */
  readonly logger?: Logger;
}

export interface TestServer {
  readonly domain: string;
  /** Clients that begin in the clear (STARTTLS). */
  readonly port: number;
  /** Clients that begin with TLS. */
  readonly tlsPort: number;
  /** The one that is open, or was last. */
  readonly store: Store;
  readonly server: RunningServer;
  /** `name` is a localpart or a bare JID. Returns the bare JID. */
  addUser(name: string, password: string): Promise<string>;
  sessions(): Promise<readonly SessionView[]>;
  /** A session that lives now, by the id that `sessions` tells or by its full JID: what it is, and a way to send to it and to close it. */
  session(idOrFullJid: string): DocumentedSession | undefined;
  stop(): Promise<void>;
}

/** Rejects with a ConfigError that names each option that is unknown or refused. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const config = configOf(options);
  const { extensions = [], logger = pino({ level: "silent" }), parts = {} } = options;
  let store = parts.store ?? createMemoryStore(projections);
  const { openStore } = parts;
  const ownStore = openStore === undefined ? { store } : { openStore: async (onFatal: (error: Error) => void) => (store = await openStore(onFatal)) };
  const server = await start({ config, logger, extensions, parts: { ...parts, ...ownStore } });
  const portOf = (name: string) => server.listeners.find((listener) => listener.name === name)?.port ?? 0;
  const domain = config.hosts[0]?.domain ?? "localhost";
  return {
    domain,
    port: portOf("c2s"),
    tlsPort: portOf("c2sTls"),
    get store() {
      return store;
    },
    server,
    addUser: (name, password) => server.admin.userAdd(name.includes("@") ? name : `${name}@${domain}`, password),
    sessions: async () => server.admin.sessions(),
    session: (idOrFullJid) => server.session(idOrFullJid),
    stop: () => server.stop("the test is over"),
  };
}

/** Each once; the types keep it whole. */
const optionNames = Object.keys({
  domains: true,
  allowPlaintext: true,
  session: true,
  limits: true,
  extensions: true,
  parts: true,
  logger: true,
} satisfies Readonly<Record<keyof TestServerOptions, true>>);

/** Throws ConfigError with all problems. */
function configOf(options: TestServerOptions): Config {
  const { domains = ["localhost"], allowPlaintext = false, session = {}, limits = {} } = options;
  const values = {
    // What is no list is for the check to name.
    hosts: Array.isArray(domains) ? domains.map((domain: unknown) => ({ domain })) : domains,
    listen: { address: "127.0.0.1", c2s: { port: 0 }, c2sTls: { port: 0 }, http: { port: 0 }, allowPlaintext },
    durability: "none",
    session,
    limits,
  };
  const checked = checkConfig(values, (path) => (path.startsWith("hosts") ? "option domains" : undefined));
  const unknown = Object.keys(options).filter((name) => !optionNames.includes(name)).map(unknownOption);
  if (checked.ok && unknown.length === 0) return checked.config;
  throw new ConfigError([...unknown, ...(checked.ok ? [] : checked.problems)]);
}

function unknownOption(name: string): ConfigProblem {
  const suggestion = nearest(name, optionNames);
  const question = suggestion === undefined ? "" : `did you mean ${suggestion}? `;
  return { path: name, message: "no such option of startServer", source: undefined, fix: `${question}there are ${optionNames.join(", ")}` };
}
