/** What has to be read to restore a session stays short, however long it only chats. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { eventsPerSnapshotMin } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { chat, ManagedStage } from "./support.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

it("A session that counts is summed up again and again, whether it sends or is sent to", async () => {
  const { romeo, juliet } = await stage.cast("romeo", "juliet");
  const sender = await stage.resumable(romeo);
  const recipient = await stage.resumable(juliet, "balcony", "<presence/>");
  for (let n = 0; n < 300; n++) {
    await sender.ask(chat(recipient.jid, `${n}`));
    if (n % 50 !== 0) continue;
    await recipient.caughtUp();
    recipient.ack();
  }
  await recipient.caughtUp();
  for (const { id } of [sender, recipient]) {
    const facts = await server.store.read(`session/localhost/${id}`, 0, 10_000);
    const last = facts.findLastIndex(({ type }) => type === "SessionSnapshotTaken");
    expect(facts.length).toBeGreaterThan(300);
    expect(facts.length - last).toBeLessThan(3 * eventsPerSnapshotMin);
    // And what is summed up is more than the sum.
    const sizes = (isSnapshot: boolean) => facts.filter(({ type }) => (type === "SessionSnapshotTaken") === isSnapshot).reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
    expect(sizes(true)).toBeLessThan(2 * sizes(false));
  }
});
