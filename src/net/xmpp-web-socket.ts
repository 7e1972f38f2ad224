/** Where WebSockets become XML streams (RFC 7395), on the HTTP listener. */
import type { XmlLimits } from "../domain/limits.ts";
import type { Link } from "../xml/link.ts";
import { textResponse, type HttpRequest, type HttpRoute, type WebSocketAnswer } from "./http-route.ts";
import { notLetIn, type IsLetIn } from "./origins.ts";
import { WebSocketLink } from "./web-socket-link.ts";

export interface XmppWebSocketOptions {
  readonly isLetIn: IsLetIn;
  readonly limits: XmlLimits;
  /** Of a client that has logged in. */
  readonly stanzaBytesMax: number;
  receive(link: Link): void;
  report(error: unknown): void;
}

/** Where other servers have it, too. */
export const xmppWebSocketPath = "/xmpp-websocket";

export function xmppWebSocketRoute({ isLetIn, limits, stanzaBytesMax, receive, report }: XmppWebSocketOptions): HttpRoute {
  function upgrade(request: HttpRequest): WebSocketAnswer {
    if (!isLetIn(request)) return textResponse(403, notLetIn(request));
    // RFC 7395 section 3.1.
    const offered = (request.header("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
    if (!offered.includes("xmpp")) return textResponse(400, "The subprotocol of this WebSocket is xmpp (RFC 7395 section 3.1): name it in Sec-WebSocket-Protocol.");
    // RFC 7395 section 6: whoever is elsewhere comes by wss.
    if (!request.secure && !request.loopback) return textResponse(403, "From other machines this WebSocket is reached by wss alone; of that of a proxy the server knows by listen.http.trustedProxies, and by the header that listen.http.proxyHeader names.");
    return {
      subprotocol: "xmpp",
      // A stanza that is too large is read, for the reason to be told in a stream error; what is larger by far is not.
      messageBytesMax: 2 * stanzaBytesMax,
      accept: (socket) => receive(new WebSocketLink({ socket, secure: request.tls, loopback: request.loopback, limits, report })),
    };
  }

  return { path: xmppWebSocketPath, what: "XMPP over WebSocket (RFC 7395), for XMPP clients", upgrade };
}
