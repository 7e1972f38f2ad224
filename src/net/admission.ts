/** Who may connect: so many from one address, whatever they come for. */
import type { Socket } from "node:net";
import { isLoopback } from "../domain/addresses.ts";
import type { Log } from "../ports.ts";
import { addressKey } from "./addresses.ts";

export interface AdmissionOptions {
  /** Open connections from one IPv4 address or one IPv6 network of 64 bits. */
  readonly perAddressMax: number;
  /** Connections from this machine are not counted. Default true. */
  readonly loopbackExempt?: boolean;
  readonly log: Log;
}

/** Asked once for each socket; false: it is to be destroyed. */
export type IsAdmitted = (socket: Socket) => boolean;

export function admission({ log, loopbackExempt = true, perAddressMax }: AdmissionOptions): IsAdmitted {
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
