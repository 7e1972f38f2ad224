/** Two who talk, and what their archives tell them. */
import type { ArchiveTransfer } from "../../src/admin/api.ts";
import { createArchiveTransfer } from "../../src/admin/archive-transfer.ts";
import { liveClock, liveIds, liveRandom } from "../../src/live.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { fakeSaltKey, keyFor } from "../../src/log/server-secret.ts";
import { createArchiveIds } from "../../src/router/archive-ids.ts";
import type { TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";

export class ArchivedStage {
  readonly #server: TestServer;
  readonly #clients: BoundClient[] = [];

  constructor(server: TestServer) {
    this.#server = server;
  }

  async enter(user: string): Promise<BoundClient> {
    await this.#server.addUser(user, "secret");
    const { domain, port, tlsPort } = this.#server;
    const client = await login({ domain, port, tlsPort }, { user, resource: "r", over: "plaintext" });
    this.#clients.push(client);
    client.send("<presence/>");
    await client.caughtUp();
    return client;
  }

  /** The id by which the archive tells its only message. */
  async toldOf(jid: string): Promise<string> {
    const [message] = await (await this.#archives()).archiveExport(jid);
    if (message === undefined) throw new Error(`${jid} has no archive`);
    return message.told;
  }

  async innerOf(told: string): Promise<string | null> {
    return (await this.#archives()).archivedId(told);
  }

  async #archives(): Promise<ArchiveTransfer> {
    const { store } = this.#server;
    const secret = await fakeSaltKey(store, { clock: liveClock, ids: liveIds, random: liveRandom });
    const accounts = new Accounts(store, liveClock, liveIds);
    return createArchiveTransfer({ store, accounts, clock: liveClock, hosts: ["localhost"], ids: async () => createArchiveIds(keyFor("archive ids", secret)) });
  }

  async clear(): Promise<void> {
    for (const client of this.#clients) await client.close();
  }
}
