/** The Net of this machine: TCP listeners, with TLS from the first byte or later. */
import { createServer, type AddressInfo, type Server } from "node:net";
import { listenBacklogMax } from "../domain/limits.ts";
import type { Connection, Listener, ListenSpec, Log, Net } from "../ports.ts";
import type { Admission } from "./admission.ts";
import { SocketConnection } from "./connection.ts";
import type { TlsOptions } from "./tls.ts";

export interface NodeNetOptions extends TlsOptions {
  readonly admission: Admission;
  readonly log: Log;
}

export function createNodeNet(options: NodeNetOptions): Net {
  return {
    listen: (spec, accept) => listen(spec, options, accept),
  };
}

/** Tells a dead peer from a silent one, and is too rare to keep a phone awake. */
const keepAliveInitialDelayMs = 300_000;

type Accept = (connection: Connection) => void;

async function listen(spec: ListenSpec, options: NodeNetOptions, accept: Accept): Promise<Listener> {
  const { admission, clock, log } = options;
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
      if (!admission.admits(socket)) {
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

function explained(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
