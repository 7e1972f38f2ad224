/** The read model of which rooms there are, by facts: what it lists is what it counts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultRoomConfig, type RoomConfig } from "../../src/domain/room-config.ts";
import { roomStream, type RoomFactType } from "../../src/domain/room-facts.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { roomRows } from "../../src/log/projections/room-rows.ts";
import { rooms } from "../../src/log/projections/rooms.ts";
import { RoomSource } from "../../src/log/room-source.ts";
import type { Json } from "../../src/ports.ts";

const host = "muc.example";

function given() {
  const store = createMemoryStore([rooms, roomRows]);
  let at = 0;
  const tell = async (type: RoomFactType, room: string, data: object = {}): Promise<void> => {
    const fact = { type, v: 1, at: ++at, step: `s${at}`, cause: null, data: { host, room, ...data } as unknown as Json };
    await store.append(roomStream({ host, room }), "any", [fact]);
  };
  return { tell, source: new RoomSource(store) };
}

const made = (config: Partial<RoomConfig> = {}, locked = true) => ({ by: "romeo@example", config: { ...defaultRoomConfig, ...config }, locked });

describe("XEP-0045 section 6.3: the rooms that everybody may find", () => {
  it("are the public ones that were configured, in the order of their names, from anywhere", async () => {
    const { tell, source } = given();
    for (const room of ["d", "b", "a", "c"]) await tell("RoomCreated", room, made({}, room === "d"));
    await tell("RoomConfigured", "c", { changes: { public: false } });
    await tell("RoomConfigured", "b", { changes: { name: "Bee" } });
    const names = async (range: object) => (await source.listed(host, { limit: 10, ...range })).map(({ room }) => room).join("");
    expect(await source.listed(host, { limit: 10 })).toEqual([{ room: "a", name: "" }, { room: "b", name: "Bee" }]);
    await tell("RoomConfigured", "d", { changes: {} });
    expect([await names({ after: "a" }), await names({ before: "d" }), await names({ reverse: true, limit: 2 }), await source.listedCount(host)]).toEqual(["bd", "ab", "db", 3]);
    expect([await source.listed("example", { limit: 10 }), await source.listedCount("example")]).toEqual([[], 0]);
    // Neither is among the rooms themselves.
    const all: string[] = [];
    for await (const { room, by } of source.list(host)) all.push(`${room} ${by}`);
    expect(all).toEqual(["a", "b", "c", "d"].map((room) => `${room} romeo@example`));
  });

  it("are as many as are listed, whatever happens to them", async () => {
    const config = fc.record({ public: fc.boolean(), name: fc.constantFrom("", "Cave") }, { requiredKeys: [] });
    const action = fc.record({ room: fc.constantFrom("a", "b", "c"), kind: fc.constantFrom("make", "configure", "enter", "destroy"), config, locked: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const { tell, source } = given();
        const expected = new Map<string, { name: string; public: boolean; locked: boolean }>();
        for (const { room, kind, config, locked } of actions) {
          const known = expected.get(room);
          if (kind === "make" && known === undefined) {
            expected.set(room, { name: "", public: true, ...config, locked });
            await tell("RoomCreated", room, made(config, locked));
          } else if (kind === "configure" && known !== undefined) {
            expected.set(room, { ...known, ...config, locked: false });
            await tell("RoomConfigured", room, { changes: config });
          } else if (kind === "enter" && known !== undefined) {
            await tell("OccupantEntered", room, { nick: "n", jid: "romeo@example/x", role: "moderator", presence: "<presence/>" });
          } else if (kind === "destroy" && known !== undefined) {
            expected.delete(room);
            await tell("RoomDestroyed", room, { by: null, reason: null });
          }
        }
        const listed = [...expected].filter(([, room]) => room.public && !room.locked).map(([room, { name }]) => ({ room, name }));
        expect(await source.listed(host, { limit: 10 })).toEqual(listed.toSorted((a, b) => (a.room < b.room ? -1 : 1)));
        expect(await source.listedCount(host)).toBe(listed.length);
      }),
    );
  });
});
