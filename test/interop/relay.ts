/** Somebody between: takes a client's TLS with a certificate of its own choice and speaks TLS to the server itself. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { connect, TLSSocket, type SecureContext } from "node:tls";

export interface RelayOptions {
  /** The server's port for TLS from the first byte. */
  readonly tlsPort: number;
  /** What the relay shows to clients: a certificate of its own, or the server's, stolen with its key. */
  readonly shows: SecureContext;
  /** Changes what the server says; it is called with what came in one read. */
  readonly rewrite?: (text: string) => string;
}

export interface Relay {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startRelay({ tlsPort, shows, rewrite = (text) => text }: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer((plain) => {
    const client = new TLSSocket(plain, { isServer: true, secureContext: shows });
    const onward = connect({ port: tlsPort, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false });
    client.on("data", (bytes) => onward.write(bytes));
    onward.on("data", (bytes) => client.write(rewrite(bytes.toString())));
    for (const [socket, other] of [[client, onward], [onward, client]] as const) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
