/** Which nicks are one, and that a room knows it after whatever has happened, or was taken back. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nickKey } from "../../src/domain/nick.ts";
import { Room } from "../../src/domain/room.ts";
import type { RoomFact } from "../../src/domain/room-facts.ts";
import { defaultRoomConfig } from "../../src/domain/room-config.ts";

describe("RFC 8266 section 2.4: comparison of nicks", () => {
  it.each([
    ["Foo", "foo"],
    ["Foo Bar", "foo  bar "],
    ["\u03A3", "\u03C3"],
    ["\u2163", "iv"],
    ["Ångström", "A\u030Angstro\u0308m"],
    ["a\u00A0b", "a b"],
    ["A\u2800", "a"],
  ])("%j and %j are one", (left, right) => {
    expect(nickKey(left)).toBe(nickKey(right));
  });

  it.each([
    ["foo", "foobar"],
    ["foo bar", "foobar"],
    ["а", "a"],
    ["l", "1"],
  ])("%j and %j are two", (left, right) => {
    expect(nickKey(left)).not.toBe(nickKey(right));
  });

  it("is the same for what it makes of a nick, whatever that is", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (nick) => nickKey(nickKey(nick)) === nickKey(nick)));
  });
});

describe("A room", () => {
  const owner = { host: "muc.localhost", room: "coven" };
  const nick = fc.constantFrom("romeo", "Romeo", "St Peter", "st  peter", "Juliet");
  const jid = fc.constantFrom("a@localhost/1", "a@localhost/2", "b@localhost/1");
  const fact: fc.Arbitrary<RoomFact> = fc.oneof(
    fc.record({ nick, jid }).map(({ nick, jid }) => ({ type: "OccupantEntered", data: { ...owner, nick, jid, role: "participant", presence: "<presence/>" } }) as const),
    fc.record({ nick, jid }).map(({ nick, jid }) => ({ type: "OccupantLeft", data: { ...owner, nick, jid } }) as const),
    fc.record({ nick, to: nick }).map(({ nick, to }) => ({ type: "OccupantRenamed", data: { ...owner, nick, to } }) as const),
    fc.record({ jid: fc.constantFrom("a@localhost", "b@localhost"), nick: fc.option(nick) }).map(
      ({ jid, nick }) => ({ type: "AffiliationSet", data: { ...owner, jid, affiliation: "member", nick, reason: null } }) as const,
    ),
    fc.constant({ type: "RoomDestroyed", data: { ...owner, by: null, reason: null } } as const),
  );

  /** What the rules of a room let happen: no two nicks in it read alike, and a session is in it once. */
  function mayBe(room: Room, { type, data }: RoomFact): boolean {
    const isFree = (nick: string, but?: string) => [...room.occupants.keys()].every((other) => other === but || nickKey(other) !== nickKey(nick));
    switch (type) {
      case "OccupantEntered":
        return room.nickOf(data.jid) === undefined && isFree(data.nick, data.nick);
      case "OccupantLeft":
        return room.nickOf(data.jid) === data.nick;
      case "OccupantRenamed":
        return room.occupants.has(data.nick) && data.nick !== data.to && isFree(data.to, data.nick);
      default:
        return true;
    }
  }

  function expectIndexed(room: Room): void {
    const alike = (nick: string, nicks: Iterable<string>) => [...nicks].find((other) => nickKey(other) === nickKey(nick));
    for (const nick of ["romeo", "Romeo", "St Peter", "st  peter", "Juliet"]) {
      expect(room.nickLike(nick)).toBe(alike(nick, room.occupants.keys()));
      const owner = [...room.affiliations].find(([, row]) => row.nick !== null && nickKey(row.nick) === nickKey(nick));
      expect(room.reservedBy(nick)).toBe(owner?.[0]);
    }
  }

  it("knows who has which nick, and whose is reserved, also after a step was taken back", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ fact, takenBack: fc.boolean() }), { maxLength: 20 }), (happened) => {
        const room = new Room(owner.host, owner.room);
        const created: RoomFact = { type: "RoomCreated", data: { ...owner, by: "a@localhost", config: defaultRoomConfig, locked: false } };
        room.apply(created, 0);
        for (const { fact, takenBack } of happened) {
          if (!mayBe(room, fact)) continue;
          const undo = room.apply(fact, 1);
          expectIndexed(room);
          if (takenBack) undo();
          expectIndexed(room);
        }
      }),
    );
  });
});
