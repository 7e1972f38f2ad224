/** What the inspector answers over HTTP: the page, the way in, and the two feeds. */
import { wrongTokenDelayMs } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { HttpListener } from "../net/http.ts";
import { textResponse, type HttpHandler, type HttpRequest, type HttpResponse, type HttpRoute } from "../net/http-route.ts";
import type { TextSocket } from "../net/text-socket.ts";
import type { Clock, Ids, Log } from "../ports.ts";
import { builtPage, readPage, type Asset } from "./assets.ts";
import { boundedSocket } from "./bounded-socket.ts";
import { Gate } from "./gate.ts";
import { nameIn, reachable, reachableHere } from "./names.ts";
import type { PeopleHandlers } from "./people.ts";

export interface SiteOptions {
  readonly refused?: CountRefusal | undefined;
  readonly http: Pick<HttpListener, "address" | "port" | "secure" | "add" | "paths">;
  /** What the page talks to. */
  readonly feed: { serve(socket: TextSocket): void };
  /** What speaks the protocol of Stately's inspector. */
  readonly stately: { serve(socket: TextSocket, query: URLSearchParams): void };
  /** Under which it is reached besides the listener's own address and loopback; the first is in the address that is told. */
  readonly names: readonly string[];
  /** Whether others than this machine are let in at all. Without it nobody is for whom a proxy asks. */
  readonly remote: boolean;
  /** Where the built page is; by default where the build of this package puts it. */
  readonly pageFolder?: string;
  /** What makes users to try with, for who was let in; without it there is no chat. */
  readonly people?: PeopleHandlers;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Site {
  /** The address to open, with a token that is good as long as the process lives. A secret. */
  url(): string;
  /** The same, for the page's chat; undefined where there is none. A secret. */
  chatUrl(): string | undefined;
  /**
   * With a token that is good once, for ten minutes. A secret. `here`: by the listener's own address, for a program of this machine that connects
   * to it by itself: it shows the token to nobody else, whoever answers for the name.
   */
  freshUrl(options?: { readonly here?: boolean }): string;
}

export function openSite(options: SiteOptions): Site {
  const { http, names, ids, clock, refused } = options;
  const gate = new Gate({ refused, ids, clock, port: http.port, secure: http.secure });
  http.add(routesOf(options, gate));
  // A fragment is not sent: it is in no log of a proxy, and in no Referer.
  const url = (name: string, token: string) => `${http.secure ? "https" : "http"}://${name}:${http.port}/inspect#token=${token}`;
  return {
    url: () => url(reachable(http.address, names), gate.lastingToken),
    chatUrl: () => (options.people === undefined ? undefined : `${url(reachable(http.address, names), gate.lastingToken)}/chat`),
    freshUrl: ({ here = false } = {}) => url(here ? reachableHere(http.address) : reachable(http.address, names), gate.freshToken()),
  };
}

function routesOf(options: SiteOptions, gate: Gate): readonly HttpRoute[] {
  const { feed, stately, people, log } = options;
  const page = readPage(options.pageFolder ?? builtPage());
  const door = new Door(options, gate);
  const index: HttpHandler = (request) => (page === undefined ? notBuilt : assetResponse(page.index, request));
  const attached = (request: HttpRequest, to: string): void => {
    log.info({ event: "inspector.attached", address: request.remoteAddress, to }, `${request.remoteAddress} attached to the inspector's feed (${to})`);
  };
  const routes: readonly HttpRoute[] = [
    // Who opens the server's address alone is shown the way; other paths are nobody's, or those of other rooms.
    { path: "/", methods: { GET: (request) => (request.path === "/" ? elsewhere(options.http.paths) : nothing), POST: () => nothing, PUT: () => nothing, DELETE: () => nothing } },
    { path: "/inspect", methods: { GET: index } },
    { path: "/inspect/", methods: { GET: (request) => (request.path === "/inspect/" ? index(request) : nothing) } },
    {
      path: "/inspect/assets/",
      methods: {
        GET: (request) => {
          const asset = page?.assets.get(request.path.slice("/inspect/assets/".length));
          return asset === undefined ? nothing : assetResponse(asset, request);
        },
      },
    },
    {
      path: "/inspect/enter",
      methods: {
        GET: (request) => (gate.admits(request.header("cookie")) ? { status: 204 } : door.unknown),
        POST: (request) => door.enter(request),
      },
    },
    { path: "/inspect/leave", methods: { POST: (request) => door.leave(request) } },
    ...(people === undefined ? [] : [{
      path: "/inspect/people",
      methods: {
        // Browsers say no origin with what a page reads from its own; others' pages get no answer to read, and the cookie does not come along.
        GET: (request: HttpRequest) => (gate.admits(request.header("cookie")) ? people.free(request) : door.unknown),
        POST: (request: HttpRequest) => door.byCookie(request) ?? people.make(request),
      },
    }]),
    {
      path: "/inspect/feed",
      upgrade: (request) => door.byCookie(request) ?? ((socket) => {
        attached(request, "page");
        feed.serve(door.whileAdmitted(request, socket));
      }),
    },
    {
      path: "/inspect/stately",
      upgrade: async (request) => (await door.byTokenOrCookie(request)) ?? ((socket) => {
        attached(request, "stately");
        stately.serve(request.query.has("token") ? socket : door.whileAdmitted(request, socket), request.query);
      }),
    },
  ];
  return routes.map((route) => guarded({ headers: siteHeaders, ...route }, (request) => door.misnamed(request)));
}

/** Asks for what every request of the inspector needs, before anything else is looked at. */
class Door {
  /** RFC 9110 section 15.5.2: with the way in. No browser knows this scheme, so that none asks for a password. */
  readonly unknown = textResponse(401, askForToken, { "www-authenticate": `Cookie realm="inspector"` });
  readonly #options: SiteOptions;
  readonly #gate: Gate;
  readonly #names: readonly string[];

  constructor(options: SiteOptions, gate: Gate) {
    this.#options = options;
    this.#gate = gate;
    // RFC 9110 section 4.2.3: capitals make no other name.
    this.#names = [...ownNames, options.http.address, ...options.names].map((name) => name.toLowerCase());
  }

  /**
   * A page of elsewhere whose name was made to lead here (DNS rebinding) counts as ours for its browser; but it brings its own name.
   */
  misnamed(request: HttpRequest): HttpResponse | undefined {
    const { http, names, remote, log } = this.#options;
    // Without a token, which is given out on this machine alone, there is nothing to be seen: so a browser here gets through where a proxy is beside it.
    if (!remote && !request.seemsLoopback) return textResponse(403, "The inspector is for this machine alone; inspector.remote lets others in.");
    const name = nameIn(request.header("host"));
    if (name !== undefined && [...this.#names, request.localAddress.replace(/^::ffff:/, "")].includes(name)) return undefined;
    log.debug({ event: "inspector.misnamed", address: request.remoteAddress }, "a request for the inspector came by a name that is not its own");
    return textResponse(421, `The inspector is not reached by this name: open it as ${reachable(http.address, names)}:${http.port}.`);
  }

  async enter(request: HttpRequest): Promise<HttpResponse> {
    if (!this.#isOwnOrigin(request)) return foreign;
    const token = tokenIn(await request.body(enterBytesMax));
    if (token === undefined) return textResponse(400, "Expected the token, as JSON: {\"token\":\"…\"}");
    const refused = await this.#judge(token, request);
    if (refused !== undefined) return refused;
    const { remoteAddress: address } = request;
    this.#options.log.info({ event: "inspector.entered", address }, `${address} entered the inspector`);
    return { status: 204, headers: { "set-cookie": this.#gate.enter() } };
  }

  leave(request: HttpRequest): HttpResponse {
    if (!this.#isOwnOrigin(request)) return foreign;
    return { status: 204, headers: { "set-cookie": this.#gate.leave(request.header("cookie")) } };
  }

  /** An answer to who may not come in. */
  byCookie(request: HttpRequest): HttpResponse | undefined {
    if (!this.#gate.admits(request.header("cookie"))) return this.unknown;
    // Browsers let the pages of any origin open WebSockets, and always say which it is.
    return request.header("origin") === ownOrigin(request) ? undefined : foreign;
  }

  /** Open no longer than its cookie is good. */
  whileAdmitted(request: HttpRequest, socket: TextSocket): TextSocket {
    return boundedSocket(socket, "this browser was let in too long ago, or has left", (end) => this.#gate.whileAdmitted(request.header("cookie"), end));
  }

  /** A token that is shown is nobody's but the client's own, unlike a cookie, so it does not matter from where it comes. */
  async byTokenOrCookie(request: HttpRequest): Promise<HttpResponse | undefined> {
    const token = request.query.get("token");
    return token === null ? this.byCookie(request) : this.#judge(token, request);
  }

  /** An answer to a token that is not good, after a while. */
  async #judge(token: string, { remoteAddress: address }: HttpRequest): Promise<HttpResponse | undefined> {
    const { log, clock } = this.#options;
    const judgement = this.#gate.judge(token);
    if (judgement === "good") return undefined;
    if (judgement === "too-many") return textResponse(429, "Too many wrong tokens: try again in a minute.", { "retry-after": "60" });
    log.warn({ event: "inspector.refused", address }, `${address} showed the inspector a token that is wrong, was used already, or is older than ten minutes`);
    await new Promise<void>((resolve) => clock.at(clock.now() + wrongTokenDelayMs, resolve, true));
    return textResponse(403, `The token is wrong, was used already, or is older than ten minutes. ${askForToken}`);
  }

  /** No browser sends a POST without one; whoever has no cookie of ours can lose nothing by it. */
  #isOwnOrigin(request: HttpRequest): boolean {
    const origin = request.header("origin");
    return origin === undefined ? !this.#gate.knows(request.header("cookie")) : origin === ownOrigin(request);
  }
}

const askForToken = "The inspector needs a token: open the address that the server printed at its start, or that `refrain inspect` prints.";
const ownNames = ["localhost", "127.0.0.1", "::1"];
const enterBytesMax = 1_024;

function ownOrigin(request: HttpRequest): string {
  return `${request.secure ? "https" : "http"}://${request.header("host")?.toLowerCase()}`;
}

function tokenIn(body: Uint8Array | undefined): string | undefined {
  try {
    const { token } = JSON.parse(new TextDecoder().decode(body)) as { readonly token?: unknown };
    return typeof token === "string" ? token : undefined;
  } catch {
    return undefined;
  }
}

async function assetResponse(asset: Asset, request: HttpRequest): Promise<HttpResponse> {
  const { encoding, bytes } = await asset.encoded(request.header("accept-encoding"));
  return {
    status: 200,
    headers: {
      "content-type": asset.type,
      vary: "accept-encoding",
      ...(encoding === undefined ? {} : { "content-encoding": encoding }),
      ...(asset.hashed ? { "cache-control": "public, max-age=31536000, immutable" } : {}),
    },
    body: bytes,
  };
}

/** The page has its scripts and styles from here alone, sends nothing elsewhere, and makes no markup of text. */
const siteHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
  "x-frame-options": "DENY",
};

/** Names what is on the listener besides the inspector. */
function elsewhere(paths: readonly string[]): HttpResponse {
  const others = paths.filter((path) => path !== "/" && !path.startsWith("/inspect"));
  const besides = others.length === 0 ? "" : ` Besides it there are ${others.join(", ")}.`;
  return textResponse(404, `There is nothing here. The inspector is at /inspect; \`refrain inspect\` prints its address with what lets you in.${besides}`);
}

function guarded(route: HttpRoute, misnamed: (request: HttpRequest) => HttpResponse | undefined): HttpRoute {
  const methods = Object.entries(route.methods ?? {}).map(([name, handler]) => [name, (request: HttpRequest) => misnamed(request) ?? handler(request)]);
  const { upgrade } = route;
  return {
    ...route,
    methods: Object.fromEntries(methods),
    ...(upgrade === undefined ? {} : { upgrade: (request: HttpRequest) => misnamed(request) ?? upgrade(request) }),
  };
}

const nothing = textResponse(404, "There is nothing here.");
const foreign = textResponse(403, "This is for the inspector's own page alone.");
const notBuilt = textResponse(503, "The page is not built: run `npm run build`, then start the server again.");
