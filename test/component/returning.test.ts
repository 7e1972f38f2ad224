/** What users who come back after the server was killed are told of the addresses of a component that does not (RFC 6121 section 4.6.3). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { componentReturnMs } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { ManagedStage, type ManagedClient } from "../management/support.ts";
import { Component, secret, words } from "./setting.ts";

const clock = new HandClock();
let server: TestServer;
let stage: ManagedStage;
let gateway: Component;
beforeAll(async () => {
  server = await startServer({
    allowPlaintext: true, components: [{ domain: "gw.localhost", secret }], session: { resumptionMs: 600_000, silenceMs: 86_400_000 }, parts: { clock },
  });
  stage = new ManagedStage(server);
});
afterEach(() => {
  stage.clear();
  gateway.cut();
});
afterAll(() => server.stop());

const ann = "ann@gw.localhost";
const room = "room@gw.localhost/romeo";

/** romeo sees ann, and is in a room of the gateway; the server was killed, and he has come back. */
async function returned(): Promise<ManagedClient> {
  gateway = await Component.connect(server, "gw.localhost");
  const romeo = await stage.resumable((await stage.cast("romeo")).romeo);
  const bare = romeo.jid.split("/")[0]!;
  await romeo.ask("<presence/>");
  await romeo.ask(`<presence type='subscribe' to='${ann}'/>`);
  await gateway.ask(`<presence type='subscribed' from='${ann}' to='${bare}'/><presence from='${ann}/x' to='${bare}'/>`);
  await romeo.ask(`<presence to='${room}'/><presence type='subscribe' to='asked@gw.localhost'/>`);
  await gateway.ask(`<presence from='${room}' to='${romeo.jid}'/>`);
  await romeo.caughtUp();
  await server.restart({ kill: true });
  await romeo.resume();
  expect((await romeo.caughtUp()).map(words)).toEqual([]);
  return romeo;
}

describe("RFC 6121 section 4.6.3: users who were there before the server was killed", () => {
  it("are told that the addresses of a component that does not come back are gone", async () => {
    const romeo = await returned();
    clock.forward(componentReturnMs - 1_000);
    expect((await romeo.caughtUp()).map(words)).toEqual([]);
    clock.forward(1_001);
    expect((await romeo.caughtUp()).map(words)).toEqual([
      `presence unavailable ${ann} → romeo@localhost/phone`, `presence unavailable ${room} → romeo@localhost/phone`,
    ]);
  });

  it("are told nothing where it comes back", async () => {
    const romeo = await returned();
    gateway = await Component.connect(server, "gw.localhost");
    clock.forward(componentReturnMs + 1);
    expect((await romeo.caughtUp()).map(words)).toEqual([]);
    expect((await romeo.ask(`<presence type='unavailable' to='${room}'/>`)).map(words)).toEqual([]);
  });
});
