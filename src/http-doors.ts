/** What a server offers over HTTP: the listener, and on it the inspector where it may be. */
import { domainToASCII } from "node:url";
import type { Logger } from "pino";
import { AdminError } from "./admin/errors.ts";
import { staysHere } from "./config/check.ts";
import type { Config } from "./config/schema.ts";
import { openInspector, type Inspector, type InspectorOptions } from "./inspector/open.ts";
import { metricsRoutes, type MetricsDoorsOptions } from "./metrics/doors.ts";
import type { Certificates } from "./net/certificates.ts";
import type { HttpListener, listenHttp } from "./net/http.ts";
import { software } from "./software.ts";

export interface HttpDoorsOptions extends Pick<InspectorOptions, "observation" | "history" | "pageFolder" | "ids" | "clock"> {
  readonly config: Config;
  readonly certificates: Certificates;
  readonly listenHttp: typeof listenHttp;
  readonly metrics: Pick<MetricsDoorsOptions, "figures" | "unready">;
  readonly log: Logger;
}

export interface HttpDoors {
  /** Each is undefined where it is off. */
  readonly listener: HttpListener | undefined;
  readonly inspector: Inspector | undefined;
}

/** Rejects, with nothing left open, as `listenHttp` does. */
export async function openHttpDoors({ config, certificates, listenHttp, metrics, ...rest }: HttpDoorsOptions): Promise<HttpDoors> {
  const { http } = config.listen;
  if (!http.enabled) return { listener: undefined, inspector: undefined };
  const listener = await listenHttp({
    address: http.address,
    port: http.port,
    ...(http.tls ? { certificates } : {}),
    perAddressMax: config.limits.connectionsPerAddress,
    clock: rest.clock,
    log: rest.log,
  });
  listener.add(metricsRoutes({ ...metrics, enabled: config.metrics.enabled, token: config.metrics.token }));
  try {
    return { listener, inspector: isInspectorOpen(config, rest.log) ? inspectorOn(listener, config, rest) : undefined };
  } catch (error) {
    await listener.close();
    throw error;
  }
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

function inspectorOn(http: HttpListener, config: Config, rest: Omit<HttpDoorsOptions, "config" | "certificates" | "listenHttp" | "metrics">): Inspector {
  const hosts = config.hosts.map((host) => host.domain);
  return openInspector({
    ...rest,
    http,
    // Others lead here by DNS alone, which whoever made a name can change.
    names: config.inspector.remote ? [...hosts.map((host) => domainToASCII(host)).filter((name) => name !== ""), config.listen.http.address] : [],
    hosts,
    software,
    bodies: config.inspector.bodies,
    live: true,
  });
}
