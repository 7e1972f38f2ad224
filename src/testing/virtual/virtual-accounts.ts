/** Accounts that exist before the virtual world begins, made without threads and without letting time pass. */
import { deriveCredentials, type Credentials } from "../../auth/keys.ts";
import { parseJid } from "../../domain/jid.ts";
import { Accounts } from "../../log/accounts.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { VirtualServer } from "./virtual-server.ts";

/**
 * Writes them to the disk of a server that need not be up. `names` are localparts or bare JIDs; they have the same password and, as the keys
 * of a password are computed once, the same salts. Returns their bare JIDs. Those that exist stay as they are.
 */
export async function makeAccounts(server: Pick<VirtualServer, "disk" | "time" | "domain">, names: readonly string[], password: string): Promise<readonly string[]> {
  const credentials = await credentialsOf(password);
  const owners = names.map((name) => {
    const { local, domain, bare } = parseJid(name.includes("@") ? name : `${name}@${server.domain}`) ?? {};
    if (local === undefined || domain === undefined || bare === undefined) throw new Error(`${name}: expected a localpart or a bare JID`);
    return { host: domain, username: local, bare };
  });
  const accounts = new Accounts(server.disk.store, server.time.lifetime().clock, new SeededRandom(0, "accounts"));
  await accounts.createMany(owners.map(({ host, username }) => ({ host, username, credentials })));
  return owners.map(({ bare }) => bare);
}

const derived = new Map<string, Promise<Credentials>>();

function credentialsOf(password: string): Promise<Credentials> {
  const made = derived.get(password) ?? deriveCredentials(password, new SeededRandom(0, "salts"));
  derived.set(password, made);
  return made;
}
