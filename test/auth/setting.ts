/** What every exchange here needs around it. */
import { randomBytes } from "node:crypto";
import type { Credentials } from "../../src/auth/keys.ts";
import { startExchange } from "../../src/auth/mechanism.ts";
import type { SaslContext, SaslExchange, SaslOutcome } from "../../src/auth/mechanism.ts";
import type { Random, SecureLink } from "../../src/ports.ts";
import { finalMessage, finalParts, firstMessage } from "./scram-client.ts";
import type { Client, Final } from "./scram-client.ts";

export const random: Random = { bytes: (count) => new Uint8Array(randomBytes(count)) };

export const tls13: SecureLink & { readonly tlsExporter: Uint8Array } = {
  protocol: "TLSv1.3",
  serverName: "example.org",
  tlsExporter: new TextEncoder().encode("THIS IS FAKE CB DATA"),
  tlsServerEndPoint: new TextEncoder().encode("the hash of a certificate"),
};

export const tls12: SecureLink = { ...tls13, protocol: "TLSv1.2", tlsExporter: undefined };

export function contextFor(
  accounts: Readonly<Record<string, Credentials>>,
  more: Partial<SaslContext> = {},
): SaslContext {
  return {
    host: "example.org",
    secure: tls13,
    plaintextAllowed: false,
    lookup: async (username) => (Object.hasOwn(accounts, username) ? accounts[username] : undefined),
    random,
    fakeSaltKey: new TextEncoder().encode("a secret of at least sixteen bytes"),
    ...more,
  };
}

/** A lookup in a store that does not answer. */
export const unreadable = (): Promise<never> => Promise.reject(new Error("the store is closed"));

export function start(mechanism: string, context: SaslContext): SaslExchange {
  const exchange = startExchange(mechanism, context);
  if (exchange === undefined) throw new Error(`${mechanism} is not offered`);
  return exchange;
}

export function say(exchange: SaslExchange, text: string): Promise<SaslOutcome> {
  return exchange.respond(new TextEncoder().encode(text));
}

export function heard(outcome: SaslOutcome): string {
  if (outcome.kind !== "failure" && outcome.data !== undefined) return new TextDecoder().decode(outcome.data);
  throw new Error(`expected data, got ${JSON.stringify(outcome)}`);
}

/** Both messages of a client; `change` may spoil the second. */
export async function login(
  exchange: SaslExchange,
  client: Client,
  change: (final: Final) => Final = (final) => final,
): Promise<{ readonly outcome: SaslOutcome; readonly verifier: string }> {
  const challenge = await say(exchange, firstMessage(client));
  if (challenge.kind !== "challenge") return { outcome: challenge, verifier: "" };
  const { final, verifier } = finalParts(client, heard(challenge));
  return { outcome: await say(exchange, finalMessage(change(final))), verifier };
}
