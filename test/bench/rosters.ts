/**
 * Milliseconds of server CPU for a login and for a change of presence, by the number of contacts: none of them there, then all of them. The
 * clients are in another process. Not part of the suite.
 *   npx tsc -p tsconfig.json --outDir dist/bench && node dist/bench/test/bench/rosters.js
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { accountStream } from "../../src/domain/facts.ts";
import type { Fact } from "../../src/ports.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient, type ServerAddress } from "../support/login.ts";

const sizes = [10, 100, 1_000, 4_000];
/** Contacts who can be there at once: more sockets than that are another measurement. */
const presentMax = 1_000;
const logins = 20;
const changes = 50;

type Order = { readonly do: "gather"; readonly count: number } | { readonly do: "log in" | "change"; readonly user: string; readonly times: number };

if (process.send === undefined) await serve();
else play(JSON.parse(process.argv[2] ?? "") as ServerAddress);

async function serve(): Promise<void> {
  const server = await startServer({ allowPlaintext: true, limits: { connectionsPerAddress: 10_000, scramIterations: 4_096 } });
  const contacts = Array.from({ length: Math.max(...sizes) }, (_, index) => `c${index}@localhost`);
  for (const jid of contacts.slice(0, presentMax)) await server.addUser(jid, "secret");
  for (const size of sizes) {
    await server.addUser(`u${size}`, "secret");
    await befriend(`u${size}`, contacts.slice(0, size));
  }
  const { domain, port, tlsPort } = server;
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify({ domain, port, tlsPort })]);
  const order = async (order: Order): Promise<number> => {
    const before = process.cpuUsage();
    child.send(order);
    await once(child, "message");
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  for (const there of [false, true]) {
    if (there) await order({ do: "gather", count: presentMax });
    console.log(there ? "contacts, all of them there" : "contacts, none of them there");
    for (const size of sizes.filter((size) => !there || size <= presentMax)) {
      const user = `u${size}`;
      await order({ do: "log in", user, times: 2 });
      const login = (await order({ do: "log in", user, times: logins })) / logins;
      const change = (await order({ do: "change", user, times: changes })) / changes;
      console.log(`${String(size).padStart(6)}: login with roster ${login.toFixed(2)} ms, change of presence ${change.toFixed(3)} ms`);
    }
  }
  child.kill();
  await server.stop();

  /** As if both had agreed long ago. */
  async function befriend(user: string, contacts: readonly string[]): Promise<void> {
    const set = (username: string, jid: string, version: number): Fact => {
      const item = { jid, name: "", groups: ["Friends"], subscription: "both", ask: false, approved: false };
      const data = { host: "localhost", username, item, version };
      return { type: "RosterItemSet", v: 1, at: Date.now(), step: "bench", cause: null, data };
    };
    const facts = contacts.map((jid, index) => set(user, jid, index + 1));
    await server.store.append(accountStream("localhost", user), "any", facts);
    const others = contacts.slice(0, presentMax).map((jid) => jid.slice(0, jid.indexOf("@")));
    for (const other of others) await server.store.append(accountStream("localhost", other), "any", [set(other, `${user}@localhost`, 1)]);
  }
}

function play(server: ServerAddress): void {
  const gathered: BoundClient[] = [];
  const begin = async (user: string): Promise<BoundClient> => {
    const client = await login(server, { user, over: "plaintext" });
    await client.ask("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
    await client.ask("<presence/>");
    return client;
  };
  const obey = async (order: Order): Promise<void> => {
    if (order.do === "gather") {
      for (let index = 0; index < order.count; index += 1) gathered.push(await begin(`c${index}`));
    } else if (order.do === "log in") {
      for (let round = 0; round < order.times; round += 1) await (await begin(order.user)).close();
    } else {
      const client = await begin(order.user);
      for (let round = 0; round < order.times; round += 1) await client.ask(`<presence><priority>${round % 100}</priority></presence>`);
      await client.close();
    }
    for (const client of gathered) await client.caughtUp();
  };
  process.on("message", (order: Order) => void obey(order).then(() => process.send?.("done")));
}
