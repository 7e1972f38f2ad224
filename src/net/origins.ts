/** Which web pages may use what this listener offers (RFC 6454, RFC 6455 section 10.2). */
import { domainToASCII } from "node:url";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock, Log } from "../ports.ts";
import type { HttpRequest } from "./http-route.ts";

export interface OriginsOptions {
  /** Domains that are served; pages from these are let in. */
  readonly hosts: readonly string[];
  /** Other origins whose pages are let in, such as `https://chat.example.org`; `*` is every one. */
  readonly origins: readonly string[];
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  readonly refused: CountRefusal;
}

/** false: the request comes from a page that is not to use this. What names no origin is no page. */
export type IsLetIn = (request: HttpRequest) => boolean;

export function originPolicy({ hosts, origins, clock, log, refused }: OriginsOptions): IsLetIn {
  const names = new Set(hosts.map((host) => domainToASCII(host)));
  const tell = tellOfStrangers(log, clock);
  const isLetIn: IsLetIn = (request) => {
    const origin = request.header("origin");
    if (origin === undefined || origins.includes("*") || origins.includes(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const { hostname, host, protocol } = new URL(origin);
    const isOwn = protocol === (request.secure ? "https:" : "http:") && host === request.header("host")?.toLowerCase();
    return isOwn || (protocol === "https:" && names.has(hostname));
  };
  return (request) => {
    if (isLetIn(request)) return true;
    refused("listen.http.origins");
    tell(request);
    return false;
  };
}

/** In the log once a minute: the page's own script cannot read why it was refused, and may try for long. */
function tellOfStrangers(log: Log, clock: Pick<Clock, "now">): (request: HttpRequest) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (request) => {
    if (clock.now() - toldAt < 60_000) {
      untold += 1;
      return;
    }
    const more = untold === 0 ? "" : untold === 1 ? ", nor was 1 request since this was told last" : `, nor were ${untold} requests since this was told last`;
    [toldAt, untold] = [clock.now(), 0];
    const { path, remoteAddress: address } = request;
    const origin = shown(request.header("origin"));
    log.info({ event: "http.origin", origin, address, path }, `HTTP: a page from ${origin} wanted ${path} and is not let in${more}; if it is to be, name that origin in listen.http.origins`);
  };
}

/** Strangers write it: the log may be read in a terminal. */
function shown(origin = "there"): string {
  return origin.slice(0, 200).replace(/[^ -~]/g, "?");
}

/** For people who read the answer. */
export function notLetIn(request: HttpRequest): string {
  return `Pages from ${shown(request.header("origin"))} are not let in here; the operator can name that origin in listen.http.origins.`;
}
