/** What a server offers over HTTP: the listener, and on it streams of clients, numbers, and the inspector where it may be. */
import { domainToASCII } from "node:url";
import type { Logger } from "pino";
import type { UserAdmin } from "./admin/api.ts";
import { AdminError, type AdminErrorCode } from "./admin/errors.ts";
import { createBosh } from "./bosh/sessions.ts";
import { staysHere } from "./config/check.ts";
import type { Config } from "./config/schema.ts";
import { xmlLimitsUnauthenticated } from "./domain/limits.ts";
import type { CountRefusal } from "./domain/refusals.ts";
import { openInspector, type Inspector, type InspectorOptions } from "./inspector/open.ts";
import type { PeopleOptions } from "./inspector/people.ts";
import { metricsRoutes, type MetricsDoorsOptions } from "./metrics/doors.ts";
import { alternativesOf } from "./discovery/alternatives.ts";
import { hostMetaRoutes } from "./discovery/host-meta.ts";
import { networkOf } from "./domain/networks.ts";
import type { Admission } from "./net/admission.ts";
import type { Certificates } from "./net/certificates.ts";
import type { HttpListener, listenHttp } from "./net/http.ts";
import { originPolicy } from "./net/origins.ts";
import { xmppWebSocketRoute } from "./net/xmpp-web-socket.ts";
import { software } from "./software.ts";
import type { Link } from "./xml/link.ts";

export interface HttpDoorsOptions extends Pick<InspectorOptions, "observation" | "history" | "pageFolder" | "ids" | "clock"> {
  readonly config: Config;
  readonly certificates: Certificates;
  readonly listenHttp: typeof listenHttp;
  readonly admission: Admission;
  readonly metrics: Pick<MetricsDoorsOptions, "figures" | "unready">;
  readonly log: Logger;
  readonly refused: CountRefusal;
  readonly streams: StreamDoorsOptions;
  /** Rejects with AdminError. */
  readonly users: Pick<UserAdmin, "userAdd" | "userDevices">;
}

export interface StreamDoorsOptions {
  /** A client has come. */
  receive(link: Link): void;
  /** Is told of what a link let out. */
  report(error: unknown): void;
}

export interface HttpDoors {
  /** Each is undefined where it is off. */
  readonly listener: HttpListener | undefined;
  readonly inspector: Inspector | undefined;
  /** Whoever still waits for an answer is told that there will be none. */
  endStreams(): void;
}

/** Rejects, with nothing left open, as `listenHttp` does. */
export async function openHttpDoors({ config, certificates, listenHttp, admission, metrics, streams, ...rest }: HttpDoorsOptions): Promise<HttpDoors> {
  const { http } = config.listen;
  if (!http.enabled) return { listener: undefined, inspector: undefined, endStreams() {} };
  const listener = await listenHttp({
    address: http.address,
    port: http.port,
    ...(http.tls ? { certificates } : {}),
    admission,
    proxies: { trusted: http.trustedProxies.map((text) => networkOf(text)!), header: http.proxyHeader },
    refused: rest.refused,
    clock: rest.clock,
    log: rest.log,
  });
  listener.add(metricsRoutes({ ...metrics, enabled: config.metrics.enabled, token: config.metrics.token }));
  const endStreams = openStreamDoors(listener, config, streams, rest);
  listener.add(hostMetaRoutes({
    hosts: config.hosts.map(({ domain }) => domain),
    publicName: http.publicUrl === undefined ? undefined : new URL(http.publicUrl).hostname,
    alternatives: (host) => alternativesOf(config, host, listener),
  }));
  try {
    return { listener, inspector: isInspectorOpen(config, rest.log) ? inspectorOn(listener, config, rest) : undefined, endStreams };
  } catch (error) {
    await listener.close();
    throw error;
  }
}

/** Where clients come by HTTP. Returns what ends those that are kept waiting. */
function openStreamDoors(listener: HttpListener, config: Config, streams: StreamDoorsOptions, { clock, ids, log, refused }: Pick<HttpDoorsOptions, "clock" | "ids" | "log" | "refused">): () => void {
  const { listen: { http }, limits: { stanzaBytes, connectionsPerAddress }, websocket, bosh } = config;
  const isLetIn = originPolicy({ hosts: config.hosts.map(({ domain }) => domain), origins: http.origins, clock, log, refused });
  const common = { ...streams, isLetIn, limits: xmlLimitsUnauthenticated };
  if (websocket.enabled) listener.add([xmppWebSocketRoute({ ...common, stanzaBytesMax: stanzaBytes })]);
  if (!bosh.enabled) return () => {};
  const { route, close } = createBosh({ ...common, stanzaBytesMax: stanzaBytes, perAddressMax: connectionsPerAddress, clock, ids, refused });
  listener.add([route]);
  return close;
}

/** Throws AdminError inspector-off, with what to set. */
export function refuseInspector({ listen, inspector }: Config): never {
  const why = !listen.http.enabled
    ? "listen.http.enabled is false; set it to true"
    : inspector.enabled
      ? `listen.http.address is ${listen.http.address}; take 127.0.0.1, or set inspector.remote and listen.http.tls to true`
      : "inspector.enabled is false; set it to true";
  throw new AdminError("inspector-off", `inspector: it is off, because ${why}, and start the server again`);
}

/** Nobody else's sessions are shown to a network without being asked for: then this is no fault, and only said. */
function isInspectorOpen({ listen, inspector }: Config, log: Logger): boolean {
  if (!inspector.enabled || inspector.remote || staysHere(listen.http.address)) return inspector.enabled;
  const text = `the inspector is off, because listen.http.address is ${listen.http.address}; to have it there set inspector.remote and listen.http.tls to true`;
  log.info({ event: "inspector.off" }, text);
  return false;
}

function inspectorOn(http: HttpListener, config: Config, { users, ...rest }: Omit<HttpDoorsOptions, "config" | "certificates" | "listenHttp" | "admission" | "metrics" | "streams">): Inspector {
  const hosts = config.hosts.map((host) => host.domain);
  return openInspector({
    ...rest,
    http,
    // Others lead here by DNS alone, which whoever made a name can change.
    names: config.inspector.remote ? [...hosts.map((host) => domainToASCII(host)).filter((name) => name !== ""), config.listen.http.address] : [],
    remote: config.inspector.remote,
    hosts,
    software,
    bodies: config.inspector.bodies,
    live: true,
    ...(isChatOpen(config) ? { chat: { addUser: adding(users), isUser: looking(users) } } : {}),
  });
}

/** Never elsewhere: whoever has the inspector's token could make users there. */
function isChatOpen({ inspector, websocket, listen }: Config): boolean {
  return inspector.chat && websocket.enabled && staysHere(listen.http.address);
}

function adding(users: HttpDoorsOptions["users"]): PeopleOptions["addUser"] {
  return (jid, password) => unless("account-exists", users.userAdd(jid, password));
}

/** By what nobody has who is not there. */
function looking(users: HttpDoorsOptions["users"]): PeopleOptions["isUser"] {
  return (jid) => unless("account-unknown", users.userDevices(jid));
}

/** false: it was refused for this. Rejects with anything else. */
async function unless(code: AdminErrorCode, work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof AdminError && error.code === code) return false;
    throw error;
  }
}
