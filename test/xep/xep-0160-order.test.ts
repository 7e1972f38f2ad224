import { afterEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { bodies, chat, hibernating, ManagedStage } from "../management/support.ts";
import { wrapStore } from "../support/wrapped-store.ts";

let server: TestServer | undefined;
let stage: ManagedStage | undefined;
afterEach(async () => {
  stage?.clear();
  await server?.stop();
});

describe("RFC 6120 section 10.1: what waits for a user comes before what is sent later", () => {
  it("also where the link is lost while it is read for a session that can be resumed", async () => {
    const memory = createMemoryStore(projections);
    let [read, reading]: [() => void, Promise<void> | undefined] = [() => undefined, undefined];
    const contents = async (...args: Parameters<typeof memory.contents>) => {
      await reading;
      return memory.contents(...args);
    };
    server = await startServer({ allowPlaintext: true, parts: { store: wrapStore(memory, { contents }) } });
    stage = new ManagedStage(server);
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const sender = await stage.bound(romeo);
    const phone = await stage.resumable(juliet, "phone", "<presence><priority>-1</priority></presence>");
    await sender.ask(chat(juliet, "first"));
    await phone.caughtUp();
    phone.ack();
    await phone.count();
    reading = new Promise((resolve) => (read = resolve));
    phone.send("<presence/>");
    await phone.caughtUp();
    phone.cut();
    await hibernating(server, phone.jid);
    sender.send(chat(juliet, "second"));
    read();
    reading = undefined;
    await sender.caughtUp();
    await phone.resume();
    expect(bodies(await phone.settled())).toEqual(["first", "second"]);
  });

  it("also where it was left behind by another session while there was only one without a link", async () => {
    server = await startServer({ allowPlaintext: true });
    stage = new ManagedStage(server);
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const sender = await stage.bound(romeo);
    const phone = await stage.resumable(juliet, "phone", "<presence/>");
    const tablet = await stage.resumable(juliet, "tablet", "<presence><priority>5</priority></presence>");
    await phone.caughtUp();
    phone.cut();
    await hibernating(server, phone.jid);
    await sender.ask(chat(juliet, "first"));
    await tablet.close();
    await sender.ask(chat(juliet, "second"));
    await phone.resume();
    expect(bodies(await phone.settled())).toEqual(["first", "second"]);
  });
});
