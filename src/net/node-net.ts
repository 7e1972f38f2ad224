/** The Net of this machine: TCP listeners, with TLS from the first byte or later. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { isLoopback } from "../domain/addresses.ts";
import { listenBacklogMax } from "../domain/limits.ts";
import type { Connection, Listener, ListenSpec, Log, Net } from "../ports.ts";
import { addressKey } from "./addresses.ts";
import { SocketConnection } from "./connection.ts";
import type { TlsOptions } from "./tls.ts";

export interface NodeNetOptions extends TlsOptions {
  /** Open connections from one IPv4 address or one IPv6 network of 64 bits. */
  readonly perAddressMax: number;
  /** Connections from this machine are not counted. Default true. */
  readonly loopbackExempt?: boolean;
  readonly log: Log;
}

export function createNodeNet(options: NodeNetOptions): Net {
  const isAdmitted = admission(options);
  return {
    listen: (spec, accept) => listen(spec, options, isAdmitted, accept),
  };
}

/** Tells a dead peer from a silent one, and is too rare to keep a phone awake. */
const keepAliveInitialDelayMs = 300_000;

type Accept = (connection: Connection) => void;

async function listen(spec: ListenSpec, options: NodeNetOptions, isAdmitted: IsAdmitted, accept: Accept): Promise<Listener> {
  const { clock, log } = options;
  /** Those of direct TLS that are under way: nobody but the listener knows them yet. */
  const handshakes = new Set<SocketConnection>();

  function hand(connection: SocketConnection): void {
    try {
      accept(connection);
    } catch (error) {
      connection.destroy();
      log.error({ event: "connection.failed", err: error }, `connection from ${connection.remoteAddress}: ${explained(error)}`);
    }
  }

  const server = createServer(
    { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveInitialDelayMs },
    (socket) => {
      if (!isAdmitted(socket)) {
        socket.destroy();
        return;
      }
      const connection = new SocketConnection(socket, options);
      if (!spec.directTls) {
        hand(connection);
        return;
      }
      handshakes.add(connection);
      connection.secureFromStart().then(
        () => {
          if (handshakes.delete(connection)) hand(connection);
        },
        (error: unknown) => {
          handshakes.delete(connection);
          const { remoteAddress } = connection;
          log.debug({ event: "handshake.failed", address: remoteAddress }, `TLS with ${remoteAddress} failed: ${explained(error)}`);
        },
      );
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: spec.address, port: spec.port, backlog: listenBacklogMax }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { address, port } = server.address() as AddressInfo;
  server.on("error", (error) => {
    const text = `listener ${address}:${port}: ${error.message}; a connection is lost, others are taken: see to the limits of files and memory`;
    log.error({ event: "listener.failed", err: error, address, port }, text);
  });
  return {
    address,
    port,
    close() {
      for (const connection of handshakes) connection.destroy();
      handshakes.clear();
      return closeServer(server, clock);
    },
  };
}

/** Node's own callback would wait for the last connection; the port itself is free at once. */
function closeServer(server: Server, clock: NodeNetOptions["clock"]): Promise<void> {
  if (server.listening) server.close();
  return new Promise((resolve) => clock.soon(resolve));
}

type IsAdmitted = (socket: Socket) => boolean;

function admission({ log, loopbackExempt = true, perAddressMax }: NodeNetOptions): IsAdmitted {
  const open = new Map<string, { count: number; told: boolean }>();

  /** False if there are too many from there; told once until the last of them is gone. */
  function count(socket: Socket, address: string): boolean {
    const key = addressKey(address);
    const from = open.get(key) ?? { count: 0, told: false };
    if (from.count >= perAddressMax) {
      const text = `connections from ${key}: ${perAddressMax} are open, more are refused; raise the limit per address if they are welcome`;
      if (!from.told) log.warn({ event: "connections.refused", address: key }, text);
      from.told = true;
      return false;
    }
    from.count += 1;
    open.set(key, from);
    socket.on("close", () => {
      from.count -= 1;
      if (from.count === 0) open.delete(key);
    });
    return true;
  }

  return (socket) => {
    const address = socket.remoteAddress;
    // No address: the peer is gone again.
    if (address === undefined) return false;
    return (loopbackExempt && isLoopback(address)) || count(socket, address);
  };
}

function explained(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
