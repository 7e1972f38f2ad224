/** A SCRAM login over a real connection, step by step: what a test wants to spoil, it can. */
import { createHash } from "node:crypto";
import { finalMessage, finalParts, firstMessage, type Hash } from "../auth/scram-client.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";

export type BindingType = "tls-exporter" | "tls-server-end-point";

/** What the server offers on this stream. */
export interface Offer {
  readonly mechanisms: readonly string[];
  /** XEP-0440; empty where the feature is not there. */
  readonly bindings: readonly string[];
}

export interface SecureStream {
  readonly client: RawClient;
  readonly offer: Offer;
}

export interface SecureStreamOptions {
  readonly port: number;
  readonly direct: boolean;
  readonly version: "TLSv1.2" | "TLSv1.3";
  /** Default localhost. */
  readonly domain?: string;
  /** For SNI; "" for none. Default: the domain. */
  readonly servername?: string;
  /** A TLS session to be resumed. */
  readonly session?: Buffer;
}

/** An open stream under TLS, up to its features. */
export async function openSecure(options: SecureStreamOptions): Promise<SecureStream> {
  const { port, direct, version, domain = "localhost", servername = domain, session } = options;
  const tlsOptions = { minVersion: version, maxVersion: version, ...(session === undefined ? {} : { session }) };
  const client = await connectRaw({ port, tls: direct ? "direct" : "none", servername, tlsOptions });
  const header = headerTo(domain);
  if (!direct) {
    client.send(header);
    await client.expect("</stream:features>");
    client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await client.expect(/<proceed[^>]*>/);
    await client.startTls();
  }
  client.send(header);
  const features = await client.expect(/<stream:features>.*<\/stream:features>/s);
  return { client, offer: offerIn(features) };
}

/** RFC 9266 section 2 and RFC 5929 section 4.1, of what this end sees of its connection. The server signs with SHA-256. */
export function bindingData(client: RawClient, type: BindingType): Uint8Array {
  if (client.secure === null) throw new Error("no TLS");
  if (type === "tls-exporter") return client.secure.tlsExporter;
  return createHash("sha256").update(client.secure.peerCertificate).digest();
}

export interface BoundLogin {
  readonly username: string;
  readonly password: string;
  readonly hash: Hash;
  /** The gs2 flag (RFC 5802 section 7). */
  readonly flag: "n" | "y" | `p=${string}`;
  readonly data?: Uint8Array;
}

export type LoginOutcome =
  /** `serverProved`: its signature is that of one who has the account's keys. */
  | { readonly success: true; readonly serverProved: boolean; readonly offerHash: string | undefined }
  | { readonly success: false; readonly condition: string; readonly text: string | undefined; readonly offerHash: string | undefined };

export async function scramLogin(client: RawClient, login: BoundLogin): Promise<LoginOutcome> {
  const scram = {
    hash: login.hash,
    username: login.username,
    password: login.password,
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    gs2Header: `${login.flag},,`,
    channelBinding: login.data,
  };
  const mechanism = `SCRAM-${login.hash === "sha1" ? "SHA-1" : "SHA-256"}${login.flag.startsWith("p=") ? "-PLUS" : ""}`;
  client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${encode(firstMessage(scram))}</auth>`);
  const answer = await client.expect(saslAnswer);
  if (!answer.startsWith("<challenge")) return failureIn(answer, undefined);
  const serverFirst = textIn(answer);
  const offerHash = /,h=([^,]*)/.exec(serverFirst)?.[1];
  const { final, verifier } = finalParts(scram, serverFirst);
  client.send(`<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${encode(finalMessage(final))}</response>`);
  const end = await client.expect(saslAnswer);
  return end.startsWith("<success") ? { success: true, serverProved: textIn(end) === `v=${verifier}`, offerHash } : failureIn(end, offerHash);
}

/** XEP-0474 section 6.1, from what this end was offered. */
export function expectedOfferHash(hash: Hash, { mechanisms, bindings }: Offer): string {
  const octets = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const list = (names: readonly string[]) => names.toSorted(octets).join("\u001e");
  const text = list(mechanisms) + (bindings.length > 0 ? `\u001f${list(bindings)}` : "");
  return createHash(hash).update(text).digest("base64");
}

/** Binds a resource: the proof that the login was one. Returns the full JID. */
export async function bind(client: RawClient): Promise<string> {
  client.send(headerTo("localhost"));
  await client.expect("</stream:features>");
  client.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  const jid = /<jid>(.*)<\/jid>/.exec(await client.expect(/<jid>.*<\/jid>/))?.[1];
  return jid ?? "";
}

function headerTo(domain: string): string {
  return `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}' version='1.0'>`;
}

const saslAnswer = /<challenge[^>]*>[^<]*<\/challenge>|<success[^>]*>[^<]*<\/success>|<failure.*?<\/failure>/s;

function offerIn(features: string): Offer {
  const all = (pattern: RegExp) => [...features.matchAll(pattern)].map((match) => match[1] ?? "");
  return {
    // Those of RFC 6120: those of XEP-0388 stand beside them.
    mechanisms: [...(/<mechanisms [^]*?<\/mechanisms>/.exec(features)?.[0] ?? "").matchAll(/<mechanism>([^<]*)<\/mechanism>/g)].map((match) => match[1] ?? ""),
    bindings: all(/<channel-binding [^>]*type=["']([^"']*)["']/g),
  };
}

function failureIn(failure: string, offerHash: string | undefined): LoginOutcome {
  const condition = /<failure[^>]*><([a-z-]+)/.exec(failure)?.[1] ?? "";
  return { success: false, condition, text: /<text[^>]*>([^<]*)</.exec(failure)?.[1], offerHash };
}

function textIn(element: string): string {
  return Buffer.from(/>([^<]*)</.exec(element)?.[1] ?? "", "base64").toString();
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
