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

  it("agrees with the snapshots that follow: they count what is not recorded", async () => {
    const juliet = await stage.enterManaged("juliet", "tablet");
    const romeo = await stage.enter("romeo");
    for (let number = 0; number < queueStanzas + 20; number += 1) romeo.send(chat(juliet.jid, `number ${number}`));
    await romeo.caughtUp();
    // So many events that the state is recorded whole again.
    for (let number = 0; number < 600; number += 1) juliet.send(`<presence><priority>${number % 100}</priority></presence>`);
    await juliet.caughtUp();
    await stage.settled();
    const row = (await stage.sessionsOf("juliet")).at(-1)!;
    const facts = await stage.facts(`session/${stage.server.domain}/${row.id}`);
    const overflow = facts.findIndex(({ data }) => JSON.stringify(data).includes('"queue.overflowed"'));
    expect(overflow).toBeGreaterThan(0);
    expect(facts.slice(overflow).map(({ type }) => type)).toContain("SessionSnapshotTaken");
    expect((await replay(stage.source, row, ["last"])).disagreements).toEqual([]);
  });
});
