/** mcabber in a terminal: three enter a room, talk, whisper, take other nicks, and are shown out. */
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import { startServer, type TestServer } from "../../../src/testing/index.ts";
import { Mcabber, mcabberMissing } from "./terminal.ts";

const missing = mcabberMissing();
if (missing !== undefined) console.warn(`SKIPPED: test/interop/mcabber: ${missing}`);

/** Milliseconds for three clients with a terminal each. */
const patience = 30_000;

describe.skipIf(missing !== undefined)("XEP-0045 with mcabber in a terminal", () => {
  const room = "orchard@muc.localhost";
  let server: TestServer;
  let clients: Mcabber[] = [];
  beforeAll(async () => {
    server = await startServer();
    for (const name of ["alice", "bob", "carol"]) await server.addUser(name, "secret");
  });
  afterEach(async () => {
    const stopping = clients;
    clients = [];
    await Promise.all(stopping.map((client) => client.stop()));
  });
  afterAll(() => server.stop());

  async function start(name: string): Promise<Mcabber> {
    const client = new Mcabber(server, `${name}@localhost`, "secret");
    clients.push(client);
    // It sees its own resource.
    await client.logs(`${name}@localhost`, /^SO /m);
    return client;
  }

  /** Its commands for rooms are for the one that it has found in its list, and with the enter key it shows that. */
  async function enter(client: Mcabber, nick: string): Promise<void> {
    client.type(`room join ${room} ${nick}`);
    await client.logs(room, /You have joined/);
    client.type(`roster search ${room}`);
    client.press("\r");
  }

  it("makes a room, lets others in, talks to all and to one, and removes one", async () => {
    const [alice, bob, carol] = [await start("alice"), await start("bob"), await start("carol")];
    await enter(alice, "Alice");
    alice.type("room unlock");
    alice.type(`say_to ${room} good morrow`);
    await alice.logs(room, /^MR .* <Alice> good morrow$/m);
    await enter(bob, "Bob");
    // What was said before is shown, and not logged again.
    await bob.shows("good morrow");
    await alice.logs(room, /Bob has joined/);
    await enter(carol, "Carol");
    await bob.logs(room, /Carol has joined/);
    bob.type(`say_to ${room} to you too`);
    for (const client of [alice, bob, carol]) await client.logs(room, /^MR .* <Bob> to you too$/m);
    // COMPAT(mcabber, 1.1): its topics have an empty body too, and are for the room what anybody says (section 8.1).
    alice.type("room topic Roses & thorns");
    for (const client of [alice, bob, carol]) await client.logs(room, /Alice has set the topic to: Roses & thorns/);
    bob.type("room privmsg Carol psst");
    await carol.shows("psst");
    bob.type("room nick Robert");
    for (const client of [alice, carol]) await client.logs(room, /Bob is now known as Robert/);
    alice.type("room kick Carol enough");
    await carol.logs(room, /kicked[^]*enough/);
    await bob.logs(room, /Carol has been kicked[^]*enough/);
    bob.type("room leave good night");
    await alice.logs(room, /Robert has left[^]*good night/);
  }, patience);
});
