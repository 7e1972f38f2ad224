/** Channel bindings of a TLS connection (RFC 5929, RFC 9266), and what is said of them (XEP-0440). */
import type { SecureLink } from "../ports.ts";

/** Types that a -PLUS mechanism takes on this connection, the strongest first (XEP-0440 section 2). */
export function offeredChannelBindings(secure: SecureLink | null): readonly string[] {
  return [...sources.keys()].filter((type) => channelBindingData(secure, type) !== undefined);
}

/** undefined if this connection has no such binding, or the type is unknown. Never empty (RFC 5802 section 7). */
export function channelBindingData(secure: SecureLink | null, type: string): Uint8Array | undefined {
  const data = secure === null ? undefined : sources.get(type)?.(secure);
  return data === undefined || data.length === 0 ? undefined : data;
}

// tls-unique is not here: TLS 1.3 has none (RFC 9266 section 3), and below it nothing shows us that it would be unique
// (RFC 7627 section 6.1).
const sources: ReadonlyMap<string, (secure: SecureLink) => Uint8Array | undefined> = new Map([
  // RFC 9266 section 4.2: below TLS 1.3 the master secrets would have to be shown unique first.
  ["tls-exporter", (secure: SecureLink) => (secure.protocol === "TLSv1.3" ? secure.tlsExporter : undefined)],
  ["tls-server-end-point", (secure: SecureLink) => secure.tlsServerEndPoint],
]);
