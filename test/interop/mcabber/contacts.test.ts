/** mcabber in a terminal: a contact is added, there is a chat, and the other is seen to leave. */
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import { startServer, type TestServer } from "../../../src/testing/index.ts";
import { Mcabber, mcabberMissing } from "./terminal.ts";

const missing = mcabberMissing();
if (missing !== undefined) console.warn(`SKIPPED: test/interop/mcabber: ${missing}`);

describe.skipIf(missing !== undefined)("mcabber in a terminal", () => {
  const [alice, bob] = ["alice@localhost", "bob@localhost"];
  let server: TestServer;
  let clients: Mcabber[] = [];
  beforeAll(async () => {
    server = await startServer();
    for (const jid of [alice, bob]) await server.addUser(jid, "secret");
  });
  afterEach(async () => {
    const stopping = clients;
    clients = [];
    await Promise.all(stopping.map((client) => client.stop()));
  });
  afterAll(() => server.stop());

  async function start(jid: string): Promise<Mcabber> {
    const client = new Mcabber(server, jid, "secret");
    clients.push(client);
    // It sees its own resource.
    await client.logs(jid, /^SO /m);
    return client;
  }

  it("adds a contact, chats, sees the other leave, and finds what was said meanwhile", async () => {
    const [hers, his] = [await start(alice), await start(bob)];
    hers.type(`add ${bob} Bob`);
    await his.shows("wants to subscribe to your presence updates");
    his.type("event * accept");
    await hers.logs(bob, /^SO /m);
    hers.type(`say_to ${bob} good morrow`);
    await his.logs(alice, /^MR .* good morrow$/m);
    his.type(`say_to ${alice} to you too`);
    await hers.logs(bob, /^MR .* to you too$/m);
    await his.stop();
    await hers.logs(bob, /^S_ /m);
    hers.type(`say_to ${bob} fare thee well`);
    await hers.logs(bob, /^MS .* fare thee well$/m);
    clients = [hers];
    const back = await start(bob);
    await back.logs(alice, /^MR .* fare thee well$/m);
    await hers.logs(bob, /^S_ [^]*^SO /m);
  });
});
