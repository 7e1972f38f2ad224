/** Where a server's numbers and its health are asked for over HTTP. */
import { createHash, timingSafeEqual } from "node:crypto";
import { textResponse, type HttpRequest, type HttpResponse, type HttpRoute } from "../net/http-route.ts";
import { contentType, exposition } from "./exposition.ts";
import { metricsOf, type Figures } from "./measures.ts";

export interface MetricsDoorsOptions {
  /** Whether there are numbers at all. Health is told in any case. */
  readonly enabled: boolean;
  /** What others than this machine have to know; undefined: nobody else is told. */
  readonly token: string | undefined;
  readonly figures: () => Figures;
  /** Why clients would be sent away now; undefined if they would not. */
  readonly unready: () => string | undefined;
}

export function metricsRoutes({ enabled, token, figures, unready }: MetricsDoorsOptions): readonly HttpRoute[] {
  const metrics = (request: HttpRequest): HttpResponse => {
    if (!mayAsk(request, token)) return textResponse(403, "numbers are for this machine, and for who has metrics.token: Authorization: Bearer TOKEN");
    return { status: 200, headers: { "content-type": contentType }, body: exposition(metricsOf(figures())) };
  };
  const ready = (): HttpResponse => {
    const why = unready();
    return why === undefined ? textResponse(200, "ready") : textResponse(503, `not ready: ${why}`, { "retry-after": "5" });
  };
  return [
    { path: "/health", methods: { GET: () => textResponse(200, "alive") } },
    { path: "/ready", methods: { GET: ready } },
    ...(enabled ? [{ path: "/metrics", methods: { GET: metrics } }] : []),
  ];
}

/** What comes through a proxy comes from its address, so that what it passes on counts as asked from there. */
function mayAsk(request: HttpRequest, token: string | undefined): boolean {
  const given = /^Bearer +(\S+)$/i.exec(request.header("authorization") ?? "")?.[1];
  if (given !== undefined && token !== undefined) return timingSafeEqual(hash(given), hash(token));
  return request.loopback;
}

/** Of one length, whatever was given. */
function hash(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
