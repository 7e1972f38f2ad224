/** What is done after a while, in a step of its own. The extension here does it when it is told to. */
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Extension } from "../../src/router/extension.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { login, type BoundClient } from "../support/login.ts";

const xmlns = "urn:example:later";
const done: string[] = [];
const logged: string[] = [];
const callOffs: (() => void)[] = [];

/** `<later ms='5' then='throw'>what</later>`; `fails`: after it has asked for that. */
const postponer: Extension = {
  name: "postponer",
  specification: { id: "TEST", title: "Work for later" },
  iq: [
    {
      xmlns, name: "later", types: ["set"], at: ["server"],
      handle({ payload, step, house }) {
        const { ms, then, fails } = payload.attrs as Readonly<Record<string, string>>;
        const callOff = house.later(step, Number(ms), (later) => {
          if (then === "throw") throw new Error("the test asks for it");
          done.push(`${payload.getText()} ${later.at - step.at >= Number(ms)} ${later.cause === step.id}`);
        });
        callOffs.push(callOff);
        if (fails !== undefined) throw new Error("the test asks for it");
        return { result: undefined };
      },
    },
  ],
};

const clock = new HandClock();
const logger = pino({ level: "error" }, { write: (line: string) => void logged.push((JSON.parse(line) as { msg: string }).msg) });
let server: TestServer;
let client: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [postponer], parts: { clock }, logger });
  await server.addUser("juliet", "secret");
  client = await login(server, { user: "juliet", over: "plaintext" });
});
afterEach(() => {
  for (const list of [done, logged, callOffs]) list.length = 0;
});
afterAll(() => server.stop());

const ask = async (what: string, ms: number, more = ""): Promise<void> => {
  await client.ask(`<iq type='set' id='l' to='localhost'><later xmlns='${xmlns}' ms='${ms}' ${more}>${what}</later></iq>`);
};

describe("House.later", () => {
  it("is done when its time has come, in the order of that, in steps that say what led to them", async () => {
    await ask("second", 20_000);
    await ask("first", 10_000);
    clock.forward(5_000);
    expect(done).toEqual([]);
    clock.forward(20_000);
    expect(done).toEqual(["first true true", "second true true"]);
    clock.forward(20_000);
    expect(done.length).toBe(2);
  });

  it("is not done if it is called off", async () => {
    await ask("never", 10_000);
    for (const callOff of [...callOffs, ...callOffs]) callOff();
    clock.forward(10_000);
    expect(done).toEqual([]);
  });

  it("is logged if it fails, and harms nobody", async () => {
    await ask("bad", 10_000, "then='throw'");
    await ask("good", 10_000);
    clock.forward(10_000);
    expect([logged, done]).toEqual([["what was to be done later could not be done"], ["good true true"]]);
    await client.caughtUp();
  });

  it("is not done if the step that asked for it has failed", async () => {
    const other = await login(server, { user: "juliet", resource: "other", over: "plaintext" });
    other.send(`<iq type='set' id='l' to='localhost'><later xmlns='${xmlns}' ms='1000' fails=''>never</later></iq>`);
    await other.raw.closed();
    clock.forward(1_000);
    expect([done, callOffs.length]).toEqual([[], 1]);
    other.raw.destroy();
  });

  it("is not done once the server has stopped", async () => {
    await ask("never", 10_000);
    await server.restart();
    clock.forward(10_000);
    expect(done).toEqual([]);
    client = await login(server, { user: "juliet", over: "plaintext" });
  });
});
