/** What an operator does to accounts, the same in a running server and on a store that is opened for it. */
import { type DeviceTokens, withoutDevice } from "../auth/device-tokens.ts";
import { deriveCredentials } from "../auth/keys.ts";
import { type Jid, parseJid, prepareDomain } from "../domain/jid.ts";
import { AccountExistsError, type Accounts, NoSuchAccountError } from "../log/accounts.ts";
import { NameReservedError } from "../log/invitations.ts";
import type { AccountRow } from "../log/projections/accounts.ts";
import type { Append, Json, Random } from "../ports.ts";
import { type DeviceView, type ImportEntry, importEntriesMax, type ImportFailure, type ImportOutcome, type UserAdmin } from "./api.ts";
import { AdminError } from "./errors.ts";

export interface AccountAdminOptions {
  readonly accounts: Accounts;
  /** The configured domains, prepared. */
  readonly hosts: readonly string[];
  /** Domains of external components. */
  readonly components?: readonly string[];
  readonly random: Random;
  /** PBKDF2 iterations of new passwords. */
  readonly iterations: number;
  /** Ends what others have with an account, before it goes. The account may not exist. `asker`: a session of it that goes on for now, by its id. */
  readonly onDeleting?: (host: string, username: string, asker?: string) => Promise<void>;
  /** Whether a name is kept free for somebody else. */
  readonly isReserved?: (host: string, username: string) => Promise<boolean>;
  /** Told when an account is gone, so that its sessions end. Resolves when what was still to be recorded of them is durable. */
  readonly onDeleted?: (host: string, username: string) => Promise<void> | void;
  /** Told when nobody may log in to an account any more, so that its sessions end. */
  readonly onDisabled?: (host: string, username: string) => void;
  /** Told when a device may not log in without the password any more, so that its sessions end. */
  readonly onRevoked?: (host: string, username: string, device: string) => void;
  /** The devices that have a session now. */
  readonly onlineDevices?: (host: string, username: string) => ReadonlySet<string>;
  /** Told before somebody may log in to it again. */
  readonly onEnabling?: (host: string, username: string) => void;
}

export interface AccountAdmin extends UserAdmin {
  /** As `userAdd`, in one commit with what another stream is given; rejects with its ConcurrencyError if that cannot be. */
  userAddBeside(jid: string, password: string, beside: Append): Promise<string>;
  userDelete(jid: string, asker?: Asker): Promise<string>;
}

/** The session of the account itself that asks for its end: the last one to end. */
export interface Asker {
  readonly session: string;
  /** The account is gone; the session ends next. */
  gone(): void;
}

/** The operations as functions, so that they can be spread into a larger API. */
export function createAccountAdmin({ accounts, hosts, components = [], random, iterations, isReserved, onDeleting, onDeleted, onDisabled, onRevoked, onlineDevices, onEnabling }: AccountAdminOptions): AccountAdmin {
  const others = componentsAsOthers(components);
  const derive = async (password: string) => {
    try {
      return await deriveCredentials(password, random, iterations);
    } catch (error) {
      // Its messages name the password's fault, never the password.
      if (error instanceof RangeError) throw new AdminError("password-unusable", error.message);
      throw error;
    }
  };

  const add = async (text: string, password: string, beside?: Append): Promise<string> => {
    const { local, domain, bare } = parseAccount(text, hosts, others);
    // Before the work of deriving keys; `create` decides.
    if (await accounts.exists(domain, local)) throw refusal(new AccountExistsError(domain, local));
    if (beside === undefined && (await isReserved?.(domain, local)) === true) throw new AdminError("account-exists", new NameReservedError(domain, local).message);
    const credentials = await derive(password);
    await accounts.create(domain, local, credentials, beside).catch(rethrow);
    return bare;
  };

  const list = async (text: string | undefined, isListed: (row: AccountRow) => boolean): Promise<readonly string[]> => {
    const host = text === undefined ? undefined : requireHost(text, hosts);
    const jids: string[] = [];
    for (let page = await accounts.list(host, { limit: pageAccounts }); ; ) {
      for (const row of page) if (isListed(row)) jids.push(`${row.username}@${row.host}`);
      const after = page.at(-1);
      if (after === undefined || page.length < pageAccounts) return jids;
      page = await accounts.list(host, { after, limit: pageAccounts });
    }
  };

  return {
    userAdd: (text, password) => add(text, password),
    userAddBeside: add,

    async userPasswd(text, password) {
      const { local, domain, bare } = parseAccount(text, hosts, others);
      if (!(await accounts.exists(domain, local))) throw refusal(new NoSuchAccountError(domain, local));
      const credentials = await derive(password);
      await accounts.setCredentials(domain, local, credentials).catch(rethrow);
      return bare;
    },

    async userDelete(text, asker) {
      const { local, domain, bare } = parseAccount(text, hosts, others);
      await onDeleting?.(domain, local, asker?.session);
      await accounts.delete(domain, local).catch(rethrow);
      asker?.gone();
      await onDeleted?.(domain, local);
      await accounts.forgetRest(domain, local);
      return bare;
    },

    async userDisable(text) {
      const { local, domain, bare } = parseAccount(text, hosts, others);
      await accounts.setDisabled(domain, local, true).catch(rethrow);
      onDisabled?.(domain, local);
      return bare;
    },

    async userEnable(text) {
      const { local, domain, bare } = parseAccount(text, hosts, others);
      onEnabling?.(domain, local);
      await accounts.setDisabled(domain, local, false).catch(rethrow);
      return bare;
    },

    async userDevices(text) {
      const { local, domain } = parseAccount(text, hosts, others);
      const tokens = await tokensOf(accounts, domain, local);
      const online = onlineDevices?.(domain, local);
      const views = Object.entries(tokens).map(([id, { software, label, since, seenAt, current, fresh }]): DeviceView => {
        const expiresAt = Math.max(current?.expiresAt ?? 0, fresh?.expiresAt ?? 0);
        return { id, software, label, since, seenAt, expiresAt, online: online?.has(id) ?? null };
      });
      return views.toSorted((one, other) => other.seenAt - one.seenAt);
    },

    async userRevoke(text, wanted) {
      const { local, domain, bare } = parseAccount(text, hosts, others);
      const found = Object.keys(await tokensOf(accounts, domain, local)).filter((id) => id === wanted || (wanted.length >= 4 && id.startsWith(wanted)));
      const [device] = found;
      if (device === undefined || found.length > 1) {
        throw new AdminError("device-unknown", `${bare}: no such device: ${JSON.stringify(wanted)}; \`refrain user devices ${bare}\` lists them by their ids`);
      }
      const without = (tokens: Json | undefined): Json | undefined => (tokens === undefined ? undefined : withoutDevice(tokens as DeviceTokens, device));
      await accounts.changeDeviceTokens(domain, local, { device, why: "revoked" }, without).catch(rethrow);
      onRevoked?.(domain, local, device);
      return device;
    },

    userDisabled: (text) => list(text, ({ disabledAt }) => disabledAt !== undefined),

    userList: (text) => list(text, () => true),

    async userImport(entries) {
      if (entries.length > importEntriesMax) {
        throw new AdminError("request-malformed", `entries: expected at most ${importEntriesMax}, got ${entries.length}`);
      }
      return importAll(entries, (entry) => add(entry.jid, entry.password));
    },
  };
}

/** Rejects for an account that does not exist. */
async function tokensOf(accounts: Accounts, host: string, username: string): Promise<DeviceTokens> {
  if (!(await accounts.exists(host, username))) throw refusal(new NoSuchAccountError(host, username));
  return ((await accounts.deviceTokens(host, username)) ?? {}) as DeviceTokens;
}

const pageAccounts = 1_000;

/**
 * Entries under way at once: enough that the threads which derive keys never wait for a commit, few enough that
 * a login which needs one of them does not wait long.
 */
const importLanes = 32;

async function importAll(
  entries: readonly ImportEntry[],
  add: (entry: ImportEntry) => Promise<string>,
): Promise<ImportOutcome> {
  const failures: ImportFailure[] = [];
  const waiting = entries.values();
  const lane = async () => {
    for (const entry of waiting) {
      try {
        await add(entry);
      } catch (error) {
        if (!(error instanceof AdminError)) throw error;
        failures.push({ line: entry.line, message: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: importLanes }, lane));
  return { created: entries.length - failures.length, failures: failures.toSorted((a, b) => a.line - b.line) };
}

/** Throws AdminError jid-malformed or host-unknown. `others`: domains here that have no accounts, with what they are. */
export function parseAccount(text: string, hosts: readonly string[], others: OtherDomains = new Map()): Jid & { readonly local: string } {
  const jid = parseUser(text, hosts);
  const other = others.get(jid.domain);
  if (other !== undefined) throw new AdminError("host-unknown", `${jid.domain}: it is ${other}, and there are no accounts or sessions of it here; name one of ${hosts.join(", ")}`);
  if (!hosts.includes(jid.domain)) throw unknownHost(jid.domain, hosts);
  return jid;
}

/** Domains of components and the like: "the external component echo.localhost". */
export type OtherDomains = ReadonlyMap<string, string>;

export function componentsAsOthers(components: readonly string[]): OtherDomains {
  return new Map(components.map((domain) => [domain, "the domain of an external component"]));
}

/** Of any host. Throws AdminError jid-malformed. */
export function parseUser(text: string, hosts: readonly string[]): Jid & { readonly local: string } {
  const jid = parseJid(text);
  if (jid?.local === undefined || jid.resource !== undefined) {
    const example = `romeo@${hosts[0] ?? "localhost"}`;
    throw new AdminError("jid-malformed", `JID ${JSON.stringify(text)}: expected USER@HOST, such as ${example}`);
  }
  return jid as Jid & { readonly local: string };
}

/** The host of this server that `text` names. Throws AdminError host-unknown. */
export function requireHost(text: string, hosts: readonly string[]): string {
  const host = prepareDomain(text);
  if (host === undefined || !hosts.includes(host)) throw unknownHost(host ?? JSON.stringify(text), hosts);
  return host;
}

function unknownHost(domain: string, hosts: readonly string[]): AdminError {
  const fix = "use one of them, or add it to `hosts` in the configuration file";
  return new AdminError("host-unknown", `${domain}: not a host of this server, which has ${hosts.join(", ")}; ${fix}`);
}

/** The store's expected errors become the operator's; the others stay what they are. */
function refusal(error: unknown): unknown {
  if (error instanceof AccountExistsError) return new AdminError("account-exists", error.message);
  if (error instanceof NoSuchAccountError) return new AdminError("account-unknown", error.message);
  return error;
}

function rethrow(error: unknown): never {
  throw refusal(error);
}
