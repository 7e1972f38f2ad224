/** What the tests of the past share: a server with its log, read as the command line reads it. */
import { createHistoryAdmin } from "../../src/admin/history-admin.ts";
import { type HistorySource, type SessionRow, sessionsOf } from "../../src/history/source.ts";
import type { StoredFact } from "../../src/ports.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { ManagedClient } from "../management/support.ts";

export interface LoggedServer {
  readonly server: TestServer;
  readonly source: HistorySource;
  /** Logs in; nothing is enabled. */
  enter(user: string, resource?: string): Promise<ManagedClient>;
  /** Logs in, and enables stream management with resumption. */
  enterManaged(user: string, resource?: string): Promise<ManagedClient>;
  /** What was recorded before the call is in the log when it resolves. Returns the last position. */
  settled(): Promise<number>;
  facts(stream: string): Promise<readonly StoredFact[]>;
  all(): Promise<readonly StoredFact[]>;
  sessionsOf(user: string): Promise<readonly SessionRow[]>;
}

export async function loggedServer(users: readonly string[], options: TestServerOptions = {}): Promise<LoggedServer> {
  const server = await startServer({ allowPlaintext: true, ...options });
  for (const user of users) await server.addUser(user, "secret");
  const source = createHistoryAdmin({ store: server.store, hosts: [server.domain] });
  const enter: LoggedServer["enter"] = (user, resource = "phone") => ManagedClient.login(server, { user, resource });
  let markers = 0;
  return {
    server,
    source,
    enter,
    async enterManaged(user, resource) {
      const client = await enter(user, resource);
      await client.enable();
      return client;
    },
    facts: (stream) => everything((after) => server.store.read(stream, after, 1_000), ({ version }) => version),
    all: () => everything((after) => server.store.readAll(after, 1_000), ({ position }) => position),
    sessionsOf: (user) => sessionsOf(source, server.domain, user),
    async settled() {
      // Every turn that has begun commits what it holds before these are over.
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const marker = { type: "Marker", v: 1, at: 0, step: `marker-${++markers}`, cause: null, data: {} };
      return (await server.store.append("marker", "any", [marker])).position;
    },
  };
}

async function everything(read: (after: number) => Promise<readonly StoredFact[]>, placeOf: (fact: StoredFact) => number): Promise<readonly StoredFact[]> {
  const found: StoredFact[] = [];
  for (;;) {
    const page = await read(found.length === 0 ? 0 : placeOf(found.at(-1)!));
    if (page.length === 0) return found;
    found.push(...page);
  }
}
