/**
 * What a room costs: words said to all in a room of 100, and a room that 1,000 enter. Not part of the suite. After `npm run build`:
 *   npx tsc -p tsconfig.json --outDir dist/bench && node dist/bench/test/bench/room.js [OCCUPANTS] [ENTERING]
 * Server and clients share a process: the CPU time is that of both, so that a server alone does more than this says.
 */

import { startServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";

const occupants = Number(process.argv[2] ?? 100);
const entering = Number(process.argv[3] ?? 1_000);
const words = 300;
const atOnce = 25;

const server = await startServer({ allowPlaintext: true, limits: { connectionsPerAddress: 10_000 }, rooms: { occupants: 10_000 } });
const clients: BoundClient[] = [];
await joined("talk", occupants);
await talk("talk");
await joined("crowd", entering);
for (const { raw } of clients) raw.destroy();
await server.stop();

/** So many clients more than there are. */
async function come(count: number): Promise<void> {
  while (clients.length < count) {
    const names = Array.from({ length: Math.min(atOnce, count - clients.length) }, (_, index) => `u${clients.length + index}`);
    clients.push(...(await Promise.all(names.map(async (user) => {
      await server.addUser(user, "secret");
      return login(server, { user, resource: "bench", over: "plaintext" });
    }))));
  }
}

async function joined(name: string, count: number): Promise<void> {
  await come(count);
  const room = `${name}@muc.localhost`;
  const enter = (client: BoundClient, index: number) => client.ask(`<presence to='${room}/n${index}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  const [owner, ...others] = clients.slice(0, count) as [BoundClient, ...BoundClient[]];
  await enter(owner, 0);
  await owner.ask(`<iq type='set' id='i' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`);
  await measured(`${count} enter`, count * (count - 1), "presence stanzas", async () => {
    for (const [index, client] of others.entries()) await enter(client, index + 1);
    for (const client of clients.slice(0, count)) await client.caughtUp();
  });
}

async function talk(name: string): Promise<void> {
  await measured(`${words} messages to ${occupants}`, words * occupants, "copies", async () => {
    for (let number = 0; number < words; number += 1) {
      clients[number % occupants]!.send(`<message type='groupchat' to='${name}@muc.localhost' id='m${number}'><body>words ${number}</body></message>`);
    }
    for (let times = 0; times < 2; times += 1) for (const client of clients.slice(0, occupants)) await client.caughtUp();
  });
}

async function measured(what: string, count: number, unit: string, work: () => Promise<void>): Promise<void> {
  const [from, before] = [performance.now(), process.cpuUsage()];
  await work();
  const [ms, cpu] = [performance.now() - from, process.cpuUsage(before)];
  const cpuSeconds = (cpu.user + cpu.system) / 1e6;
  console.log(`${what}: ${Math.round(ms)} ms, ${cpuSeconds.toFixed(1)} s of CPU; ${Math.round(count / cpuSeconds)} ${unit} per second of CPU`);
}
