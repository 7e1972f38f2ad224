/** Which web pages may use what this listener offers (RFC 6454, RFC 6455 section 10.2). */
import { domainToASCII } from "node:url";
import type { HttpRequest } from "./http-route.ts";

export interface OriginsOptions {
  /** Domains that are served; pages from these are let in. */
  readonly hosts: readonly string[];
  /** Other origins whose pages are let in, such as `https://chat.example.org`; `*` is every one. */
  readonly origins: readonly string[];
}

/** false: the request comes from a page that is not to use this. What names no origin is no page. */
export type IsLetIn = (request: HttpRequest) => boolean;

export function originPolicy({ hosts, origins }: OriginsOptions): IsLetIn {
  const names = new Set(hosts.map((host) => domainToASCII(host)));
  return (request) => {
    const origin = request.header("origin");
    if (origin === undefined || origins.includes("*") || origins.includes(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const { hostname, host, protocol } = new URL(origin);
    const isOwn = protocol === (request.secure ? "https:" : "http:") && host === request.header("host")?.toLowerCase();
    return isOwn || (protocol === "https:" && names.has(hostname));
  };
}

/** For people who read the answer. */
export function notLetIn(request: HttpRequest): string {
  return `Pages from ${request.header("origin")?.slice(0, 200) ?? "there"} are not let in here; the operator can name that origin in listen.http.origins.`;
}
