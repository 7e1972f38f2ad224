import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { client, xml } from "@xmpp/client"; // any client will do
import { startServer } from "refrain/testing";
import extension from "./motto.js";

// The server's certificate is made for the test: nobody else trusts it.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";

const motto = (...text) => xml("motto", "urn:example:motto", ...text);
let server;
before(async () => {
  server = await startServer({ extensions: [extension] });
  for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
});
after(() => server.stop());

async function withClient(username, use) {
  const user = client({ service: `xmpp://127.0.0.1:${server.port}`, domain: server.domain, username, password: "secret" });
  await user.start();
  await use(user.iqCaller).finally(() => user.stop());
}

test("a motto is there again after a crash, and is nothing to a stranger", async () => {
  await withClient("romeo", async (romeo) => {
    await romeo.set(motto("Tempt not a desperate man."));
    await assert.rejects(romeo.set(motto("x".repeat(201))), { condition: "not-acceptable" });
  });
  await server.restart({ kill: true });
  await withClient("romeo", async (romeo) => assert.equal((await romeo.get(motto())).text(), "Tempt not a desperate man."));
  await withClient("juliet", async (juliet) => {
    await assert.rejects(juliet.get(motto(), "romeo@localhost"), { condition: "service-unavailable" });
    await assert.rejects(juliet.set(motto("mine"), "romeo@localhost"), { condition: "forbidden" });
    await assert.rejects(juliet.get(motto()), { condition: "item-not-found" });
  });
});
