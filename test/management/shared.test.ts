/** Invariant 11 where several resources are given one message: it has one disposition, whoever of them comes back. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store } from "../../src/ports.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { HandClock } from "./clock.ts";
import { mortalStore, type MortalStore } from "./mortal-store.ts";
import { bodies, chat, gone, ManagedStage, type ManagedClient } from "./support.ts";

const resumptionMs = 600_000;
const session = { resumptionMs, silenceMs: 86_400_000 };
const clock = new HandClock();
let inner: Store;
let mortal: MortalStore;
let server: TestServer;
let stage: ManagedStage;

async function begin(): Promise<void> {
  mortal = mortalStore(inner);
  server = await startServer({ allowPlaintext: true, session, parts: { clock, store: mortal.store } });
  stage = new ManagedStage(server);
}
beforeEach(async () => {
  inner = createMemoryStore(projections);
  await begin();
});
afterEach(async () => {
  stage.clear();
  await server.stop();
});

/** The process is killed, and another goes on with what is on the disk. */
async function crash(): Promise<void> {
  mortal.die();
  stage.clear();
  await begin();
}

/** Juliet is on two devices that have both lost their links, and both were sent a message. */
async function bothAway(): Promise<{ readonly juliet: string; readonly phone: ManagedClient; readonly desk: ManagedClient }> {
  const { romeo, juliet } = await stage.cast("romeo", "juliet");
  const phone = await stage.resumable(juliet, "phone", "<presence/>");
  const desk = await stage.resumable(juliet, "desk", "<presence/>");
  // Each sees the other come; that is read, so that all that is left is the message.
  for (const client of [phone, desk]) {
    await client.caughtUp();
    client.ack();
    await client.count();
  }
  for (const client of [phone, desk]) await client.vanish(server);
  await (await stage.bound(romeo)).ask(chat(juliet, "to all of you"));
  return { juliet, phone, desk };
}

async function readBy(client: ManagedClient): Promise<readonly string[]> {
  await client.resume({ at: server });
  const read = bodies(await client.caughtUp());
  client.ack();
  await client.count();
  return read;
}

async function expire(...clients: readonly ManagedClient[]): Promise<void> {
  clock.forward(resumptionMs + 61_000);
  for (const client of clients) await gone(server, client.jid);
}

/** What waits for Juliet when she comes anew. */
async function waiting(juliet: string): Promise<readonly string[]> {
  const client = await stage.bound(juliet, "later");
  client.send("<presence/>");
  return bodies(await client.settled());
}

describe.each([["the same process", async () => {}], ["a crash between", crash]])("A message to two devices without a link (%s)", (_, between) => {
  it("is both devices' if both come back", async () => {
    const { phone, desk } = await bothAway();
    await between();
    expect(await readBy(phone)).toEqual(["to all of you"]);
    expect(await readBy(desk)).toEqual(["to all of you"]);
  });

  it("is nobody's loss if one has acknowledged it and the other never comes", async () => {
    const { juliet, phone, desk } = await bothAway();
    await between();
    expect(await readBy(phone)).toEqual(["to all of you"]);
    await expire(desk);
    expect(bodies(await phone.caughtUp())).toEqual([]);
    expect(await waiting(juliet)).toEqual([]);
  });

  it("is nobody's loss either if that was known before", async () => {
    const { juliet, phone, desk } = await bothAway();
    expect(await readBy(desk)).toEqual(["to all of you"]);
    await desk.vanish(server);
    await between();
    await expire(phone, desk);
    expect(await waiting(juliet)).toEqual([]);
  });

  it("is kept once if neither comes back", async () => {
    const { juliet, phone, desk } = await bothAway();
    await between();
    await expire(phone, desk);
    expect(await waiting(juliet)).toEqual(["to all of you"]);
    expect(await waiting(juliet)).toEqual([]);
  });
});

describe("A message to a device that counts and one that does not", () => {
  it("was written to the one, and is not given to it again when the other never comes", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const phone = await stage.resumable(juliet, "phone", "<presence/>");
    const desk = await stage.bound(juliet, "desk");
    await desk.ask("<presence/>");
    await phone.caughtUp();
    await phone.vanish(server);
    await (await stage.bound(romeo)).ask(chat(juliet, "to all of you"));
    expect(bodies(await desk.caughtUp())).toEqual(["to all of you"]);
    await expire(phone);
    expect(bodies(await desk.caughtUp())).toEqual([]);
  });
});

describe("One acknowledgement of many messages that another device keeps too", () => {
  it("makes copies of them all there in one fact, without their words once more", async () => {
    const { juliet, phone, desk } = await bothAway();
    const nurse = await stage.bound((await stage.cast("nurse")).nurse);
    const many = Array.from({ length: 40 }, (_, n) => `number ${n}`);
    await nurse.ask(many.map((body) => chat(juliet, body)).join(""));
    expect(await readBy(phone)).toHaveLength(41);
    const stream = `session/localhost/${desk.id}`;
    const taken = (await inner.read(stream, 0, 10_000)).filter(({ type }) => type === "StanzasTaken");
    expect(taken).toHaveLength(1);
    expect((taken[0]!.data as { readonly numbers: readonly number[] }).numbers).toHaveLength(41);
    expect((await inner.contents(stream, "taken/", 100)).map(({ text }) => text).join("")).toBe("");
    await crash();
    await expire(desk);
    expect(await waiting(juliet)).toEqual([]);
  });
});
