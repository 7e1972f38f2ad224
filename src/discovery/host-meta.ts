/** What browsers are told of a host (XEP-0156), at the places that RFC 6415 has for it. */
import { domainToASCII } from "node:url";
import { addressNumber } from "../domain/networks.ts";
import { textResponse, type HttpRequest, type HttpResponse, type HttpRoute } from "../net/http-route.ts";
import { escapeAttribute } from "../xml/serialise.ts";
import type { Alternative } from "./alternatives.ts";

export interface HostMetaOptions {
  /** The domains that are served; the first is told of where no host is named. */
  readonly hosts: readonly string[];
  /** The name in `listen.http.publicUrl`. */
  readonly publicName: string | undefined;
  alternatives(host: string): readonly Alternative[];
}

export const hostMetaPath = "/.well-known/host-meta";

export function hostMetaRoutes(options: HostMetaOptions): readonly HttpRoute[] {
  const route = (path: string, type: string, textOf: (alternatives: readonly Alternative[]) => string): HttpRoute => ({
    path,
    // XEP-0156 section 3: pages from everywhere may read this, and nothing else by it.
    headers: { "access-control-allow-origin": "*" },
    methods: {
      GET: (request) => answer(request, options, (alternatives) => ({ status: 200, headers: { "content-type": type, "cache-control": "max-age=300" }, body: textOf(alternatives) })),
      OPTIONS: () => ({ status: 204, headers: { "access-control-allow-methods": "GET, OPTIONS", "access-control-max-age": "86400" } }),
    },
  });
  return [route(hostMetaPath, "application/xrd+xml; charset=utf-8", xrdOf), route(`${hostMetaPath}.json`, "application/json", jrdOf)];
}

function answer(request: HttpRequest, { hosts, publicName, alternatives }: HostMetaOptions, found: (alternatives: readonly Alternative[]) => HttpResponse): HttpResponse {
  const host = hostFor(nameIn(request.header("host")), hosts, publicName);
  if (host === undefined) return textResponse(404, "No such host is served here.");
  const there = alternatives(host);
  if (there.length > 0) return found(there);
  return textResponse(404, "There is nothing to be told: clients do not come by https here. The operator can set listen.http.publicUrl, or listen.http.tls.");
}

/** By a served domain, by the name under which the listener is reached, or by an address: those name no host, and the first one speaks, as to streams. */
function hostFor(name: string | undefined, hosts: readonly string[], publicName: string | undefined): string | undefined {
  const served = hosts.find((host) => host === name || domainToASCII(host) === name);
  if (served !== undefined) return served;
  const isPlace = name === undefined || name === publicName || name === "localhost" || addressNumber(name) !== undefined;
  return isPlace ? hosts[0] : undefined;
}

/** Without the port (RFC 9110 section 7.2). */
function nameIn(host: string | undefined): string | undefined {
  const [, six, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host?.toLowerCase() ?? "") ?? [];
  // One that is no name at all is no host's.
  return host === undefined || host === "" ? undefined : (six ?? name?.replace(/\.$/, "") ?? "");
}

function xrdOf(alternatives: readonly Alternative[]): string {
  const links = alternatives.map(({ rel, href }) => `  <Link rel="${escapeAttribute(rel)}" href="${escapeAttribute(href)}"/>\n`);
  return `<?xml version="1.0" encoding="utf-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n${links.join("")}</XRD>\n`;
}

function jrdOf(alternatives: readonly Alternative[]): string {
  return `${JSON.stringify({ links: alternatives }, null, 2)}\n`;
}
