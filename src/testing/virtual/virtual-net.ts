/**
 * A network in memory: servers listen on it, clients connect to them, bytes take their time. Connections keep the contract of `ports.ts`
 * as those over sockets do. It does not count connections from one address, and no connection is ever given up for its silence.
 */
import type { Connection, ListenSpec, Listener, Log, Net, SecureLink } from "../../ports.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { VirtualConnection } from "./virtual-connection.ts";
import { VirtualLink, type VirtualLinkHandler } from "./virtual-link.ts";
import { VirtualPipe } from "./virtual-pipe.ts";
import type { VirtualTime } from "./virtual-time.ts";

export { VirtualLink, type VirtualLinkHandler } from "./virtual-link.ts";

export interface VirtualNetworkOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  /** Milliseconds that bytes are under way. */
  readonly delayMs: readonly [least: number, most: number];
  /** Each link has one of these: bytes that its systems hold, sent and not yet read. Default: 1024, 8192 or 65536. */
  readonly windowBytes?: readonly number[];
}

/** The server's side, of one life. */
export interface VirtualSide {
  readonly net: Net;
  /** As when a process dies: nothing of it is told anything any more, its ports are free, and clients see the end of their links. */
  cut(): void;
}

export interface VirtualSideOptions {
  /** Milliseconds that a TLS handshake may take. Default: 30 000. */
  readonly handshakeTimeoutMs?: number;
  /** Told of connections that could not be handed over. */
  readonly log?: Log;
}

export interface ConnectOptions {
  /** Default: 127.0.0.1. */
  readonly remoteAddress?: string;
  /** What the client names in SNI. */
  readonly serverName?: string;
  /** Whether it begins with TLS. Default: as the listener does. */
  readonly directTls?: boolean;
}

interface Door {
  readonly spec: ListenSpec;
  readonly side: Side;
  readonly accept: (connection: Connection) => void;
  /** Handshakes of direct TLS that are under way. */
  readonly handshakes: Set<VirtualConnection>;
}

interface Side {
  readonly connections: Set<VirtualConnection>;
  readonly handshakeTimeoutMs: number;
  readonly log: Log | undefined;
  isCut: boolean;
}

const windowBytesDefault = [1_024, 8_192, 65_536];

export class VirtualNetwork {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #delayMs: readonly [number, number];
  readonly #windows: readonly number[];
  readonly #serverEndPoint: Uint8Array;
  readonly #doors = new Map<number, Door>();
  #nextServerPort = 5_300;
  #nextClientPort = 40_000;

  constructor({ time, random, delayMs, windowBytes = windowBytesDefault }: VirtualNetworkOptions) {
    this.#time = time;
    this.#random = random;
    this.#delayMs = delayMs;
    this.#windows = windowBytes;
    this.#serverEndPoint = random.bytes(32);
  }

  /** Milliseconds after which what is sent now has arrived, unless something keeps it. */
  get delayMsMax(): number {
    return this.#delayMs[1];
  }

  /** A port that nobody was given before. */
  freePort(): number {
    do this.#nextServerPort += 1;
    while (this.#doors.has(this.#nextServerPort));
    return this.#nextServerPort;
  }

  side({ handshakeTimeoutMs = 30_000, log }: VirtualSideOptions = {}): VirtualSide {
    const side: Side = { connections: new Set(), handshakeTimeoutMs, log, isCut: false };
    return {
      net: { listen: (spec, accept) => this.#listen(side, spec, accept) },
      cut: () => {
        side.isCut = true;
        for (const [port, door] of this.#doors) if (door.side === side) this.#doors.delete(port);
        for (const connection of side.connections) connection.die();
        side.connections.clear();
      },
    };
  }

  /** A client connects to whoever listens now; undefined if nobody does: it is refused. */
  connect(port: number, handler: VirtualLinkHandler, options: ConnectOptions = {}): VirtualLink | undefined {
    const door = this.#doors.get(port);
    if (door === undefined) return undefined;
    const { remoteAddress = "127.0.0.1", serverName, directTls = door.spec.directTls } = options;
    const { side, spec } = door;
    const time = this.#time;
    const windowBytes = this.#random.pick(this.#windows);
    const exporter = this.#random.bytes(32);
    const remotePort = (this.#nextClientPort += 1);
    const secure: SecureLink = { protocol: "TLSv1.3", serverName, tlsExporter: exporter, tlsServerEndPoint: this.#serverEndPoint };

    const link = new VirtualLink({ time, handler, remotePort, exporter, windowBytes });
    const connection = new VirtualConnection({
      time,
      remoteAddress,
      remotePort,
      localAddress: spec.address,
      handshakeTimeoutMs: side.handshakeTimeoutMs,
      secure: () => secure,
      over: () => {
        side.connections.delete(connection);
        door.handshakes.delete(connection);
      },
    });
    const piping = { time, random: this.#random, delayMs: this.#delayMs, windowBytes };
    const [up, down] = [new VirtualPipe(piping, link, connection), new VirtualPipe(piping, connection, link)];
    link.join(up, down);
    connection.join(down, up);
    side.connections.add(connection);

    const [least, most] = this.#delayMs;
    const at = time.now() + this.#random.whole(least, most);
    up.notBefore(at);
    time.at(at, () => this.#arrive(door, connection));
    if (directTls) link.startTls();
    return link;
  }

  /** A connection is there. What became of it meanwhile is found out by whoever has it. */
  #arrive(door: Door, connection: VirtualConnection): void {
    const { side, spec, handshakes } = door;
    if (side.isCut) return;
    if (this.#doors.get(spec.port) !== door) return connection.destroy();
    if (!spec.directTls) return hand(door, connection);
    handshakes.add(connection);
    connection.beginHandshake().then(
      () => {
        if (handshakes.delete(connection)) hand(door, connection);
      },
      (error: unknown) => {
        const { remoteAddress } = connection;
        side.log?.debug({ event: "handshake.failed", address: remoteAddress }, `TLS with ${remoteAddress} failed: ${explained(error)}`);
      },
    );
  }

  async #listen(side: Side, spec: ListenSpec, accept: (connection: Connection) => void): Promise<Listener> {
    const { address } = spec;
    const port = spec.port === 0 ? this.freePort() : spec.port;
    if (this.#doors.has(port)) {
      const message = `listen EADDRINUSE: address already in use ${address}:${port}`;
      throw Object.assign(new Error(message), { code: "EADDRINUSE", errno: -98, syscall: "listen", address, port });
    }
    const door: Door = { spec: { ...spec, port }, side, accept, handshakes: new Set() };
    if (!side.isCut) this.#doors.set(port, door);
    return {
      address,
      port,
      close: async () => {
        if (this.#doors.get(port) === door) this.#doors.delete(port);
        for (const connection of door.handshakes) connection.destroy();
        door.handshakes.clear();
      },
    };
  }
}

function hand({ accept, side }: Door, connection: VirtualConnection): void {
  try {
    accept(connection);
  } catch (error) {
    connection.destroy();
    side.log?.error({ event: "connection.failed", err: error }, `connection from ${connection.remoteAddress}: ${explained(error)}`);
  }
}

function explained(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
