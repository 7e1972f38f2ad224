/** Who may connect: so many in all, and so many from one address, at the same time and in a minute, whatever they come for. */
import type { Socket } from "node:net";
import { isLoopback } from "../domain/addresses.ts";
import { admissionAddressesMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock, Log } from "../ports.ts";
import { addressKey } from "./addresses.ts";

export interface AdmissionOptions {
  /** Open connections from one IPv4 address or one IPv6 network of 64 bits. */
  readonly perAddressMax: number;
  /** New ones from there in a minute. Without it as many as come. */
  readonly perMinuteMax?: number;
  /** All that are open, loopback included. Without it as many as come. */
  readonly connectionsMax?: number;
  /** Connections from this machine are not counted by their address. Default true. */
  readonly loopbackExempt?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly refused?: CountRefusal;
}

export interface Admission {
  /** Asked once for each socket; false: it is to be destroyed. What a proxy brings is counted by whom it is for: `enter`. */
  admits(socket: Socket, isProxy?: boolean): boolean;
  /** Somebody for whom a proxy asks, until what is returned is called; `anew`: it counts as a new connection, too. undefined: they are too many. */
  enter(address: string, anew: boolean): (() => void) | undefined;
}

interface From {
  /** Open now. */
  count: number;
  /** When the log was told last that some are refused. */
  toldAt: number;
  /** New ones that may still come, as they were at that time; below 0 for who goes on while it is refused. */
  left: number;
  at: number;
}

/** The log has a line of each of it in so many ms: it may go on for long. */
const toldEachMs = 60_000;

export function createAdmission(options: AdmissionOptions): Admission {
  const { clock, connectionsMax = Number.POSITIVE_INFINITY, log, loopbackExempt = true, perAddressMax, perMinuteMax = Number.POSITIVE_INFINITY, refused } = options;
  /** In the order in which they came last. */
  const known = new Map<string, From>();
  let open = 0;
  let fullToldAt = Number.NEGATIVE_INFINITY;

  function fromThere(key: string): From {
    const from = known.get(key) ?? { count: 0, toldAt: Number.NEGATIVE_INFINITY, left: perMinuteMax, at: clock.now() };
    known.delete(key);
    known.set(key, from);
    // Nobody who is there is forgotten, and they are bounded by what may be open.
    if (known.size > admissionAddressesMax) for (const [other, { count }] of known) if (count === 0 && known.delete(other)) break;
    return from;
  }

  /** Whoever comes again while it is refused waits for longer, up to a minute more. */
  function isTooFast(from: From): boolean {
    if (perMinuteMax === Number.POSITIVE_INFINITY) return false;
    const now = clock.now();
    from.left = Math.max(-perMinuteMax, Math.min(perMinuteMax, from.left + ((now - from.at) * perMinuteMax) / 60_000) - 1);
    from.at = now;
    return from.left < 0;
  }

  function refuse(from: From, key: string, limit: "limits.connectionsPerAddress" | "limits.connectionsPerMinute", why: string): undefined {
    refused?.(limit);
    if (clock.now() - from.toldAt < toldEachMs) return;
    from.toldAt = clock.now();
    log.warn({ event: "connections.refused", address: key, limit }, `connections from ${key}: ${why}, more are refused; raise ${limit} if they are welcome`);
  }

  function enter(address: string, anew: boolean): (() => void) | undefined {
    const key = addressKey(address);
    const from = fromThere(key);
    if (from.count >= perAddressMax) return refuse(from, key, "limits.connectionsPerAddress", `${perAddressMax} are open`);
    if (anew && isTooFast(from)) return refuse(from, key, "limits.connectionsPerMinute", `there were ${perMinuteMax} within a minute`);
    from.count += 1;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      from.count -= 1;
      if (from.count === 0 && perMinuteMax === Number.POSITIVE_INFINITY) known.delete(key);
    };
  }

  function isFull(): boolean {
    if (open < connectionsMax) return false;
    refused?.("limits.connections");
    if (clock.now() - fullToldAt < toldEachMs) return true;
    fullToldAt = clock.now();
    log.warn({ event: "connections.full", connectionsMax }, `${connectionsMax} connections are open, more are refused until one is closed; raise limits.connections if there is memory for them`);
    return true;
  }

  return {
    enter,
    admits(socket, isProxy = false) {
      const address = socket.remoteAddress;
      // No address: the peer is gone again.
      if (address === undefined || isFull()) return false;
      const isExempt = isProxy || (loopbackExempt && isLoopback(address));
      const leave = isExempt ? () => {} : enter(address, true);
      if (leave === undefined) return false;
      open += 1;
      socket.once("close", () => {
        open -= 1;
        leave();
      });
      return true;
    },
  };
}
