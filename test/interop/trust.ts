/** How foreign clients come to know the server's certificate, which is signed by itself: chain and name stay checked. */
import type { TcpNetConnectOpts } from "node:net";
import tls, { type ConnectionOptions } from "node:tls";
import type { TestServer } from "../../src/testing/index.ts";
import { connectRaw } from "../support/raw-client.ts";

/** The certificate that the server shows, in PEM form. */
export async function certificateOf(server: TestServer): Promise<string> {
  const client = await connectRaw({ port: server.tlsPort, tls: "direct" });
  const der = client.secure?.peerCertificate;
  client.destroy();
  if (der === undefined) throw new Error("the server showed no certificate");
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/**
 * From now on a TLS client of this worker that names no authorities of its own trusts these. @xmpp/client has no option for them,
 * NODE_EXTRA_CA_CERTS is read when a process starts, before there is a certificate, and NODE_TLS_REJECT_UNAUTHORIZED would check
 * nothing at all. Returns the way back.
 * `more` is added to what it connects with, such as the address that it connects from.
 */
export function trust(pem: () => string, more: ConnectionOptions & Pick<TcpNetConnectOpts, "localAddress" | "family"> = {}): () => void {
  const { connect } = tls;
  const trusting = (options: ConnectionOptions) => connect({ ca: pem(), ...options, ...more });
  Object.assign(tls, { connect: trusting });
  return () => Object.assign(tls, { connect });
}
