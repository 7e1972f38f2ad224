/** The way to the accounts: through the running server, else by opening its store. */
import { existsSync } from "node:fs";
import { createAccountAdmin } from "../admin/account-admin.ts";
import { createAccountTransfer } from "../admin/account-transfer.ts";
import type { AccountTransfer, ArchiveTransfer, ContactAdmin, InvitationAdmin, LogAdmin, UserAdmin } from "../admin/api.ts";
import { createArchiveTransfer } from "../admin/archive-transfer.ts";
import { connectAdmin } from "../admin/connect.ts";
import { createContactAdmin } from "../admin/contact-admin.ts";
import { AdminError } from "../admin/errors.ts";
import { createHistoryAdmin } from "../admin/history-admin.ts";
import { createInvitationAdmin } from "../admin/invitation-admin.ts";
import { createLogAdmin } from "../admin/log-admin.ts";
import { prepareDataFolder, requireDataFolder, storeFile } from "../config/data-folder.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { HistorySource } from "../history/source.ts";
import { liveClock, liveIds, liveRandom } from "../live.ts";
import { Accounts } from "../log/accounts.ts";
import { invitationPage } from "../landing/address.ts";
import { StoreLockedError } from "../log/errors.ts";
import { Invitations } from "../log/invitations.ts";
import { loadAccount } from "../log/load-account.ts";
import { openSqliteStore } from "../log/sqlite/sqlite-store.ts";
import { fakeSaltKey, keyFor } from "../log/server-secret.ts";
import type { Store } from "../ports.ts";
import { createArchiveIds } from "../router/archive-ids.ts";
import { endContactsOffline } from "./end-contacts-offline.ts";
import { forgetInRoomsOffline } from "./forget-in-rooms-offline.ts";
import { OperatorError } from "./terminal.ts";

/** How long a server may take to start, or another command to end, before this one gives up. */
const busyMs = 5_000;
const retryMs = 100;

/** Where the accounts are that somebody was lent. */
export interface AccountsPlace {
  /** They are a running server's. */
  readonly running: boolean;
  /** Their folder was made for this. */
  readonly isNew: boolean;
}

/**
 * Lends `use` the accounts of the data folder; `makeFolder` if it may be the first to use it, and make its database.
 * Rejects with AdminError, OperatorError, StoreOpenError or DataFolderError.
 */
export async function withAccounts<T>(
  { config }: LoadedConfig,
  { makeFolder }: { makeFolder: boolean },
  use: (accounts: UserAdmin & InvitationAdmin & ContactAdmin & AccountTransfer & ArchiveTransfer & HistorySource & LogAdmin, place: AccountsPlace) => Promise<T>,
): Promise<T> {
  const isNew = makeFolder && prepareDataFolder(config.dataDir);
  if (!makeFolder) requireDataFolder(config.dataDir);
  const file = storeFile(config.dataDir);
  const deadline = liveClock.now() + busyMs;
  for (;;) {
    const client = await connectAdmin(config.dataDir, liveClock);
    if (client !== undefined) return use(client, { running: true, isNew }).finally(() => client.close());
    if (config.durability === "none") throw nowhere(config.dataDir);
    if (!makeFolder) requireDatabase(file);
    const store = await openUnlessLocked(file, config.durability);
    if (store !== undefined) {
      const hosts = config.hosts.map((host) => host.domain);
      const components = config.components.map(({ domain }) => domain);
      const options = {
        store,
        accounts: new Accounts(store, liveClock, liveIds),
        hosts,
        components,
        random: liveRandom,
        iterations: config.limits.scramIterations,
        offlineMessagesMax: config.limits.offlineMessages,
        onDeleting: async (host: string, username: string) => {
          await endContactsOffline(store, hosts, host, username);
          await forgetInRoomsOffline(store, `${username}@${host}`);
        },
      };
      const invitations = new Invitations({ store, clock: liveClock, ids: liveIds, random: liveRandom });
      const { registration: settings } = config;
      const invited = createInvitationAdmin({ ...options, invitations, settings, clock: liveClock, pageOf: (host, token) => invitationPage(config, host, token) });
      const contacts = createContactAdmin({ hosts, components, load: (host, username) => loadAccount(store, host, username) });
      const secret = () => fakeSaltKey(store, { clock: liveClock, ids: liveIds, random: liveRandom });
      const archives = createArchiveTransfer({ ...options, clock: liveClock, ids: async () => createArchiveIds(keyFor("archive ids", await secret())) });
      const own = { ...createAccountAdmin({ ...options, isReserved: (host, username) => invitations.isReserved(host, username) }), ...invited, ...contacts, ...createAccountTransfer(options), ...archives, ...createHistoryAdmin(options), ...createLogAdmin(options) };
      return use(own, { running: false, isNew }).finally(() => store.close());
    }
    if (liveClock.now() >= deadline) throw busy(config.dataDir);
    sleep(retryMs);
  }
}

async function openUnlessLocked(file: string, durability: "full" | "process"): Promise<Store | undefined> {
  try {
    return await openSqliteStore({ file, durability, onFatal: () => {} });
  } catch (error) {
    if (error instanceof StoreLockedError) return undefined;
    throw error;
  }
}

/** Who only looks makes nothing. A write-ahead log alone is a matter for the store, which tells what to do with it. */
function requireDatabase(file: string): void {
  if (existsSync(file) || existsSync(`${file}-wal`)) return;
  throw new OperatorError(`${file}: there is no database here; name the server's data folder with --data`);
}

/** Such a server keeps its accounts in memory. */
function nowhere(dataDir: string): AdminError {
  const problem = "no server runs, and with durability none there are no accounts but a running server's";
  return new AdminError("store-absent", `data folder ${dataDir}: ${problem}; start it first, or set durability to full`);
}

function busy(dataDir: string): AdminError {
  const fix = "wait for the other command, or for the server to be ready, or stop it";
  return new AdminError("store-busy", `data folder ${dataDir}: another process uses it and does not answer; ${fix}`);
}

/** There is nothing else for this process to do, and the timers of the Clock would let it end. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
