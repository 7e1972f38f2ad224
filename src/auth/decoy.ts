import { encodeBase64 } from "./base64.ts";
import { iterationsDefault } from "./keys.ts";
import type { Credentials, ScramKeys } from "./keys.ts";
import { hmac } from "./scram-hash.ts";
import type { ScramName } from "./scram-hash.ts";
import type { SaslContext } from "./exchange.ts";

/**
 * Credentials for an account that does not exist, so that its login goes the way of a wrong password, step by step and
 * in the same time (RFC 6120 section 6.5.10). The same name gets the same salt for ever, as an account would; nobody
 * can tell it from one without `fakeSaltKey`, and no password is known that fits. Where new passwords get other
 * iterations, it looks like an account whose password has been set anew: the salt is another, too.
 */
export function decoyCredentials(
  context: Pick<SaslContext, "host" | "fakeSaltKey" | "iterations">,
  username: string,
): Credentials {
  const iterations = context.iterations ?? iterationsDefault;
  const bytes = (name: ScramName, part: string) =>
    hmac(name, context.fakeSaltKey, [part, iterations, context.host, username].join("\0"));
  const keys = (name: ScramName): ScramKeys => ({
    salt: encodeBase64(bytes(name, "salt").subarray(0, 16)),
    iterations,
    storedKey: encodeBase64(bytes(name, "storedKey")),
    serverKey: encodeBase64(bytes(name, "serverKey")),
  });
  return { "SCRAM-SHA-1": keys("SCRAM-SHA-1"), "SCRAM-SHA-256": keys("SCRAM-SHA-256") };
}
