/** How a host is reached besides TCP (XEP-0156 section 2): only what is open, and only by TLS. */
import { boshPath } from "../bosh/sessions.ts";
import { publicUrl, type ListenerPlace } from "../config/public-url.ts";
import type { Config } from "../config/schema.ts";
import { xmppWebSocketPath } from "../net/xmpp-web-socket.ts";

export interface Alternative {
  /** A link relation. */
  readonly rel: string;
  readonly href: string;
}

/** None where the HTTP listener is not reached by TLS from where clients are: XEP-0156 section 2.2 wants https and wss alone. */
export function alternativesOf(config: Pick<Config, "listen" | "websocket" | "bosh">, host: string, place?: ListenerPlace): readonly Alternative[] {
  const url = publicUrl(config, host, place);
  if (url === undefined || !url.startsWith("https://")) return [];
  return [
    ...(config.websocket.enabled ? [{ rel: "urn:xmpp:alt-connections:websocket", href: `${url.replace("https://", "wss://")}${xmppWebSocketPath}` }] : []),
    ...(config.bosh.enabled ? [{ rel: "urn:xmpp:alt-connections:xbosh", href: `${url}${boshPath}` }] : []),
  ];
}
