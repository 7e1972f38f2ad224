/** Where HTTP requests become BOSH sessions (XEP-0124), on the HTTP listener. */
import type { BoshCondition, BoshPolicy } from "../../machines/bosh-events.ts";
import {
  wrapperBytesMax, boshHoldMax, boshInactivityMs, boshPausesMsMax, boshPollingMs, boshRepeatsMax, boshSessionsMax, boshWaitMsMax, type XmlLimits,
} from "../domain/limits.ts";
import { countFault, type CountRefusal } from "../domain/refusals.ts";
import { addressKey } from "../net/addresses.ts";
import { textResponse, type HttpRequest, type HttpResponse, type HttpRoute } from "../net/http-route.ts";
import { notLetIn, type IsLetIn } from "../net/origins.ts";
import type { Clock, Ids } from "../ports.ts";
import { FrameReader } from "../xml/frame-reader.ts";
import type { Link } from "../xml/link.ts";
import { readBody, terminateText, type Body } from "./body.ts";
import { BoshSession } from "./session.ts";

export interface BoshOptions {
  readonly isLetIn: IsLetIn;
  /** Of strangers; a session tells those of who has logged in. */
  readonly limits: XmlLimits;
  /** Bytes of the largest stanza of anybody: a body that is larger is not read. */
  readonly stanzaBytesMax: number;
  /** Sessions from one address; loopback is exempt. */
  readonly perAddressMax: number;
  /** Sessions at once. Without it `boshSessionsMax`. */
  readonly sessionsMax?: number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly refused: CountRefusal;
  receive(link: Link): void;
  report(error: unknown): void;
}

/** Where other servers have it, too. */
export const boshPath = "/http-bind";

export interface Bosh {
  readonly route: HttpRoute;
  /** Every session is over, and who waits is told so. */
  close(): void;
}

export function createBosh(options: BoshOptions): Bosh {
  const { isLetIn, clock, ids, refused, sessionsMax = boshSessionsMax } = options;
  const sessions = new Map<string, BoshSession>();
  const perAddress = new Map<string, number>();

  async function post(request: HttpRequest): Promise<HttpResponse> {
    if (!isLetIn(request)) return textResponse(403, notLetIn(request));
    // XEP-0206 section 8: whoever is elsewhere comes by https.
    if (!request.secure && !request.loopback) return textResponse(403, "From other machines BOSH is reached by https alone.");
    const answer = await answerTo(request);
    return typeof answer === "string" ? { status: 200, headers: { "content-type": "text/xml; charset=utf-8", ...crossOrigin(request) }, body: answer } : answer;
  }

  async function answerTo(request: HttpRequest): Promise<string | HttpResponse> {
    const encoding = request.header("content-encoding");
    if (encoding !== undefined && encoding !== "identity") return textResponse(415, "Bodies are taken as they are, without a content-encoding.", { "accept-encoding": "identity" });
    const bytes = await request.body(options.stanzaBytesMax + wrapperBytesMax);
    if (bytes === undefined) {
      refused("limits.stanzaBytes");
      return terminateText("policy-violation");
    }
    const sid = sidOf(bytes);
    const session = sid === undefined ? undefined : sessions.get(sid);
    if (sid !== undefined && session === undefined) return terminateText("item-not-found");
    // XEP-0124 section 19.1: what begins under TLS goes on under it, and whoever comes without has no part in it.
    if (session !== undefined && session.secure !== null && !request.secure) return textResponse(403, "That session is reached by https alone.");
    const body = read(bytes, session?.limits ?? options.limits, refused);
    if (session !== undefined) return body === undefined || body.sid !== sid ? session.breakOff() : session.take(body);
    if (body === undefined || body.sid !== undefined || body.restart || body.terminate || body.pause !== undefined) return terminateText("bad-request");
    return begin(request, body);
  }

  function begin(request: HttpRequest, first: Body): string | Promise<string> {
    const { remoteAddress, loopback, tls } = request;
    const refusal = refusalOf(first, request);
    if (refusal !== undefined) return terminateText(refusal);
    const policy = policyFor(first);
    const sid = ids.next();
    const key = addressKey(remoteAddress);
    const session = new BoshSession({
      sid, remoteAddress, loopback, secure: tls, policy, agreed: agreed(policy, first), first, limits: options.limits, clock,
      onOver() {
        sessions.delete(sid);
        count(key, -1);
      },
      report: (error) => options.report(error),
    });
    sessions.set(sid, session);
    count(key, 1);
    const answer = session.answerToFirst();
    options.receive(session);
    return answer;
  }

  function refusalOf({ to }: Body, { remoteAddress, loopback }: HttpRequest): BoshCondition | undefined {
    // XEP-0124 section 17.2 has improper-addressing for a session without an address; this server's first host speaks to those, as over TCP.
    if (to === "") return "host-unknown";
    const from = loopback ? 0 : (perAddress.get(addressKey(remoteAddress)) ?? 0);
    const limit = sessions.size >= sessionsMax ? "boshSessionsMax" : from >= options.perAddressMax ? "limits.connectionsPerAddress" : undefined;
    countFault(refused, { limit });
    return limit === undefined ? undefined : "policy-violation";
  }

  function count(key: string, more: number): void {
    const now = (perAddress.get(key) ?? 0) + more;
    if (now === 0) perAddress.delete(key);
    else perAddress.set(key, now);
  }

  /** Fetch Standard: a page from elsewhere asks first. No cookies are looked at here, and none are let through. */
  function preflight(request: HttpRequest): HttpResponse {
    if (!isLetIn(request)) return textResponse(403, notLetIn(request));
    return {
      status: 204,
      headers: { ...crossOrigin(request), "access-control-allow-methods": "POST, OPTIONS", "access-control-allow-headers": "content-type", "access-control-max-age": "86400" },
    };
  }

  return {
    route: { path: boshPath, what: "BOSH (XEP-0124), for XMPP clients", methods: { POST: post, OPTIONS: preflight } },
    close() {
      for (const session of sessions.values()) session.shutDown();
    },
  };
}

function crossOrigin(request: HttpRequest): Readonly<Record<string, string>> {
  const origin = request.header("origin");
  return origin === undefined ? {} : { "access-control-allow-origin": origin, vary: "origin" };
}

function read(bytes: Uint8Array, limits: XmlLimits, refused: CountRefusal): Body | undefined {
  // The wrapper is not the client's stanza.
  const around = { ...limits, stanzaBytesMax: limits.stanzaBytesMax + wrapperBytesMax, depthMax: limits.depthMax + 1, elementsMax: limits.elementsMax + 1 };
  const element = new FrameReader(around).read(Buffer.from(bytes));
  if (!("condition" in element)) return readBody(element, bytes.byteLength);
  countFault(refused, element);
  return undefined;
}

/** Whose limits count is known before the body is read. Its start tag is at its beginning, and nothing that stands before the sid can hide another. */
function sidOf(bytes: Uint8Array): string | undefined {
  const tag = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, wrapperBytesMax)).toString("latin1");
  return /^(?:<\?xml[^>]*>\s*)?<body(?:\s+[^\s=>]+\s*=\s*(?:"[^"]*"|'[^']*'))*?\s+sid\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(tag)?.slice(1).find((value) => value !== undefined);
}

/** XEP-0124 section 7.2: no more than the client wants, and no more than there is. */
function policyFor({ wait, hold }: Body): BoshPolicy {
  const held = Math.min(hold ?? boshHoldMax, boshHoldMax);
  const waitMs = Math.min((wait ?? boshWaitMsMax / 1_000) * 1_000, boshWaitMsMax);
  const isPolling = held === 0 || waitMs === 0;
  return {
    hold: held, requests: held + 1, waitMs, pollingMs: boshPollingMs, repeats: boshRepeatsMax,
    // XEP-0124 section 12: who polls is away between, and may be so for longer than that.
    inactivityMs: boshInactivityMs + (isPolling ? 2 * boshPollingMs : 0), maxPauseMs: boshPausesMsMax,
  };
}

function agreed({ hold, requests, waitMs, pollingMs, inactivityMs, maxPauseMs }: BoshPolicy, { ver }: Body): Readonly<Record<string, string | number | undefined>> {
  return {
    wait: waitMs / 1_000, hold, requests, polling: pollingMs / 1_000, inactivity: inactivityMs / 1_000, maxpause: maxPauseMs / 1_000,
    ver: lower(ver),
  };
}

/** The lower of the client's version and this one's, 1.11 (section 7.2); their parts are numbers. Who tells none is told this one. */
function lower(ver: string | undefined): string {
  const [major = 1, minor = 11] = /^(\d{1,4})\.(\d{1,4})$/.exec(ver ?? "")?.slice(1).map(Number) ?? [];
  return major < 1 || (major === 1 && minor < 11) ? `${major}.${minor}` : "1.11";
}
