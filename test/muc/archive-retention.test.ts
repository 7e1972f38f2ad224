/** How long a room's archive keeps what it has (XEP-0313 section 3.2): what goes is gone from the log, from what newcomers are given, and from memory. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { archiveContentKey, archiveKeyOf } from "../../src/domain/archive-keys.ts";
import { archiveRoundMs, unnotedFactsMin } from "../../src/domain/limits.ts";
import { roomStream, type RoomFacts } from "../../src/domain/room-facts.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store, StoredFact } from "../../src/ports.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { Stage } from "../presence/support.ts";
import { entered, joining, leaving, newRoom, opened, said } from "./setting.ts";

const day = 86_400_000;
const bounds = { days: 1, messages: 3 };
let store: Store;
let clock: HandClock;
let server: TestServer;
let stage: Stage;
let room: string;

beforeEach(async () => {
  store = createMemoryStore(projections);
  clock = new HandClock();
  server = await startServer({ allowPlaintext: true, archive: bounds, session: { silenceMs: day }, parts: { store, clock } });
  stage = new Stage(server);
  room = newRoom();
});
afterEach(async () => {
  stage.clear();
  await server.stop();
});

const stream = (): string => roomStream({ host: room.slice(room.indexOf("@") + 1), room: room.slice(0, room.indexOf("@")) });
const facts = (): Promise<readonly StoredFact[]> => store.read(stream(), 0, 9_999);
const typed = async (type: string): Promise<readonly StoredFact[]> => (await facts()).filter((fact) => fact.type === type);
/** Rounds take place, an hour from one to the next, until one deletes something. */
async function trimmed(): Promise<void> {
  const version = (await typed("RoomArchiveTrimmed")).at(-1)?.version;
  const next = async () => {
    clock.forward(archiveRoundMs);
    return (await typed("RoomArchiveTrimmed")).at(-1)?.version;
  };
  await expect.poll(next, { interval: 60, timeout: 3_000 }).not.toBe(version);
}
/** Facts that are not there any more are those of which the rest says so. */
async function isAccountedFor(): Promise<boolean> {
  const all = await facts();
  const told = (type: string): number => Math.max(0, ...all.filter((fact) => fact.type === type).map(({ data }) => (data as { readonly forgotten?: number }).forgotten ?? 0));
  return all.at(-1)!.version - all.length === told("RoomArchiveTrimmed") + told("OccupantsNoted");
}
const verses = (words: readonly string[]): readonly string[] => words.filter((each) => each.includes("verse"));

describe("XEP-0313 section 3.2: the archive of a room", () => {
  it("keeps the newest messages, and nothing of the others: no text, and no fact", async () => {
    const { romeo: jid, juliet: other } = await stage.cast("romeo", "juliet");
    const romeo = await stage.enter(jid, "orchard");
    await opened(romeo, room, "Romeo");
    for (const number of [1, 2, 3, 4, 5]) await romeo.ask(said(room, `verse ${number}`));
    await trimmed();
    const left = (await typed("RoomMessageArchived")).map(({ data }) => archiveContentKey(archiveKeyOf((data as RoomFacts["RoomMessageArchived"]).id)!));
    expect(left).toHaveLength(3);
    expect((await store.contents(stream(), "archive/", 99)).map(({ key }) => key)).toEqual(left);
    expect(await isAccountedFor()).toBe(true);
    const juliet = await stage.enter(other, "balcony");
    expect(verses(await entered(juliet, room, "Juliet"))).toEqual([3, 4, 5].map((number) => expect.stringContaining(`verse ${number}`)));
    // A former trim goes with the next one, and is counted with it.
    for (const number of [6, 7]) await romeo.ask(said(room, `verse ${number}`));
    await trimmed();
    expect([(await typed("RoomMessageArchived")).length, (await typed("RoomArchiveTrimmed")).length]).toEqual([3, 1]);
    expect(await isAccountedFor()).toBe(true);
  });

  it("keeps them so long, also of a room in which nobody is", async () => {
    const { romeo: jid } = await stage.cast("romeo");
    const romeo = await stage.enter(jid, "orchard");
    await opened(romeo, room, "Romeo", { "muc#roomconfig_persistentroom": "1" });
    await romeo.ask(said(room, "verse 1") + leaving(room, "Romeo"));
    clock.forward(day - archiveRoundMs);
    await romeo.caughtUp();
    await trimmed();
    expect([await typed("RoomMessageArchived"), await store.contents(stream(), "archive/", 99)]).toEqual([[], []]);
    expect(await isAccountedFor()).toBe(true);
    expect(verses(await entered(romeo, room, "Romeo"))).toEqual([]);
  });

  it("is counted apart from those who came and went", async () => {
    const { romeo: jid, juliet: other } = await stage.cast("romeo", "juliet");
    const [romeo, juliet] = [await stage.enter(jid, "orchard"), await stage.enter(other, "balcony")];
    await opened(romeo, room, "Romeo");
    const pass = async (): Promise<void> => void (await juliet.ask((joining(room, "Juliet") + leaving(room, "Juliet")).repeat(unnotedFactsMin / 2 + 2)));
    for (const number of [1, 2, 3, 4, 5]) await romeo.ask(said(room, `verse ${number}`));
    await trimmed();
    await pass();
    for (const number of [6, 7]) await romeo.ask(said(room, `verse ${number}`));
    await trimmed();
    await pass();
    expect((await typed("OccupantsNoted")).length).toBe(1);
    expect(await isAccountedFor()).toBe(true);
  });
});
