/** Rooms in the log: read models and the room in memory agree, damage is found, and what is left is mended. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContentsCheck, isXml } from "../../src/cli/contents-check.ts";
import { defaultRoomConfig } from "../../src/domain/room-config.ts";
import { roomExtrasOf, roomFactVersions, roomStream, type RoomFact, type RoomFacts, type RoomFactType, type RoomOwner } from "../../src/domain/room-facts.ts";
import type { OccupantRow, RoomMeta } from "../../src/domain/room-rows.ts";
import { Room } from "../../src/domain/room.ts";
import { judgeSession } from "../../src/history/salvaged-session.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { roomRows } from "../../src/log/projections/room-rows.ts";
import { rooms } from "../../src/log/projections/rooms.ts";
import { RoomSource } from "../../src/log/room-source.ts";
import { salvage, type Salvaged } from "../../src/log/salvage/salvage.ts";
import { loadDriver, type OpenDatabase } from "../../src/log/sqlite/driver.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { verifyFile } from "../../src/log/sqlite/verify.ts";
import type { Fact, Json, Store } from "../../src/ports.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { removeTempFolders, tempFolder } from "./engines.ts";
import { livedLog } from "./lived-log.ts";

const owner: RoomOwner = { host: "muc.montague.lit", room: "orchard" };

/** A choice among what can happen, and two more that it needs. */
type Happening = readonly [what: number, who: number, how: number];

const nicks = ["romeo", "juliet", "nurse"] as const;
const people = ["romeo@montague.lit", "juliet@capulet.lit", "capulet.lit"] as const;
const names: readonly (keyof RoomMeta)[] = ["createdAt", "madeBy", "config", "locked", "subject", "vcard", "archiveLast", "unnoted", "forgotten"];

/** What a server records of it in a room that is so; undefined where it would record nothing. */
function factOf(room: Room, [what, who, how]: Happening, at: number): RoomFact | undefined {
  const fact = <Type extends RoomFactType>(type: Type, data: Omit<RoomFacts[Type], keyof RoomOwner>): RoomFact => ({ type, data: { ...owner, ...data } }) as unknown as RoomFact;
  if (!room.exists) return fact("RoomCreated", { by: people[0], config: { ...defaultRoomConfig, public: how > 3 }, locked: who > 0 });
  const [nick, jid] = [nicks[who]!, `${people[who]!}/${how}`];
  const [present] = room.occupants.keys();
  switch (what) {
    case 0:
      return room.nickOf(jid) !== undefined ? undefined : fact("OccupantEntered", { nick: how > 3 ? (present ?? nick) : nick, jid, role: "participant", presence: `<presence id='${at}'/>` });
    case 1: {
      const inside = room.nickOf(jid);
      return inside === undefined ? undefined : fact("OccupantLeft", { nick: inside, jid });
    }
    case 2: {
      const inside = room.nickOf(jid);
      return inside === undefined ? undefined : fact("OccupantShown", { nick: inside, jid, presence: `<presence id='${at}'/>` });
    }
    case 3:
      return present === undefined || room.occupants.has(nick) ? undefined : fact("OccupantRenamed", { nick: present, to: nick });
    case 4:
      return present === undefined ? undefined : fact("RoleSet", { nick: present, role: how > 3 ? "moderator" : "visitor" });
    case 5:
      return fact("AffiliationSet", { jid: people[who]!, affiliation: how > 3 ? "admin" : "none", nick: how > 4 ? nick : null, reason: null });
    case 6:
      return fact("RoomConfigured", { changes: { public: how > 3, name: `name ${how}` } });
    case 7:
      return fact("SubjectSet", { nick, stanza: `<message id='${at}'/>` });
    case 8:
      return fact("VCardSet", { hashes: how > 3 ? ["a"] : [], bytes: how > 3 ? 7 : 0 });
    case 9: {
      const noted = [...room.occupants].map(([nick, row]) => ({ nick, ...row }));
      const before = room.meta("forgotten");
      return fact("OccupantsNoted", { occupants: noted, forgotten: (room.meta("unnoted") ?? 0) + (before === undefined ? 0 : before + 1) });
    }
    default:
      return how > 4 ? fact("RoomDestroyed", { by: null, reason: null }) : undefined;
  }
}

function recorded(fact: RoomFact, at: number): Fact {
  return { type: fact.type, v: roomFactVersions[fact.type], at, step: `s${at}`, cause: null, data: fact.data as unknown as Json, ...roomExtrasOf(fact) };
}

async function rowsOf(store: Store): Promise<readonly unknown[]> {
  return Promise.all([rooms, roomRows].map(({ name }) => store.query(name, { prefix: "", limit: 999 })));
}

/** As it is, whoever looks: rows in no order. */
function shown(room: Room): unknown {
  const meta = Object.fromEntries(names.map((name) => [name, room.meta(name)]));
  const sessions = [...room.occupants.values()].flatMap(({ presences }) => Object.keys(presences)).toSorted();
  return { occupants: Object.fromEntries(room.occupants), affiliations: Object.fromEntries(room.affiliations), meta, sessions: sessions.map((jid) => [jid, room.nickOf(jid)]) };
}

describe("a room in memory, its read models, and these made anew", () => {
  it("say the same, whatever has happened and whatever of that is forgotten", async () => {
    const happening = fc.tuple(fc.nat(10), fc.nat(2), fc.nat(5));
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 60 }), async (happenings) => {
        const store = createMemoryStore(projections);
        let room = new Room(owner.host, owner.room);
        for (const [index, each] of happenings.entries()) {
          const at = index + 1;
          const fact = factOf(room, each, at);
          if (fact === undefined) continue;
          await store.append(roomStream(owner), "any", [recorded(fact, at)]);
          // Taken back, it leaves no trace; then it is for good.
          const before = shown(room);
          room.apply(fact, at)();
          expect(shown(room)).toEqual(before);
          room.apply(fact, at);
          if (fact.type === "RoomDestroyed") room = new Room(owner.host, owner.room);
        }
        const loaded = await new RoomSource(store).load(owner);
        expect(loaded === undefined).toBe(!room.exists);
        if (loaded !== undefined) expect(shown(loaded)).toEqual(shown(room));
        const anew = createMemoryStore(projections);
        for (const { type, v, at, step, cause, data, stream } of await store.readAll(0, 999)) await anew.append(stream, "any", [{ type, v, at, step, cause, data }]);
        expect(await rowsOf(anew)).toEqual(await rowsOf(store));
        const occupied = [...room.occupants.values()].reduce((sum, { presences }: OccupantRow) => sum + Object.keys(presences).length, 0);
        const [row] = await store.query(rooms.name, { key: `${owner.host}/${owner.room}` });
        if (room.exists) expect(row?.value).toMatchObject({ occupied });
      }),
      { numRuns: Number(process.env["REFRAIN_TEST_RUNS"] ?? 200) },
    );
  });
});

describe("refrain log verify and salvage, of rooms", () => {
  let open: OpenDatabase;
  let folder: string;
  let whole: string;
  let copies = 0;
  beforeAll(async () => {
    open = await loadDriver(undefined);
    folder = tempFolder();
    whole = join(folder, "whole.db");
    const lived = await livedLog(folder);
    copyFileSync(lived, whole);
    copyFileSync(`${lived}-wal`, `${whole}-wal`);
    await (await openSqliteStore({ file: whole, durability: "process", onFatal: () => {} })).close();
  });
  afterAll(removeTempFolders);

  function changed(sql: string): string {
    const file = join(folder, `changed-${(copies += 1)}.db`);
    copyFileSync(whole, file);
    const database = open(file);
    database.exec(`PRAGMA secure_delete = ON; ${sql}`);
    database.exec("PRAGMA journal_mode = DELETE");
    database.close();
    return file;
  }

  async function found(file: string): Promise<readonly string[]> {
    const { findings } = await verifyFile({ open, file, findingsMax: 999, progress: async () => {}, checks: (report) => [new ContentsCheck(report)] });
    return findings.map(({ thing, problem }) => `${thing}: ${problem}`);
  }

  async function save(damaged: string): Promise<Salvaged & { readonly newFile: string }> {
    const newFile = join(folder, `saved-${(copies += 1)}.db`);
    return { newFile, ...(await salvage({ open, damaged, newFile, judge: judgeSession, isXml, at: 1, step: "salvaged", progress: async () => {} })) };
  }

  function numbers(file: string, sql: string): readonly unknown[] {
    const database = open(file);
    const rows = database.prepare(sql).all().map((row) => Object.values(row)[0]);
    database.close();
    return rows;
  }

  const full = "stream = 'room/muc.localhost/full'";
  const first = (type: string) => `DELETE FROM fact WHERE position = (SELECT min(position) FROM fact WHERE ${full} AND type = '${type}')`;

  it("find nothing in those that are whole, over, or left, of whose facts some are forgotten", async () => {
    expect(await found(whole)).toEqual([]);
    expect(numbers(whole, `SELECT count(*) FROM fact WHERE ${full} AND type = 'OccupantsNoted'`)).toEqual([1]);
    expect(numbers(whole, "SELECT type FROM fact WHERE stream = 'room/muc.localhost/brief'")).toEqual(["RoomDestroyed"]);
    expect(numbers(whole, "SELECT count(*) FROM content WHERE stream = 'room/muc.localhost/brief'")).toEqual([0]);
    const { rooms, contentsLost } = await save(whole);
    expect({ rooms, contentsLost }).toEqual({ rooms: [], contentsLost: 0 });
  });

  it.each([
    ["a text that is missing", `DELETE FROM content WHERE key = (SELECT min(key) FROM content WHERE ${full}) AND ${full}`, /^archived message \S+ of room\/muc.localhost\/full: a fact says that it was archived/],
    ["a text of nothing", `INSERT INTO content VALUES ('room/muc.localhost/full', 'archive/0kz6m9w3a-0000', '<message/>')`, /archive\/\S+ of room\S+full: no fact says/],
    ["a text of no room", "INSERT INTO content VALUES ('room/muc.localhost/brief', 'archive/0kz6m9w3a-0000', '<message/>')", /there is no such room/],
    ["what no room keeps", "INSERT INTO content VALUES ('room/muc.localhost/full', 'other', '<message/>')", /nothing of a room has such a key/],
    ["a vCard that is missing", `DELETE FROM content WHERE key = 'vcard' AND ${full}`, /vCard of room\S+full: .* its text is not kept/],
    ["a vCard of which nothing was recorded", "INSERT INTO content VALUES ('room/muc.localhost/empty', 'vcard', '<vCard/>')", /no fact says that the room has a vCard/],
    ["a fact that is missing", first("AffiliationSet"), /room\/muc.localhost\/full: versions 2 to 3 are missing/],
    ["a fact of another room", `UPDATE fact SET data = replace(data, '"full"', '"fell"') WHERE ${full} AND type = 'SubjectSet'`, /its data is of another room/],
    ["a fact that lacks something", `UPDATE fact SET data = replace(data, '"by"', '"of"') WHERE ${full} AND type = 'RoomCreated'`, /its by is nothing, expected string/],
  ])("find %s", async (_, sql, finding) => {
    expect((await found(changed(sql))).join("\n")).toMatch(finding);
  });

  it("make a room again whose begin was lost: hidden and closed, with the owner that is recorded", async () => {
    const { newFile, rooms } = await save(changed(first("RoomCreated")));
    expect(rooms).toEqual([{ jid: "full@muc.localhost", problems: [expect.stringContaining("hidden, and for members only")] }]);
    expect(await found(newFile)).toEqual([]);
    const store = await openSqliteStore({ file: newFile, durability: "process", onFatal: () => {} });
    const room = await new RoomSource(store).load({ host: "muc.localhost", room: "full" });
    expect(room).toMatchObject({ exists: true, locked: false });
    expect(room?.config).toMatchObject({ membersOnly: true, public: false, persistent: true });
    expect([room?.affiliationOf("person0@localhost"), room?.affiliationOf("person1@localhost"), room?.roleOnEntering("ghost@localhost")]).toEqual(["owner", "member", undefined]);
    expect(room?.said.length).toBeGreaterThanOrEqual(5);
    expect(room?.occupants.size).toBe(3);
    await store.close();
  });

  it("know what is missing where the log went on after it when it was mended", async () => {
    const empty = "stream = 'room/muc.localhost/empty'";
    const sql = [
      `DELETE FROM fact WHERE ${empty} AND type = 'OccupantEntered'`,
      `INSERT OR REPLACE INTO forgotten (stream, version) SELECT stream, max(version) + 1 FROM fact WHERE ${empty}`,
    ];
    const { newFile, gaps } = await save(changed(sql.join("; ")));
    expect(numbers(newFile, `SELECT type FROM fact WHERE ${empty} ORDER BY version DESC LIMIT 1`)).toEqual(["OccupantsNoted"]);
    expect(gaps.filter(({ from, through }) => from > through)).toEqual([]);
    expect(await found(newFile)).toEqual([]);
  });

  it("have a room without what it kept, where that was lost, and leave nobody in it who is nowhere", async () => {
    const sql = [
      `DELETE FROM content WHERE ${full}`,
      "DELETE FROM fact WHERE type = 'OccupantLeft' AND stream = 'room/muc.localhost/empty'",
      "UPDATE projection SET value = replace(value, '\"occupied\":5', '\"occupied\":0') WHERE name = 'rooms'",
    ];
    const { newFile, rooms } = await save(changed(sql.join("; ")));
    expect(rooms).toEqual([{ jid: "full@muc.localhost", problems: ["its vCard was lost", expect.stringMatching(/^the texts of its \d oldest archived messages were lost: its archive begins after them$/)] }]);
    expect(await found(newFile)).toEqual([]);
    const server = await startServer({ parts: { openStore: (onFatal: (error: Error) => void) => openSqliteStore({ file: newFile, durability: "process", onFatal }) } });
    const left = await new RoomSource(server.store).load({ host: "muc.localhost", room: "empty" });
    const inside = [...(left?.occupants.values() ?? [])].flatMap(({ presences }) => Object.keys(presences));
    expect(inside).toEqual(["person2@localhost/home", "person4@localhost/home"]);
    for (const jid of inside) expect(server.session(jid)).toBeDefined();
    await server.stop();
    expect(await found(newFile)).toEqual([]);
  });
});
