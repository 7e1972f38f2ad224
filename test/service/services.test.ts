/** What a service promises to take, and cannot, is told to operators; the server goes on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { pino } from "pino";
import { defineExtension } from "../../src/extension/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage, until } from "../presence/support.ts";

const log: { readonly level: number; readonly msg: string; readonly to?: string }[] = [];
const taken: string[] = [];
let server: TestServer;
let stage: Stage;

const broken = defineExtension({
  name: "broken", specification: { id: "TEST", title: "A service that cannot do what it promises" },
  services: () => [{
    domain: "broken.localhost", hasContacts: true,
    take: async (_step, { kind, type }) => {
      taken.push(`${kind} ${type}`);
      await Promise.resolve();
      if (type !== "available") throw new Error("no");
    },
  }],
});

beforeAll(async () => {
  const logger = pino({ level: "debug" }, { write: (line: string) => void log.push(JSON.parse(line) as (typeof log)[number]) });
  server = await startServer({ allowPlaintext: true, extensions: [broken], logger });
  stage = new Stage(server);
});
afterEach(() => {
  stage.clear();
  taken.length = 0;
  log.length = 0;
});
afterAll(() => server.stop());

const errors = () => log.filter(({ level }) => level >= 50).map(({ msg, to }) => [to, msg]);

describe("A service that fails over what nobody waits for", () => {
  it("is told to operators, and ends nothing: subscriptions, presence, its end", async () => {
    const { romeo: jid } = await stage.cast("romeo");
    const romeo = await stage.enter(jid, "phone");
    await romeo.ask("<presence type='subscribe' to='a@broken.localhost'/>");
    await romeo.ask("<presence/>");
    await romeo.ask("<presence to='b@broken.localhost'/>");
    await romeo.close();
    await until(() => errors().length >= 3);
    expect(taken).toEqual(["presence subscribe", "presence subscribe", "presence available", "presence unavailable"]);
    const told = "service broken.localhost: failed over a presence that nobody waits for";
    expect(errors()).toEqual([["a@broken.localhost", told], ["a@broken.localhost", told], ["b@broken.localhost", told]]);
    expect(await (await stage.enter(jid, "phone")).caughtUp()).toEqual([]);
  });
});
