/** profanity in a terminal: makes a room, talks, sets the subject, and shows who is there. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../../src/testing/index.ts";
import { joining, roomWords, said } from "../../muc/setting.ts";
import { login, type BoundClient } from "../../support/login.ts";
import { Profanity, profanityMissing } from "./terminal.ts";

const missing = profanityMissing();
if (missing !== undefined) console.warn(`SKIPPED: test/interop/profanity: ${missing}`);

/** Milliseconds for a client that redraws its screen now and then. */
const patience = 60_000;

describe.skipIf(missing !== undefined)("XEP-0045 with profanity in a terminal", () => {
  const room = "orchard@muc.localhost";
  let server: TestServer;
  let alice: Profanity;
  let bob: BoundClient;
  beforeAll(async () => {
    server = await startServer();
    for (const name of ["alice", "bob"]) await server.addUser(name, "secret");
  });
  afterEach(() => alice.stop());
  afterAll(() => server.stop());

  const hears = (...expected: readonly string[]) => {
    const heard: string[] = [];
    return expect.poll(async () => {
      heard.push(...(await bob.caughtUp()).map(roomWords));
      return heard;
    }, { interval: 50, timeout: 8_000 }).toEqual(expected);
  };

  it("makes a room, is heard and hears, gives an affiliation, takes another nick, and removes somebody", async () => {
    alice = new Profanity();
    await alice.login(server, "alice@localhost", "secret");
    await alice.type(`/join ${room} nick Alice`);
    await alice.shows(/You have joined the room as Alice, role: moderator, affiliation: owner/);
    await alice.type("/room accept");
    await alice.shows(/Room unlocked/);
    await alice.type('/subject set "Roses & thorns"');
    await alice.shows(/Alice has set the room subject: Roses & thorns/);
    await alice.type("good morrow");
    await alice.shows(/Alice: good morrow/);
    bob = await login(server, { user: "bob", password: "secret" });
    bob.send(joining(room, "Bob"));
    await hears("Alice: moderator/owner", "Bob: participant/none [110 170]", 'Alice: "good morrow" (delayed)', 'Alice subject: "Roses & thorns" (delayed)');
    await alice.shows(/Participants\s[^]*Bob/);
    bob.send(said(room, "to you too"));
    await alice.shows(/Bob: to you too/);
    await hears('Bob: "to you too"');
    await alice.type("/nick Ally");
    await hears("Alice unavailable: moderator/owner as Ally [303]", "Ally: moderator/owner");
    await alice.type("/affiliation set member bob@localhost");
    await hears("Bob: participant/member [110]");
    await alice.type("/kick Bob enough");
    await hears("Bob unavailable: none/member [110 307]");
    await alice.shows(/Bob has been kicked from the room by Ally, reason: enough/);
  }, patience);
});
