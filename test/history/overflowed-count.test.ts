import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { replay } from "../../src/history/replay.ts";
import { chat } from "../management/support.ts";
import { loggedServer, type LoggedServer } from "./living.ts";

const queueStanzas = 100;
let stage: LoggedServer;
beforeAll(async () => {
  stage = await loggedServer(["romeo", "juliet"], { limits: { queueStanzas } });
});
afterAll(() => stage.server.stop());

describe("Invariant 12: acknowledged ≤ sent, in the past of a session whose queue was too long as well", () => {
  it("counts as sent what its client has acknowledged, although none of it is recorded", async () => {
    const juliet = await stage.enterManaged("juliet");
    const romeo = await stage.enter("romeo");
    const last = queueStanzas + 50;
    for (let number = 1; number <= last; number += 1) romeo.send(chat(juliet.jid, `number ${number}`));
    await romeo.caughtUp();
    // The session goes on counting what it keeps no longer.
    await juliet.caughtUp();
    juliet.ack();
    await juliet.count();
    await stage.settled();
    const [row] = await stage.sessionsOf("juliet");
    const { pasts, disagreements } = await replay(stage.source, row!, ["last"]);
    expect(disagreements).toEqual([]);
    const { sent, acknowledged } = pasts[0]!.counts!;
    expect(acknowledged).toBeGreaterThan(queueStanzas);
    expect(sent).toBe(acknowledged);
  });
});
