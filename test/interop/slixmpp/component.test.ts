/** slixmpp as an external component (XEP-0114): it echoes, is a contact, is in a room, and comes back when the server was killed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../../src/testing/start-server.ts";
import { PythonAgent } from "../python-agent.ts";
import { PythonUser, type LoginResult } from "../python-setting.ts";
import { slixmppIsMissing } from "./setting.ts";
import { certificateOf } from "../trust.ts";

const secret = "between us";
let server: TestServer;
let agent: PythonAgent;
let folder: string;
let logins = 0;

beforeAll(async () => {
  if (slixmppIsMissing) return;
  server = await startServer({ components: [{ domain: "echo.localhost", secret }] });
  for (const name of ["alice", "bob"]) await server.addUser(name, "secret");
  folder = mkdtempSync(join(tmpdir(), "refrain-component-"));
  writeFileSync(join(folder, "ca.pem"), await certificateOf(server));
  agent = new PythonAgent(new URL("component-agent.py", import.meta.url));
  await agent.call("component", { domain: "echo.localhost", secret, port: server.componentPort });
});
afterAll(async () => {
  if (slixmppIsMissing) return;
  await agent.call("leave", {});
  await agent.stop();
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function online(name: string): Promise<PythonUser> {
  const client = `client ${++logins}`;
  const result = await agent.call("login", { client, jid: `${name}@localhost/r${logins}`, password: "secret", port: server.port, ca: join(folder, "ca.pem") });
  const user = new PythonUser(agent, client, result as LoginResult);
  await user.call("presence");
  await user.settled();
  return user;
}

describe.skipIf(slixmppIsMissing)("XEP-0114 with slixmpp", () => {
  it("is listed, describes itself, echoes, and asks the server", async () => {
    const alice = await online("alice");
    expect(await alice.call("items", { to: "localhost" })).toEqual(["echo.localhost", "muc.localhost"]);
    expect(await alice.call("info", { to: "echo.localhost" })).toContainEqual(["gateway", "irc"]);
    for (const body of ["hello", "für dich <&> 😀"]) {
      await alice.call("message", { to: "anybody@echo.localhost", body });
      expect(await alice.next("message")).toEqual(["anybody@echo.localhost", body]);
    }
    expect(await agent.call("server_version", {})).toBe("refrain");
    await alice.call("logout");
  });

  it("is a contact, and an occupant of a room", async () => {
    const bob = await online("bob");
    await bob.call("subscribe", { to: "ann@echo.localhost" });
    expect([await bob.next("presence"), await bob.next("presence")]).toEqual(["ann@echo.localhost subscribed", "ann@echo.localhost/echo available here"]);
    const room = "lobby@muc.localhost";
    await bob.call("join", { room, nick: "Bob" });
    await agent.call("enter", { room, nick: "Ann", jid: "ann@echo.localhost/irc" });
    await agent.call("server_version", {});
    await bob.call("say", { room, body: "anybody there?" });
    await bob.settled();
    await agent.call("server_version", {});
    expect(await agent.call("heard", {})).toEqual(["Bob: anybody there?"]);
    await bob.call("logout");
  });

  it("comes back when the server was killed, and echoes", { timeout: 30_000 }, async () => {
    await server.restart({ kill: true });
    await agent.call("returned", { sessions: 2 });
    const alice = await online("alice");
    await alice.call("message", { to: "echo.localhost", body: "again" });
    expect(await alice.next("message")).toEqual(["echo.localhost", "again"]);
    await alice.call("logout");
  });
});
