import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { differences } from "../../src/history/differences.ts";
import { replay } from "../../src/history/replay.ts";
import { evolveSession, type Disagreement, type SessionMoment } from "../../src/history/session-fold.ts";
import type { SessionRow } from "../../src/history/source.ts";
import type { Json, StoredFact } from "../../src/ports.ts";
import { chat, type ManagedClient } from "../management/support.ts";
import { loggedServer, type LoggedServer } from "./living.ts";

let stage: LoggedServer;
let juliet: ManagedClient;
let row: SessionRow;
let facts: readonly StoredFact[];
/** After each of what happened below, the last position of the log. */
const marks: number[] = [];

beforeAll(async () => {
  stage = await loggedServer(["romeo", "juliet"]);
  const romeo = await stage.enter("romeo", "orchard");
  juliet = await stage.enter("juliet", "balcony");
  const does = async (what: () => Promise<unknown>) => {
    // Facts tell milliseconds: what follows is told of a later one.
    const before = Date.now();
    while (Date.now() <= before) await delay(1);
    await what();
    marks.push((await stage.settled()) - 1);
  };
  await does(async () => juliet.ask("<presence><priority>3</priority><status>first words</status></presence>"));
  await does(async () => juliet.enable());
  await does(async () => juliet.ask("<iq type='set' id='a'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost'/></query></iq>"));
  await does(async () => juliet.ask("<presence><priority>5</priority><status>second words</status></presence>"));
  await does(async () => romeo.ask(chat("juliet@localhost", "m1")));
  await does(async () => {
    await juliet.caughtUp();
    juliet.ack();
    await juliet.caughtUp();
  });
  await does(async () => juliet.vanish(stage.server));
  [row] = (await stage.sessionsOf("juliet")) as [SessionRow];
  facts = await stage.facts(`session/localhost/${row.id}`);
});
afterAll(() => stage.server.stop());

const at = async (...positions: readonly (number | "last")[]) => (await replay(stage.source, row, positions)).pasts;

describe("A session as it was", () => {
  it("has the documented properties, and what lies beneath, at any position", async () => {
    const [first, managed] = await at(marks[0]!, marks[1]!);
    expect(first).toMatchObject({
      session: {
        id: row.id, state: "connected.available+uninterested+attached", type: "c2s", notopen: false, username: "juliet", host: "localhost",
        resource: "balcony", full_jid: "juliet@localhost/balcony", priority: 3, interested: null, roster: { items: 0 },
      },
      link: "attached", management: "off", resumptionMs: 0, counts: null, queue: [], timers: {}, reason: null, ended: false,
    });
    expect(managed).toMatchObject({ management: "resumable", resumptionMs: 600_000, counts: { received: 0, sent: 0, acknowledged: 0 } });
  });

  it("has the roster of then, by the account's own facts", async () => {
    const [before, after] = await at(marks[1]!, marks[2]!);
    expect([before!.session.roster?.items, after!.session.roster?.items]).toEqual([0, 1]);
    expect((await stage.server.sessions()).find(({ id }) => id === row.id)!.roster).toEqual(after!.session.roster);
  });

  it("counts what was sent and what was acknowledged, and knows what waits", async () => {
    const [queued, acknowledged, cut] = await at(marks[4]!, marks[5]!, marks[6]!);
    expect(queued!.queue.filter(({ kind }) => kind === "message")).toMatchObject([{ id: "m1", from: "romeo@localhost/orchard", type: "chat", copy: false }]);
    for (const { counts, queue } of [queued!, acknowledged!, cut!]) expect(queue).toHaveLength(counts!.sent - counts!.acknowledged);
    // What the client has handled is what it has acknowledged, and the answer to its last question.
    expect(acknowledged!.counts).toMatchObject({ received: juliet.sent, sent: juliet.handled, acknowledged: juliet.handled - 1 });
    expect(cut).toMatchObject({ link: "hibernating", timers: { resumption: expect.any(Number) as number } });
  });

  it("has the text of its presence where that is the last one, and of no other", async () => {
    const [first, , second] = await at(marks[0]!, marks[1]!, marks[3]!);
    expect(first!.session.presence).toMatchObject({ text: null, digest: expect.any(String) as string });
    expect(second!.session.presence!.text).toContain("second words");
    expect(second!.session.presence!.since).toBe(first!.session.presence!.since);
  });

  it("is told after the last fact, and outside of them not at all", async () => {
    const { pasts, first, last } = await replay(stage.source, row, ["last", facts.at(-1)!.position]);
    expect(pasts[0]).toEqual(pasts[1]);
    expect([first, last]).toEqual([facts[0]!.position, facts.at(-1)!.position]);
    for (const outside of [first - 1, last + 1]) {
      await expect(at(outside)).rejects.toThrow(new RegExp(`^position ${outside}: session ${row.id} has facts from ${first} to ${last}; `));
    }
  });

  it("differs between two positions in what has changed, and nothing else", async () => {
    const [before, after] = await at(marks[3]!, marks[4]!);
    const paths = differences(before as unknown as Json, after as unknown as Json).map(({ path }) => path);
    expect(paths).toEqual(["position", "at", "counts.sent", "queue"]);
  });
});

describe("A log that does not agree with itself", () => {
  function check(change: (fact: StoredFact, data: Record<string, Json>) => Json | undefined): readonly Disagreement[] {
    const found: Disagreement[] = [];
    let moment: SessionMoment | undefined;
    for (const fact of facts) {
      const data = change(fact, structuredClone(fact.data) as Record<string, Json>);
      const next = evolveSession(moment, data === undefined ? fact : { ...fact, data });
      moment = next.moment;
      found.push(...next.disagreements);
    }
    return found;
  }

  const snapshot = () => facts.findLast(({ type }) => type === "SessionSnapshotTaken")!;

  it("agrees as it was recorded", () => {
    expect(facts.filter(({ type }) => type === "SessionSnapshotTaken").length).toBeGreaterThan(2);
    expect(check(() => undefined)).toEqual([]);
  });

  it("is told of a snapshot with another context", () => {
    const changed = check(({ version }, data) => (version === snapshot().version ? { ...data, context: { ...(data["context"] as object), priority: 7 } } : undefined));
    expect(changed).toEqual([{ position: snapshot().position, version: snapshot().version, what: "context.priority", folded: 5, recorded: 7 }]);
  });

  it("is told of a snapshot with other counts", () => {
    const changed = check(({ version }, data) => (version === snapshot().version ? { ...data, counts: { ...(data["counts"] as object), sent: 99 } } : undefined));
    expect(changed).toMatchObject([{ what: "counts.sent", recorded: 99 }]);
  });

  it("is told of an event that leads to another state than the log says", () => {
    const told = facts.find(({ type, data }) => type === "SessionTold" && (data as { readonly state: string }).state.includes("hibernating"))!;
    const changed = check(({ version }, data) => (version === told.version ? { ...data, state: "closed" } : undefined));
    expect(changed).toMatchObject([{ position: told.position, what: "state", folded: "connected.available+uninterested+hibernating", recorded: "closed" }]);
  });

  it("is told of an event that is missing, by the next snapshot", () => {
    const withdrawn = facts.findLast(({ type, data }) => type === "SessionTold" && (data as { readonly event: { readonly type: string } }).event.type === "presence.changed")!;
    const changed = check(({ version }) => (version === withdrawn.version ? { event: { type: "roster.requested", at: 0 }, state: "connected.available+interested+attached" } : undefined));
    expect(changed.map(({ what }) => what)).toEqual(expect.arrayContaining(["context.priority", "context.presence"]));
  });

  it("cannot be told where a snapshot is of a machine that is not known here", () => {
    expect(() => check(({ version }, data) => (version === 1 ? { ...data, version: 999 } : undefined))).toThrow(/^position \d+ of the log: snapshot\.version: /);
  });
});

describe("A session that outlives its server", () => {
  it("agrees with its log after a restart, and is what the next server shows", async () => {
    const before = await loggedServer(["romeo"]);
    const { store } = before.server;
    const romeo = await before.enterManaged("romeo", "orchard");
    await romeo.ask("<presence><priority>4</priority></presence>");
    await romeo.ask(chat("romeo@localhost/orchard", "to-myself"));
    await before.settled();
    // The first server is abandoned as it is: nothing more of it comes to the log while the second one goes on.
    const after = await loggedServer([], { parts: { store } });
    try {
      const [row] = (await after.sessionsOf("romeo")) as [SessionRow];
      const check = async (link: string) => {
        await after.settled();
        const { pasts: [past], disagreements } = await replay(after.source, row, ["last"]);
        expect(disagreements).toEqual([]);
        const { presence, conn, ...live } = (await after.server.sessions()).find(({ id }) => id === row.id)!;
        const { presence: then, ...session } = past!.session;
        expect([session, then!.text, past!.link]).toEqual([live, presence, link]);
        expect(conn === null).toBe(link === "hibernating");
        return past!;
      };
      const waiting = await check("hibernating");
      expect(waiting.counts).toMatchObject({ received: romeo.sent });
      await romeo.resume({ at: after.server });
      await romeo.ask("<presence><priority>6</priority></presence>");
      expect((await check("attached")).session.priority).toBe(6);
    } finally {
      romeo.cut();
      await after.server.stop();
      await before.server.stop().catch(() => {});
    }
  });
});
