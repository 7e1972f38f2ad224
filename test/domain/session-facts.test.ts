import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allContents,
  evolveHeld,
  heldKey,
  heldThrough,
  numberOfHeldKey,
  numberOfQueueKey,
  numberOfTakenKey,
  parseQueuedText,
  presenceKey,
  queuedText,
  queueKey,
  queueThrough,
  recordedId,
  sessionFactVersions,
  takenKey,
  type KeptStanza,
} from "../../src/domain/session-facts.ts";

const numbers = fc.oneof(fc.nat(1_000), fc.maxSafeNat());
const key = fc.oneof(numbers.map(queueKey), numbers.map(takenKey), numbers.map(heldKey), fc.constant(presenceKey));

describe("The keys of a session's contents", () => {
  it.each([
    [1, "queue/0000000000000001", "taken/0000000000000001", "held/0000000000000001"],
    [Number.MAX_SAFE_INTEGER, "queue/9007199254740991", "taken/9007199254740991", "held/9007199254740991"],
  ])("hold the number %i as text of sixteen digits, as logs have it", (number, queued, taken, held) => {
    expect([queueKey(number), takenKey(number), heldKey(number), presenceKey]).toEqual([queued, taken, held, "presence"]);
  });

  it("tell their number, and of which kind they are", () => {
    fc.assert(
      fc.property(numbers, (number) => {
        const kinds = [numberOfQueueKey, numberOfTakenKey, numberOfHeldKey].map((numberOf) => [queueKey, takenKey, heldKey].map((keyOf) => numberOf(keyOf(number))));
        const none = undefined;
        expect(kinds).toEqual([[number, none, none], [none, number, none], [none, none, number]]);
      }),
    );
    for (const other of [presenceKey, "", "1", "a/queue/", "a/taken/", "a/held/"]) {
      expect([numberOfQueueKey(other), numberOfTakenKey(other), numberOfHeldKey(other)], other).toEqual([undefined, undefined, undefined]);
    }
  });

  it("sort as their numbers do", () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        expect([queueKey(a) < queueKey(b), takenKey(a) < takenKey(b), heldKey(a) < heldKey(b)]).toEqual([a < b, a < b, a < b]);
      }),
    );
  });

  const within = (key: string, { from, through }: { readonly from: string; readonly through: string }) => from <= key && key <= through;

  it("are erased up to a number, both kinds, and nothing beside them", () => {
    fc.assert(
      fc.property(numbers, key, (number, key) => {
        const its = numberOfQueueKey(key) ?? numberOfTakenKey(key);
        expect(queueThrough(number).some((range) => within(key, range))).toBe(its !== undefined && its <= number);
        const held = numberOfHeldKey(key);
        expect(heldThrough(number).some((range) => within(key, range))).toBe(held !== undefined && held <= number);
      }),
    );
  });

  it("are all erased at the end", () => {
    fc.assert(fc.property(fc.oneof(key, fc.string()), (key) => within(key, allContents)));
  });
});

describe("What waits until a client looks", () => {
  it("is what its facts say, one after the other", () => {
    const held = new Set<number>();
    const after = (type: string, data: object): readonly number[] => {
      evolveHeld(held, { type, data });
      return [...held];
    };
    expect(after("StanzaHeld", { number: 1, replaces: null })).toEqual([1]);
    expect(after("StanzaHeld", { number: 2, replaces: null })).toEqual([1, 2]);
    expect(after("StanzaHeld", { number: 3, replaces: 1 })).toEqual([2, 3]);
    expect(after("StanzaQueued", { number: 1 })).toEqual([2, 3]);
    expect(after("HeldStanzasReleased", { through: 2 })).toEqual([3]);
    expect(after("HeldStanzasReleased", { through: 3 })).toEqual([]);
  });
});

describe("What is recorded of an id", () => {
  it("is enough to find it by, and never more than 256 characters", () => {
    expect([recordedId(undefined), recordedId(""), recordedId("a1")]).toEqual([null, "", "a1"]);
    expect(recordedId(`${"x".repeat(256)}y`)).toBe("x".repeat(256));
  });
});

describe("A queued stanza as it is kept", () => {
  const own: KeptStanza = { at: 1_700_000_000_000, copy: false, sharedId: undefined, text: "<message/>" };

  it.each<readonly [string, KeptStanza, string]>([
    ["this session's alone", own, "1700000000000 own <message/>"],
    ["a copy", { ...own, copy: true }, "1700000000000 copy <message/>"],
    ["shared with other sessions", { ...own, sharedId: "s-7" }, "1700000000000 shared:s-7 <message/>"],
    ["to go back", { ...own, returns: { from: "r@m/First Witch", to: "a@b/>" } }, "1700000000000 own back:r%40m%2FFirst%20Witch>a%40b%2F%3E <message/>"],
    ["shared, and to go back", { ...own, sharedId: "s-7", returns: { from: "r@m/n", to: "a@b/c" } }, "1700000000000 shared:s-7 back:r%40m%2Fn>a%40b%2Fc <message/>"],
  ])("says that it is %s", (_, stanza, text) => {
    expect(queuedText(stanza)).toBe(text);
    expect(parseQueuedText(text)).toEqual(stanza);
  });

  it("is read again, whatever its text looks like", () => {
    const looks = fc.constantFrom("1 own ", "2 copy ", "3 shared:x ", " ", "\n", "<message/>", "愛");
    const stanza: fc.Arbitrary<KeptStanza> = fc
      .record({ at: fc.maxSafeNat(), whose: fc.constantFrom("copy", "own", "shared"), sharedId: fc.uuid(), text: fc.array(looks).map((parts) => parts.join("")) })
      .map(({ at, whose, sharedId, text }) => ({ at, copy: whose === "copy", sharedId: whose === "shared" ? sharedId : undefined, text }));
    fc.assert(
      fc.property(stanza, (stanza) => {
        expect(parseQueuedText(queuedText(stanza))).toEqual(stanza);
      }),
    );
  });

  it("is read again with its way back, whatever the addresses look like; a copy has none", () => {
    const part = fc.array(fc.constantFrom(" ", ">", "%", "back:", "愛", "/", "a"), { minLength: 1 }).map((parts) => `r@m/${parts.join("")}`);
    fc.assert(
      fc.property(part, part, (from, to) => {
        const stanza = { ...own, returns: { from, to } };
        expect(parseQueuedText(queuedText(stanza))).toEqual(stanza);
        expect(parseQueuedText(queuedText({ ...stanza, copy: true }))).toEqual({ ...own, copy: true });
      }),
    );
  });

  it.each(["", "<message/>", "own <message/>", " 7 own <message/>", "x7 own <message/>", "7 shared: <message/>", "7 mine <message/>", "7own <message/>", "7 own", "7 copy"])(
    "is not %j",
    (text) => {
      expect(() => parseQueuedText(text)).toThrow("expected a queued stanza, with when it was queued and whose care it is, got something else");
    },
  );
});

describe("The facts of a session", () => {
  it("have their versions: what another version wrote is read by its upcast", () => {
    expect(sessionFactVersions).toEqual({
      SessionSnapshotTaken: 2, SessionTold: 1, StanzaQueued: 1, StanzasCounted: 1, StanzasAcknowledged: 1, StanzasTaken: 1, QueueDropped: 1, StanzaHeld: 1,
      HeldStanzasReleased: 1, SessionEnded: 1,
    });
  });
});
