/** The server's side of a TLS handshake over a socket that is there already: STARTTLS and direct TLS alike. */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Clock, SecureLink } from "../ports.ts";
import type { ServerCertificate } from "./certificate-pair.ts";
import type { Certificates } from "./certificates.ts";

export interface TlsOptions {
  readonly certificates: Certificates;
  /** Milliseconds from the beginning to the end of a handshake. */
  readonly handshakeTimeoutMs: number;
  /** What is spoken inside, for ALPN (RFC 7301). Default: `xmpp-client`. */
  readonly protocol?: string;
  readonly clock: Clock;
}

export interface Handshake {
  /** Paused; what is written to it leaves after the handshake. */
  readonly socket: TLSSocket;
  /** Rejects, and the socket is destroyed, if the handshake fails. */
  readonly done: Promise<SecureLink>;
}

/** `hostName` chooses the certificate for a client without SNI (RFC 6120 section 5.4.3.1 rule 4). */
export function beginHandshake(plain: Socket, options: TlsOptions, hostName?: string): Handshake {
  let shown = options.certificates.certificateFor(hostName);
  const socket = new TLSSocket(plain, {
    isServer: true,
    secureContext: shown.secureContext,
    // XEP-0368: with ALPN it must be this one. OpenSSL refuses a client that offers others only, and serves one without ALPN.
    ALPNProtocols: [options.protocol ?? "xmpp-client"],
    SNICallback(serverName, choose) {
      shown = options.certificates.certificateFor(serverName, hostName);
      choose(null, shown.secureContext);
    },
  });
  socket.pause();
  // After the handshake Node leaves what goes wrong in TLS to this event alone, and a renegotiation is one of these errors:
  // the connection is closed at once (RFC 6120 section 5.3.5).
  socket.on("_tlsError", (error: Error) => socket.destroy(error));
  socket.disableRenegotiation();

  const { clock, handshakeTimeoutMs } = options;
  const done = new Promise<SecureLink>((resolve, reject) => {
    let failure: Error | undefined;
    const timer = clock.at(clock.now() + handshakeTimeoutMs, () =>
      socket.destroy(new Error(`the TLS handshake took more than ${handshakeTimeoutMs} ms`)),
    );
    const failed = (error: Error): void => void (failure ??= error);
    const peerLeft = (): void => void socket.destroy(new Error("the peer left during the TLS handshake"));
    const ended = (): void => {
      timer.cancel();
      socket.off("error", failed).off("close", closed).off("end", peerLeft).off("secure", established);
      plain.off("end", peerLeft);
    };
    const closed = (): void => {
      ended();
      reject(failure ?? new Error("the connection was closed during the TLS handshake"));
    };
    const established = (): void => {
      ended();
      resolve(new SocketSecureLink(socket, shown));
    };
    socket.on("error", failed).on("close", closed).on("end", peerLeft).on("secure", established);
    plain.on("end", peerLeft);
  });
  return { socket, done };
}

/** Channel bindings are computed when they are asked for: most connections ask once, or never. */
class SocketSecureLink implements SecureLink {
  readonly protocol: "TLSv1.2" | "TLSv1.3";
  readonly serverName: string | undefined;
  readonly #socket: TLSSocket;
  readonly #shown: ServerCertificate;
  #exporter: Uint8Array | undefined;

  constructor(socket: TLSSocket, shown: ServerCertificate) {
    const protocol = socket.getProtocol();
    if (protocol !== "TLSv1.2" && protocol !== "TLSv1.3") throw new Error(`TLS came up as ${protocol}, which no context of ours allows`);
    this.protocol = protocol;
    this.serverName = socket.servername || undefined;
    this.#socket = socket;
    this.#shown = shown;
  }

  get tlsExporter(): Uint8Array | undefined {
    // RFC 9266 section 4.2: below TLS 1.3 its uniqueness is not certain. A destroyed socket has no keys any more.
    if (this.protocol !== "TLSv1.3" || this.#exporter !== undefined || this.#socket.destroyed) return this.#exporter;
    // RFC 9266 section 2: 32 bytes, a context of length zero.
    this.#exporter = this.#socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
    return this.#exporter;
  }

  get tlsServerEndPoint(): Uint8Array | undefined {
    return this.#shown.tlsServerEndPoint;
  }
}
