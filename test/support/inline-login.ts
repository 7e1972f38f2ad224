/** A client that logs in by XEP-0388: what it says is the test's, what comes is read element by element. */
import { createHmac } from "node:crypto";
import { BoundClient, connectSecure, streamHeader, type LoginOptions, type ServerAddress } from "./login.ts";
import { childOf, textOf, type Xml } from "./xml-reader.ts";

export const sasl2 = "urn:xmpp:sasl:2";
export const bind2 = "urn:xmpp:bind:0";
export const fast = "urn:xmpp:fast:0";

export interface OpenOptions {
  readonly over?: LoginOptions["over"];
  /** Whom the header claims to be. */
  readonly from?: string;
}

/** A stream with its first features, and nothing said in it yet. */
export async function openStream(server: ServerAddress, { over = "tls", from }: OpenOptions = {}): Promise<BoundClient> {
  const raw = await connectSecure(server, over);
  raw.send(streamHeader(server.domain, `version='1.0'${from === undefined ? "" : ` from='${from}'`}`));
  await raw.expect("</stream:features>");
  return new BoundClient(raw, server.domain);
}

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString("base64");

export const plainMessage = (user: string, password = "secret"): string => base64(`\0${user}\0${password}`);

/** What HT-SHA-256-* sends for a token, by draft-schmaus-kitten-sasl-ht. */
export function hashedToken(user: string, token: string, binding: Uint8Array = new Uint8Array()): string {
  const hash = createHmac("sha256", token).update("Initiator").update(binding).digest();
  return base64(Buffer.concat([Buffer.from(`${user}\0`), hash]));
}

export function responderOf(token: string, binding: Uint8Array = new Uint8Array()): string {
  return createHmac("sha256", token).update("Responder").update(binding).digest("base64");
}

export const userAgent = (id: string, software = "", device = ""): string =>
  `<user-agent id='${id}'>${software && `<software>${software}</software>`}${device && `<device>${device}</device>`}</user-agent>`;

export function authenticate(mechanism: string, initial: string | undefined, children = ""): string {
  return `<authenticate xmlns='${sasl2}' mechanism='${mechanism}'>${initial === undefined ? "" : `<initial-response>${initial}</initial-response>`}${children}</authenticate>`;
}

export const logInPlain = (user: string, children = ""): string => authenticate("PLAIN", plainMessage(user), children);

/** Sends it, and reads the answer; after success also the features that follow, if any do. */
export async function logIn(client: BoundClient, text: string, features = true): Promise<Xml> {
  client.send(text);
  const answer = await client.next();
  if (answer.name === "success") client.jid = textOf(childOf(answer, "authorization-identifier"));
  if (answer.name === "success" && features) featuresOf.set(answer, await client.next());
  return answer;
}

/** The features that followed a success. */
export const featuresOf = new WeakMap<Xml, Xml>();

/** Everything that an element has, by name and namespace, sorted. */
export const namesIn = (element: Xml | undefined): readonly string[] =>
  (element?.children ?? []).flatMap((child) => (typeof child === "string" ? [] : [`${child.name} ${child.xmlns}`]));
