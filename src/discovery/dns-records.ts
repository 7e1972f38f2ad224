/** The records of a host that an operator puts into the DNS, so that clients find it (RFC 6120 section 3.2.1, XEP-0368). */
import { domainToASCII } from "node:url";
import { staysHere } from "../config/check.ts";
import type { Config } from "../config/schema.ts";
import { alternativesOf, type Alternative } from "./alternatives.ts";

export interface DnsRecord {
  /** Absolute, with the dot at its end. */
  readonly name: string;
  readonly type: "SRV" | "TLSA";
  readonly value: string;
  /** What a person is told of it. */
  readonly note: string;
  /** Nobody from elsewhere could use it yet: it is not to be published. */
  readonly useless: boolean;
}

export interface HostRecords {
  readonly host: string;
  readonly records: readonly DnsRecord[];
  /** What host-meta says. */
  readonly alternatives: readonly Alternative[];
  /** What keeps clients away, each with the setting that would let them in. */
  readonly warnings: readonly string[];
}

export interface RecordsOptions {
  readonly config: Config;
  /** As they are open, where the server runs; those of the configuration where it does not. 0: nobody knows. */
  readonly ports: { readonly c2s: number; readonly c2sTls: number; readonly http: number };
  /** The name of this machine, which has addresses; by default the host itself. */
  readonly target?: string;
  /** SHA-256 of the key in the host's certificate, in hex; undefined where there is no certificate to rely on. */
  readonly keyHash?: string;
}

export function recordsOf(host: string, { config, ports, target = host, keyHash }: RecordsOptions): HostRecords {
  const { listen } = config;
  const [domain, machine] = [domainToASCII(host), domainToASCII(target)];
  const isLocal = staysHere(listen.address);
  const warnings: string[] = [];
  if (isLocal) warnings.push(`listen.address is ${listen.address}: nobody from elsewhere reaches the ports for clients; set it to 0.0.0.0, or to an address of this machine`);
  const services = [
    { service: "_xmpps-client", port: ports.c2sTls, setting: "listen.c2sTls.port", priority: 5, note: "clients that begin with TLS (XEP-0368)" },
    { service: "_xmpp-client", port: ports.c2s, setting: "listen.c2s.port", priority: 10, note: "clients that ask for TLS (RFC 6120 section 3.2.1)" },
  ];
  const records = services.flatMap(({ service, port, setting, priority, note }): readonly DnsRecord[] => {
    if (port === 0) {
      warnings.push(`${setting} is 0, so that its port is another one after each start: set it, or start the server and ask again`);
      return [];
    }
    return [
      { name: `${service}._tcp.${domain}.`, type: "SRV", value: `${priority} 0 ${port} ${machine}.`, note, useless: isLocal },
      ...(keyHash === undefined ? [] : [{ name: `_${port}._tcp.${machine}.`, type: "TLSA", value: `3 1 1 ${keyHash}`, note: "the key of the certificate, for a zone with DNSSEC; change it before the key", useless: isLocal } as const]),
    ];
  });
  // RFC 2782: a service that is decidedly not there has the root as its target.
  const absent = ["_xmpps-server", "_xmpp-server"].map((service): DnsRecord => ({
    name: `${service}._tcp.${domain}.`, type: "SRV", value: "0 0 0 .", note: "there are no streams between servers here", useless: false,
  }));
  const alternatives = alternativesOf(config, host, { address: listen.http.address, port: ports.http });
  if (alternatives.length === 0) warnings.push(withoutAlternatives(config));
  return { host, records: [...records, ...absent], alternatives, warnings };
}

function withoutAlternatives({ listen: { http }, websocket, bosh }: Config): string {
  if (!http.enabled) return "listen.http.enabled is false: clients in browsers cannot come";
  if (!websocket.enabled && !bosh.enabled) return "websocket.enabled and bosh.enabled are false: clients in browsers cannot come";
  return "clients in browsers are told of no address, since none begins with https: set listen.http.publicUrl to that of a proxy before the HTTP listener, or listen.http.tls and listen.http.address";
}

/** Lines of a zone file. What is useless yet is commented out. */
export function zoneText({ host, records, alternatives }: HostRecords): string {
  const width = Math.max(...records.map(({ name }) => name.length));
  const lines = records.map(({ name, type, value, note, useless }) => `${useless ? "; " : ""}${name.padEnd(width)} 3600 IN ${type} ${value} ; ${note}`);
  const ways = alternatives.length === 0 ? [] : [
    `; https://${domainToASCII(host)}/.well-known/host-meta and host-meta.json are answered here (XEP-0156): have the web server of that name pass them on. They say:`,
    ...alternatives.map(({ href }) => `;   ${href}`),
  ];
  return [`; ${host}`, ...lines, ...ways].join("\n");
}
