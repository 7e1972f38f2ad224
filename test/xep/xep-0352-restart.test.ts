/** What waits for an inactive client when the process dies: it is recorded, and comes once, in order, and before what came afterwards. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { SessionFactType } from "../../src/domain/session-facts.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { befriended, leaveHouses } from "../management/house.ts";
import { chat, ManagedStage, type ManagedClient } from "../management/support.ts";
import { entered, joining, newRoom, opened, roomWords } from "../muc/setting.ts";
import { until } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { active, come, event, inactive, say, state } from "./xep-0352-setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new ManagedStage(server);
});
afterEach(async () => {
  stage.clear();
  await leaveHouses();
});
afterAll(() => server.stop());

const shown = (status: string | number): string => `<presence><status>${status}</status></presence>`;

async function pair(): Promise<{ readonly romeo: BoundClient; readonly juliet: ManagedClient }> {
  const jids = await stage.cast("romeo", "juliet");
  return { romeo: await stage.appear(jids.romeo, "orchard"), juliet: await stage.resumable(jids.juliet, "phone", "<presence/>") };
}

const streamOf = ({ id }: ManagedClient): string => `session/localhost/${id}`;
const keptFor = async (client: ManagedClient): Promise<readonly string[]> =>
  (await server.store.contents(streamOf(client), "", 999)).flatMap(({ key, text }) => (key.startsWith("held/") ? [text] : []));
const factsOf = async (client: ManagedClient): Promise<readonly SessionFactType[]> =>
  (await server.store.read(streamOf(client), 0, 999)).map(({ type }) => type as SessionFactType);

/** Nobody waits until it is written, but it is soon. */
const recorded = (client: ManagedClient, count: number): Promise<void> => expect.poll(() => keptFor(client)).toHaveLength(count);

describe("XEP-0352 section 5.2: what waited when the server was killed", () => {
  it("comes to a client that resumes, of each subject the latest, in order, and once", async () => {
    const { romeo, juliet } = await pair();
    await say(juliet, inactive);
    await romeo.ask(event(juliet.jid, "tune", "current", "one") + event(juliet.jid, "mood", "current", "glad") + state(juliet.jid, "composing"));
    await romeo.ask(event(juliet.jid, "tune", "current", "two") + state(juliet.jid, "paused") + event(juliet.jid, "bookmarks", "a"));
    await recorded(juliet, 4);
    await server.restart({ kill: true });
    await juliet.resume();
    const words = ["mood: glad", "tune: two", "paused", "bookmarks: a"];
    expect((await come(juliet)).filter((word) => words.includes(word) || !word.includes("available"))).toEqual(words);
    juliet.ack();
    await juliet.count();
    expect(await keptFor(juliet)).toEqual([]);
    await server.restart({ kill: true });
    await juliet.resume();
    expect(await come(juliet)).toEqual([]);
  });

  it("is presence of a room, too: who has come, and under which nick", async () => {
    const { romeo, juliet } = await pair();
    const room = newRoom();
    const orchard = await stage.resumable(romeo.bare, "garden");
    await opened(orchard, room, "romeo");
    await say(juliet, joining(room, "juliet"));
    await come(juliet);
    await say(juliet, inactive);
    const nurse = await stage.resumable((await stage.cast("nurse")).nurse, "kitchen");
    await entered(nurse, room, "nurse");
    await orchard.ask(`<presence to='${room}/montague'/>`);
    await recorded(juliet, 3);
    await server.restart({ kill: true });
    await orchard.resume();
    await nurse.resume();
    await juliet.resume();
    const seen = (await juliet.caughtUp()).filter(({ attrs }) => attrs["from"]?.startsWith(`${room}/`));
    expect(seen.map(roomWords)).toEqual(["nurse: participant/none", "romeo unavailable: moderator/owner as montague [303]", "montague: moderator/owner"]);
  });

  it("comes before what was sent to it after the next start, however many there are until it comes back", async () => {
    const { romeo, juliet } = await pair();
    await say(juliet, inactive);
    await romeo.ask(event(juliet.jid, "tune", "current", "one"));
    await recorded(juliet, 1);
    await server.restart({ kill: true });
    await server.restart({ kill: true });
    const again = await stage.appear(romeo.jid.split("/")[0]!, "again");
    await again.ask(event(juliet.jid, "tune", "current", "two") + chat(juliet.jid, "hello"));
    await server.restart({ kill: true });
    await juliet.resume();
    expect((await come(juliet)).filter((word) => !word.includes("available"))).toEqual(["tune: one", "tune: two", "hello"]);
  });

  it("is nothing once it was delivered, and its texts are erased", async () => {
    const { romeo, juliet } = await pair();
    for (const [flush, words] of [[() => say(juliet, active), ["tune: one"]], [() => romeo.ask(chat(juliet.jid, "hello")), ["tune: one", "hello"]]] as const) {
      await say(juliet, inactive);
      await romeo.ask(event(juliet.jid, "tune", "current", "one"));
      await recorded(juliet, 1);
      await flush();
      await recorded(juliet, 0);
      expect(await come(juliet)).toEqual(words);
      juliet.ack();
      await juliet.count();
    }
    await server.restart({ kill: true });
    await juliet.resume();
    expect((await come(juliet)).filter((word) => !word.includes("available"))).toEqual([]);
  });

  it("is what came before its client could resume, too", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await stage.appear(jids.romeo, "orchard"), await stage.bound(jids.juliet, "phone")];
    await juliet.ask("<presence/>" + inactive);
    await romeo.ask(event(juliet.jid, "tune", "current", "one"));
    await juliet.enable();
    await romeo.ask(event(juliet.jid, "mood", "current", "two"));
    await recorded(juliet, 2);
    await server.restart({ kill: true });
    await juliet.resume();
    expect((await come(juliet)).filter((word) => !word.includes("available"))).toEqual(["tune: one", "mood: two"]);
  });

  it("is nobody's if its client does not come back", async () => {
    const { romeo, juliet } = await pair();
    const balcony = await stage.resumable(juliet.bare, "balcony", "<presence/>");
    await say(juliet, inactive);
    await romeo.ask(event(juliet.jid, "tune", "current", "one") + state(juliet.jid, "composing"));
    await recorded(juliet, 2);
    await server.restart({ kill: true });
    await balcony.resume();
    server.session(juliet.jid)!.close();
    await recorded(juliet, 0);
    expect((await come(balcony)).filter((word) => !word.includes("available"))).toEqual([]);
  });
});

describe("XEP-0352 section 5.2: a server that is killed while what waited is delivered", () => {
  const points = [0, 1, 2, 3].flatMap((commits) => [{ commits, told: true }, { commits, told: false }]).slice(1);

  it.each(points)("has delivered it once, in order, killed at commit $commits (told $told)", async ({ commits, told }) => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    const romeo = await at.stage.resumable("romeo", "orchard");
    await juliet.caughtUp();
    juliet.ack();
    await say(juliet, inactive);
    await romeo.ask(event(juliet.jid, "tune", "current", "one") + state(juliet.jid, "composing"));
    const held = async () => (await at.log.contents(streamOf(juliet), "held/", 9)).filter(({ key }) => key.startsWith("held/")).length;
    await expect.poll(held).toBe(2);
    at.mortal.dieAfter(commits, told);
    romeo.send(chat(juliet.jid, "hello"));
    const before = juliet.raw.received.length;
    await Promise.race([at.mortal.dead, until(() => juliet.raw.received.includes("<body>hello<"))]);
    // What was written before the end is here: two turns of everybody's loop.
    await new Promise((resolve) => setTimeout(resolve, 15));
    const got = juliet.raw.received.slice(before);
    const seen = [...got.matchAll(/>(one)<|<(composing) |<body>(hello)</g)].map(([, ...words]) => words.find((word) => word !== undefined)!);
    await at.crash();
    await juliet.resume({ at: at.server, h: juliet.handled + seen.length });
    const words = [...seen, ...(await come(juliet)).flatMap((word) => (word.includes("available") ? [] : [word.replace("tune: ", "")]))];
    // Whether he has to send it again is told to him when he comes back.
    expect(words.slice(0, 2)).toEqual(["one", "composing"]);
    expect([[], ["hello"]]).toContainEqual(words.slice(2));
    expect(await held()).toBe(0);
  });
});

describe("A log of before what waits was recorded", () => {
  it("tells of whose end its client was to hear", async () => {
    const at = await befriended();
    const juliet = await at.stage.resumable("juliet", "phone", "<presence/>");
    await juliet.caughtUp();
    juliet.ack();
    await juliet.count();
    at.mortal.die();
    const facts = await at.log.read(streamOf(juliet), 0, 99);
    const last = facts.findLast(({ type }) => type === "SessionTold")!;
    const value = { active: false, gone: ["romeo@localhost/orchard"] };
    const data = { ...(last.data as { readonly state: string }), event: { type: "extension.changed", at: last.at, name: "client-state", value } };
    await at.log.append(streamOf(juliet), "any", [{ type: "SessionTold", v: 1, at: last.at, step: "before", cause: null, data }]);
    await at.crash();
    await juliet.resume({ at: at.server });
    expect((await come(juliet)).filter((word) => word.includes("romeo"))).toEqual([expect.stringContaining("orchard unavailable")]);
    juliet.ack();
    await juliet.resume({ at: at.server });
    expect(await come(juliet)).toEqual([]);
  });
});

describe("XEP-0352 section 3.2: what is recorded of what waits", () => {
  it("is nothing for a client that cannot resume", async () => {
    const jids = await stage.cast("romeo", "juliet");
    const romeo = await stage.appear(jids.romeo, "orchard");
    const juliet = await stage.bound(jids.juliet, "phone");
    await juliet.enable("");
    await juliet.ask("<presence/>");
    juliet.id = (await server.sessions()).find(({ full_jid }) => full_jid === juliet.jid)!.id;
    await say(juliet, inactive);
    await romeo.ask(event(juliet.jid, "tune", "current", "one"));
    await romeo.ask(chat(juliet.jid, "hello"));
    expect(await come(juliet)).toEqual(["tune: one", "hello"]);
    const facts = await factsOf(juliet);
    expect(facts).toContain("StanzaQueued");
    expect(facts).not.toContain("StanzaHeld");
  });

  it("is soon summed up, however much it is", async () => {
    const { romeo, juliet } = await pair();
    await say(juliet, inactive);
    for (let index = 0; index < 300; index += 1) romeo.send(event(juliet.jid, "tune", "current", `${index}`));
    await romeo.caughtUp();
    await expect.poll(async () => (await keptFor(juliet)).join("")).toContain(">299<");
    const facts = await factsOf(juliet);
    expect(facts.filter((type) => type === "StanzaHeld").length).toBe(300);
    expect(facts.length - facts.lastIndexOf("SessionSnapshotTaken")).toBeLessThan(100);
    await server.restart({ kill: true });
    await juliet.resume();
    expect((await come(juliet)).filter((word) => !word.includes("available"))).toEqual(["tune: 299"]);
  });

  it("is no presence that the next server knows by itself, but the end of one", async () => {
    const jids = await stage.cast("romeo", "juliet");
    await stage.relate(jids.romeo, jids.juliet, "Both");
    const [orchard, mantua] = [await stage.enter(jids.romeo, "orchard"), await stage.resumable(jids.romeo, "mantua", shown(0))];
    const juliet = await stage.resumable(jids.juliet, "phone", "<presence/>");
    await come(juliet);
    juliet.ack();
    await say(juliet, inactive);
    const before = (await factsOf(juliet)).length;
    for (let index = 0; index < 20; index += 1) await mantua.ask(shown(index));
    expect((await factsOf(juliet)).length).toBe(before);
    // However often it comes and goes, what is kept of it is its last end.
    for (let index = 0; index < 5; index += 1) await orchard.ask("<presence type='unavailable'/>" + shown(index));
    await orchard.ask("<presence type='unavailable'/>");
    await recorded(juliet, 1);
    await server.restart({ kill: true });
    await juliet.resume();
    const words = await come(juliet);
    expect(words.filter((word) => word.includes("orchard"))).toEqual([expect.stringContaining("orchard unavailable")]);
    expect(words.filter((word) => word.includes("mantua"))).toEqual([expect.stringContaining("(19)")]);
  });
});
