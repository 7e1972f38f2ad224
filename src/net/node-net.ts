/** The Net of this machine: TCP listeners, with TLS from the first byte or later. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Connection, Listener, ListenSpec, Log, Net } from "../ports.ts";
import { addressKey, isLoopback } from "./addresses.ts";
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
  const admit = admission(options);
  return {
    listen: (spec, accept) => listen(spec, options.clock, (socket) => admit(socket, spec.directTls, accept)),
  };
}

/** Half a minute of a login storm must find room here; the system may allow less. */
const backlog = 4096;
/** Tells a dead peer from a silent one, and is too rare to keep a phone awake. */
const keepAliveInitialDelayMs = 300_000;

async function listen(spec: ListenSpec, clock: NodeNetOptions["clock"], admit: (socket: Socket) => void): Promise<Listener> {
  const server = createServer(
    { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveInitialDelayMs },
    admit,
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: spec.address, port: spec.port, backlog }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { address, port } = server.address() as AddressInfo;
  return { address, port, close: () => closeServer(server, clock) };
}

/** Node's own callback would wait for the last connection; the port itself is free at once. */
function closeServer(server: Server, clock: NodeNetOptions["clock"]): Promise<void> {
  if (server.listening) server.close();
  return new Promise((resolve) => clock.soon(resolve));
}

type Admit = (socket: Socket, directTls: boolean, accept: (connection: Connection) => void) => void;

function admission(options: NodeNetOptions): Admit {
  const { log, loopbackExempt = true, perAddressMax } = options;
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

  function hand(connection: SocketConnection, accept: (connection: Connection) => void): void {
    try {
      accept(connection);
    } catch (error) {
      connection.destroy();
      log.error({ event: "connection.failed", error }, `connection from ${connection.remoteAddress}: ${explained(error)}`);
    }
  }

  return (socket, directTls, accept) => {
    const address = socket.remoteAddress;
    // No address: the peer is gone again.
    if (address === undefined || (!(loopbackExempt && isLoopback(address)) && !count(socket, address))) {
      socket.destroy();
      return;
    }
    const connection = new SocketConnection(socket, options);
    if (!directTls) {
      hand(connection, accept);
      return;
    }
    connection.secureFromStart().then(
      () => hand(connection, accept),
      (error: unknown) => log.debug({ event: "handshake.failed", address }, `TLS with ${address} failed: ${explained(error)}`),
    );
  };
}

function explained(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
