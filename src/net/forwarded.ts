/**
 * Who asks, where proxies stand between: those that are trusted are believed (RFC 7239 section 8.1), and what everybody else writes into the
 * same headers is nothing.
 */
import { addressNumber, isWithin, type Network } from "../domain/networks.ts";
import { isLoopback } from "../domain/addresses.ts";
import { proxyHopsMax } from "../domain/limits.ts";
import type { SecureLink } from "../ports.ts";

export interface ProxyPolicy {
  readonly trusted: readonly Network[];
  /** What they write. A proxy passes on the other one as its client wrote it, so that it cannot be believed, too. */
  readonly header: "x-forwarded-for" | "forwarded";
}

export interface Asker {
  readonly remoteAddress: string;
  /** On this machine, and surely so: no proxy stands between, neither one that says so nor one that is trusted to. */
  readonly loopback: boolean;
  /** The same as far as can be seen. Whoever comes by a trusted proxy on this machine that names nobody looks like this, too. */
  readonly seemsLoopback: boolean;
  /** The whole way, as far as it is known: by TLS to here, or to the proxy that says so. */
  readonly secure: boolean;
  readonly tls: SecureLink | null;
  /** A proxy asks for it. */
  readonly forwarded: boolean;
  /** It comes from where trusted proxies are, and nobody is named: the address is theirs. */
  readonly unnamed: boolean;
}

export interface Peer {
  readonly address: string;
  readonly tls: SecureLink | null;
}

/** By its name in lower case. */
export type Headers = (name: string) => string | undefined;

export function isTrusted({ trusted }: ProxyPolicy, address: string): boolean {
  const [plain = ""] = address.split("%");
  return trusted.some((network) => isWithin(plain, network));
}

/** undefined: it is a trusted proxy, and what it says cannot be understood. */
export function askerOf({ address, tls }: Peer, headers: Headers, policy: ProxyPolicy): Asker | undefined {
  const told = headers(policy.header);
  const trusted = isTrusted(policy, address);
  if (told === undefined || !trusted) {
    const passedOn = headers("x-forwarded-for") !== undefined || headers("forwarded") !== undefined;
    const seemsLoopback = isLoopback(address) && !passedOn;
    return { remoteAddress: address, loopback: seemsLoopback && !trusted, seemsLoopback, secure: tls !== null, tls, forwarded: false, unnamed: trusted };
  }
  const hops = policy.header === "forwarded" ? hopsOf(told) : plainHopsOf(told, headers("x-forwarded-proto"));
  const hop = hops && lastUntrusted(hops, policy);
  if (hop === undefined) return undefined;
  const secure = hop.proto === "https" || hop.proto === "wss";
  return { remoteAddress: hop.address, loopback: false, seemsLoopback: false, secure, tls: secure ? byProxy : null, forwarded: true, unnamed: false };
}

/** The client's TLS ends at the proxy: there is nothing here that a login could be bound to. */
const byProxy: SecureLink = { protocol: "proxy", serverName: undefined, tlsExporter: undefined, tlsServerEndPoint: undefined };

interface Hop {
  /** undefined where it is not told. */
  readonly address: string | undefined;
  readonly proto: string | undefined;
}

/** From the right: whatever stands left of the first whom nobody trusts may be made up by them. */
function lastUntrusted(hops: readonly Hop[], policy: ProxyPolicy): (Hop & { readonly address: string }) | undefined {
  for (let index = hops.length - 1; index >= Math.max(0, hops.length - proxyHopsMax); index -= 1) {
    const { address, proto } = hops[index]!;
    if (address === undefined) return undefined;
    if (index === 0 || !isTrusted(policy, address)) return { address, proto };
  }
  return undefined;
}

function plainHopsOf(told: string, protos: string | undefined): readonly Hop[] {
  const addresses = told.split(",");
  const names = protos?.split(",").map((proto) => proto.trim().toLowerCase()) ?? [];
  // A proxy that adds to the one list may replace the other.
  const protoAt = (index: number) => names[Math.max(0, names.length - addresses.length + index)];
  return addresses.map((text, index) => ({ address: nodeAddress(text.trim()), proto: protoAt(index) }));
}

/** RFC 7239 section 4. undefined: it is malformed. */
function hopsOf(text: string): readonly Hop[] | undefined {
  const hops: Hop[] = [];
  let pairs = new Map<string, string>();
  pair.lastIndex = 0;
  for (;;) {
    const found = pair.exec(text);
    if (found === null) return undefined;
    const [, name, token, quoted, end] = found;
    const key = name?.toLowerCase();
    if (key !== undefined) {
      if (pairs.has(key)) return undefined;
      pairs.set(key, token ?? quoted!.replaceAll(/\\(.)/g, "$1"));
    }
    if (end === ";") continue;
    if (pairs.size > 0) hops.push({ address: nodeAddress(pairs.get("for") ?? ""), proto: pairs.get("proto")?.toLowerCase() });
    pairs = new Map();
    if (end === "") return hops;
  }
}

/** One `name=value`, or nothing, with the separator behind it: whatever does not fit makes all of it malformed, quotes that are left open, too. */
const pair = /[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*(;|,|$)/y;

/** RFC 7239 section 6: an address, with a port or without. undefined: `unknown`, or a name that only the proxy knows. */
function nodeAddress(node: string): string | undefined {
  const [, six, four] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(node) ?? [];
  const address = six ?? four ?? node;
  return addressNumber(address) === undefined ? undefined : address;
}
