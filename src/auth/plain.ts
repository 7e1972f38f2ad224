/** PLAIN, the server's side (RFC 4616 section 2). */
import { decoyCredentials } from "./decoy.ts";
import { clientFirstExchange, refuse } from "./exchange.ts";
import type { SaslContext, SaslExchange, Turn } from "./exchange.ts";
import { claimedIdentity } from "./identity.ts";
import { checkPassword } from "./keys.ts";
import { decodeUtf8 } from "./text.ts";

export function plainExchange(context: SaslContext): SaslExchange {
  return clientFirstExchange((response) => answer(context, response));
}

async function answer(context: SaslContext, response: Uint8Array): Promise<Turn> {
  const message = decodeUtf8(response);
  if (message === undefined) return refuse("malformed-request", "the message is not UTF-8");
  const [authzid, authcid, password, ...rest] = message.split("\0");
  if (!authcid || !password || rest.length > 0) {
    return refuse("malformed-request", "the message is not [authzid] NUL user name NUL password");
  }
  // RFC 6120 section 6.6: an empty authorization identity is none.
  const claimed = claimedIdentity(authcid, authzid || undefined, context.host);
  if (claimed.kind === "failure") return { outcome: claimed };
  const { username } = claimed;
  const refused = await context.admit?.(username);
  if (refused !== undefined) return { outcome: refused };
  const check = () => checked(context, username, password);
  // Before anything depends on the account: the answer must not tell whether there is one.
  const turn = await (context.passwordChecks?.admit(check) ?? check());
  if (turn !== undefined) return turn;
  // RFC 6120 section 6.5.11.
  const text = "Too many logins at the same time, try again in a moment";
  return refuse("temporary-auth-failure", "too many passwords are being checked", { username, text });
}

async function checked(context: SaslContext, username: string, password: string): Promise<Turn> {
  // The same work whether there is such an account or not.
  const decoy = decoyCredentials(context, username);
  const found = await context.lookup(username);
  const right = await checkPassword(found ?? decoy, password);
  if (found === undefined) return refuse("not-authorized", "no such account", { username });
  if (!right) return refuse("not-authorized", "wrong password", { username });
  return { outcome: { kind: "success", username } };
}
