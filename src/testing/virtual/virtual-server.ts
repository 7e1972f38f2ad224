/**
 * A whole server in virtual time, on a virtual network and a virtual disk: it can be stopped, killed and started again. Whoever awaits what
 * it does must let time pass meanwhile.
 *
 * Its TLS is that of the virtual network, which shows no certificate. Passwords that come in clear (PLAIN, `admin.userAdd`) are computed
 * with on threads of the machine, which know nothing of virtual time: what is to be the same each time logs in by SCRAM, into accounts of
 * `makeAccounts`.
 */
import { pino, type Logger } from "pino";
import { checkConfig } from "../../config/check.ts";
import { ConfigError } from "../../config/errors.ts";
import type { Config } from "../../config/schema.ts";
import type { Certificates } from "../../net/certificates.ts";
import type { Extension } from "../../router/extension.ts";
import { startServer, type RunningServer } from "../../server.ts";
import type { TestServerOptions } from "../start-server.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { VirtualDisk } from "./virtual-disk.ts";
import type { VirtualNetwork, VirtualSide } from "./virtual-net.ts";
import type { Lifetime, VirtualTime } from "./virtual-time.ts";

export interface VirtualServerOptions {
  readonly time: VirtualTime;
  readonly network: VirtualNetwork;
  readonly disk: VirtualDisk;
  /** Of the server's own ids, nonces and salts. */
  readonly random: SeededRandom;
  /** As of `startServer`, but clients may log in without TLS unless it is said otherwise. */
  readonly config?: Pick<TestServerOptions, "domains" | "allowPlaintext" | "session" | "limits">;
  readonly extensions?: readonly Extension[];
  /** Told of what it logs while it lives. */
  readonly onLog?: (level: string, fields: object, message: string) => void;
}

/** From a start to the end, whatever that is. */
interface Life {
  readonly lifetime: Lifetime;
  readonly side: VirtualSide;
  readonly abort: (error: Error) => void;
  isOver: boolean;
  server?: RunningServer;
}

export class VirtualServer {
  /** Clients that begin in the clear. The same in each life. */
  readonly port: number;
  /** Clients that begin with TLS. */
  readonly tlsPort: number;
  readonly disk: VirtualDisk;
  readonly time: VirtualTime;
  readonly #options: VirtualServerOptions;
  readonly #config: Config;
  #life: Life | undefined;

  /** Throws ConfigError. */
  constructor(options: VirtualServerOptions) {
    const { network, disk, time } = options;
    this.#options = options;
    this.disk = disk;
    this.time = time;
    this.port = network.freePort();
    this.tlsPort = network.freePort();
    this.#config = configOf(options.config ?? {}, this.port, this.tlsPort);
  }

  /** The first served domain. */
  get domain(): string {
    return this.#config.hosts[0]?.domain ?? "localhost";
  }

  /** It was started, and nobody has stopped or killed it since. While it opens a disk that failed, clients are told to come back. */
  get isUp(): boolean {
    return this.#life?.server !== undefined && !this.#life.isOver;
  }

  /** Throws if it is not up. */
  get server(): RunningServer {
    const { server } = this.#life ?? {};
    if (server === undefined || !this.isUp) throw new Error("VirtualServer.server: it is not up; start it, and let time pass until it is");
    return server;
  }

  /** Resolves when it takes connections. Rejects as `startServer` does, and if it is killed meanwhile. */
  async start(): Promise<void> {
    if (this.#life !== undefined) throw new Error("VirtualServer.start: it lives; stop or kill it first");
    const { time, network, disk, random, extensions = [] } = this.#options;
    const config = this.#config;
    let abort!: (error: Error) => void;
    const aborted = new Promise<never>((_, reject) => (abort = reject));
    aborted.catch(() => undefined);
    const lifetime = time.lifetime();
    const logger = this.#logger(() => life);
    const side = network.side({ handshakeTimeoutMs: config.session.negotiationTimeoutMs, log: logger });
    const life: Life = { lifetime, side, abort, isOver: false };
    this.#life = life;
    const parts = { clock: lifetime.clock, random, ids: random, net: side.net, certificates, openStore: disk.open.bind(disk) };
    try {
      life.server = await Promise.race([startServer({ config, logger, extensions, parts }), aborted]);
    } catch (error) {
      this.#bury(life);
      throw error;
    }
  }

  /** In order: sessions get time to end. Rejects, and is down all the same, if the last commit failed. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life?.server === undefined || life.isOver) throw new Error("VirtualServer.stop: it is not up");
    life.isOver = true;
    try {
      await life.server.stop("the simulation stops it");
    } finally {
      this.#bury(life);
      // The end of a process frees what it could not close.
      this.#options.disk.crash();
    }
  }

  /** Its process dies, whatever it is doing. Nothing happens if it does not live. */
  kill(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#bury(life);
    this.#options.disk.crash();
    life.abort(new Error("the server was killed"));
  }

  #bury(life: Life): void {
    if (this.#life !== life) return;
    this.#life = undefined;
    life.isOver = true;
    life.lifetime.end();
    life.side.cut();
  }

  #logger(lifeOf: () => Life): Logger {
    const { onLog } = this.#options;
    if (onLog === undefined) return pino({ level: "silent" });
    return pino(
      {
        level: "debug",
        hooks: {
          // Nothing goes on to pino's own writing.
          logMethod: ([fields, message], _, level) => {
            if (this.#life === lifeOf()) onLog(pino.levels.labels[level] ?? String(level), fields as object, message ?? "");
          },
        },
      },
      { write: () => undefined },
    );
  }
}

/** There is no TLS here that could show one. */
const certificates: Certificates = {
  certificateFor() {
    throw new Error("a virtual server has no certificates: its network speaks no real TLS");
  },
  reload: async () => [],
  close() {
    // Nothing is open.
  },
};

function configOf({ domains = ["localhost"], allowPlaintext = true, session = {}, limits = {} }: NonNullable<VirtualServerOptions["config"]>, port: number, tlsPort: number): Config {
  const values = {
    hosts: domains.map((domain) => ({ domain })),
    listen: { address: "127.0.0.1", c2s: { port }, c2sTls: { port: tlsPort }, http: { port: 0, enabled: false }, allowPlaintext },
    durability: "none",
    session,
    limits,
    inspector: {},
  };
  const checked = checkConfig(values, () => undefined);
  if (!checked.ok) throw new ConfigError(checked.problems);
  return checked.config;
}
