/** A network that one client alone has: whatever goes through it, byte by byte, until it is pulled out. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Cable {
  readonly port: number;
  /** Both ends lose what was open, and nobody gets through any more. */
  pull(): void;
  plug(): void;
  remove(): Promise<void>;
}

export async function layCable(port: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  let isPlugged = true;
  const server = createServer((near) => {
    if (!isPlugged) return void near.resetAndDestroy();
    const far = connect({ port, host: "127.0.0.1" });
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const pull = (): void => {
    isPlugged = false;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    pull,
    plug() {
      isPlugged = true;
    },
    async remove() {
      pull();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
