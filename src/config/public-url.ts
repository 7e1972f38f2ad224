/** Where the HTTP listener is reached from outside: what users, clients and other servers are told. */
import { domainToASCII } from "node:url";
import { staysHere } from "./check.ts";
import type { Config } from "./schema.ts";

/** The listener as it is open; where it is not, as it will be. */
export interface ListenerPlace {
  readonly address: string;
  readonly port: number;
}

/** Whether who can connect at all reaches the HTTP listener, and by TLS; what stays on this machine needs none. */
export function isReachable({ listen: { http, address } }: Pick<Config, "listen">): boolean {
  if (!http.enabled) return false;
  if (http.publicUrl !== undefined) return true;
  const isLocal = staysHere(http.address) && staysHere(address);
  return isLocal || (http.tls && !staysHere(http.address));
}

/**
 * Begins each address over HTTP of that host, without a slash at its end: `https://xmpp.example.org`. `http://` only where everything stays on this
 * machine. undefined where it is not reached, or its port is not known before it is open.
 */
export function publicUrl(config: Pick<Config, "listen">, host: string, place: ListenerPlace = config.listen.http): string | undefined {
  const { http } = config.listen;
  if (!isReachable(config)) return undefined;
  if (http.publicUrl !== undefined) return http.publicUrl;
  const { address, port } = place;
  if (port === 0) return undefined;
  // A certificate has the host's name.
  if (http.tls) return `https://${domainToASCII(host)}${port === 443 ? "" : `:${port}`}`;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
