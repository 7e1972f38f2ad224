import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newRosterItem, rosterItemBytes, sameRosterItem, sees, shows, withSubscription, type RosterItem } from "../../src/domain/roster.ts";
import { subscriptionStates } from "../../src/domain/subscription.ts";

const juliet: RosterItem = {
  jid: "juliet@capulet.lit", name: "Juliet", groups: ["Friends", "Lovers"], subscription: "both", ask: false, approved: false,
};

describe("RFC 6121 section 2.1.2 roster items", () => {
  it("begin with nothing but the address", () => {
    expect(newRosterItem("nurse@capulet.lit")).toEqual({
      jid: "nurse@capulet.lit", name: "", groups: [], subscription: "none", ask: false, approved: false,
    });
  });

  it("keep what the user wrote through every change of the subscription", () => {
    for (const state of subscriptionStates) {
      expect(withSubscription(juliet, state, false)).toMatchObject({ jid: juliet.jid, name: "Juliet", groups: ["Friends", "Lovers"] });
    }
  });

  it.each([
    ["None", "none", false],
    ["NoneOut", "none", true],
    ["To", "to", false],
    ["From", "from", false],
    ["FromOut", "from", true],
    ["Both", "both", false],
  ] as const)("show %s as subscription='%s' (ask: %s)", (state, subscription, ask) => {
    expect(withSubscription(juliet, state, false)).toMatchObject({ subscription, ask });
  });

  it.each([["None", "NoneIn"], ["NoneOut", "NoneOutIn"], ["To", "ToIn"]] as const)(
    "never show that the contact has asked: %s and %s are the same (appendix A.1)",
    (without, asked) => {
      expect(withSubscription(juliet, asked, false)).toEqual(withSubscription(juliet, without, false));
    },
  );

  it("show a pre-approval (section 2.1.2.1)", () => {
    expect(withSubscription(juliet, "None", true).approved).toBe(true);
    expect(withSubscription({ ...juliet, approved: true }, "None", false).approved).toBe(false);
  });
});

describe("items that are the same", () => {
  const item: fc.Arbitrary<RosterItem> = fc.record({
    jid: fc.constantFrom("a@b", "b@b"),
    name: fc.constantFrom("", "A"),
    groups: fc.uniqueArray(fc.constantFrom("g", "h", "i"), { maxLength: 3 }),
    subscription: fc.constantFrom("none", "to", "from", "both"),
    ask: fc.boolean(),
    approved: fc.boolean(),
  });

  it.each<readonly [string, Partial<RosterItem>]>([
    ["address", { jid: "juliet@capulet.example" }],
    ["name", { name: "Julie" }],
    ["subscription", { subscription: "to" }],
    ["waiting for an answer", { ask: true }],
    ["pre-approval", { approved: true }],
    ["groups, one more", { groups: [...juliet.groups, "Poets"] }],
    ["groups, one less", { groups: ["Friends"] }],
    ["groups, another", { groups: ["Friends", "Enemies"] }],
    ["order of the groups", { groups: ["Lovers", "Friends"] }],
  ])("do not differ in %s", (_, other) => {
    expect(sameRosterItem(juliet, { ...juliet, ...other })).toBe(false);
    expect(sameRosterItem({ ...juliet, ...other }, juliet)).toBe(false);
  });

  it("are those that a client cannot tell apart", () => {
    const pair = item.chain((a) => fc.tuple(fc.constant(a), fc.oneof(fc.constant(structuredClone(a)), item, fc.record(changes(a)))));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(sameRosterItem(a, b)).toBe(JSON.stringify(ordered(a)) === JSON.stringify(ordered(b)));
        expect(sameRosterItem(a, b)).toBe(sameRosterItem(b, a));
      }),
    );
  });

  it("may be of different versions", () => {
    expect(sameRosterItem({ ...juliet, version: 1 } as RosterItem, { ...juliet, version: 2 } as RosterItem)).toBe(true);
  });

  /** Each field as it is or otherwise, so that pairs often differ in one. */
  function changes(a: RosterItem) {
    return {
      jid: fc.constant(a.jid),
      name: fc.constantFrom(a.name, a.name, `${a.name}!`),
      groups: fc.constantFrom(a.groups, a.groups, [...a.groups, "j"], a.groups.toReversed()),
      subscription: fc.constantFrom(a.subscription, a.subscription, "to" as const),
      ask: fc.constantFrom(a.ask, a.ask, !a.ask),
      approved: fc.constantFrom(a.approved, a.approved, !a.approved),
    };
  }

  function ordered({ jid, name, groups, subscription, ask, approved }: RosterItem): unknown {
    return [jid, name, groups, subscription, ask, approved];
  }
});

describe("the bytes of an item", () => {
  /** The longest that an item can be as XML, with its texts as they are. */
  const written = (jid: string, name: string, groups: readonly string[]) =>
    `<item jid='${jid}' name='${name}' subscription='both' ask='subscribe' approved='true'>${groups.map((group) => `<group>${group}</group>`).join("")}</item>`;

  it("are those of its XML, or a few more", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "~", "\u{80}", "é", "\u{7ff}", "\u{800}", "愛", "\u{ffff}", "\u{10000}", "😀"), maxLength: 30 });
    const widest = (text: string) => text.replaceAll(/[&<>'"]/g, "&quot;");
    fc.assert(
      fc.property(text, text, fc.array(fc.oneof(text, fc.string({ unit: fc.constantFrom(..."&<>'\"a"), maxLength: 9 })), { maxLength: 5 }), (jid, name, groups) => {
        const bytes = rosterItemBytes({ ...juliet, jid, name, groups });
        const most = Buffer.byteLength(written(jid, widest(name), groups.map(widest)));
        expect(bytes).toBeGreaterThanOrEqual(most);
        expect(bytes).toBeLessThanOrEqual(most + 16 + groups.length);
      }),
    );
  });

  it.each([
    ["a", 1], ["~", 1], ["\u{7f}", 1], ["\u{80}", 2], ["\u{7ff}", 2], ["\u{800}", 3], ["\u{ffff}", 3], ["\u{10000}", 4], ["\u{10ffff}", 4],
    ["&", 6], ["<", 6], [">", 6], ["'", 6], ["\"", 6],
  ])("grow with %j by %i wherever it stands", (character, size) => {
    const before = rosterItemBytes(juliet);
    const { jid, name, groups } = juliet;
    for (const longer of [{ jid: jid + character }, { name: name + character }, { groups: ["Friends", `Lovers${character}`] }]) {
      expect(rosterItemBytes({ ...juliet, ...longer }) - before).toBe(size);
    }
    expect(rosterItemBytes({ ...juliet, groups: [...groups, character] }) - before).toBe("<group></group>".length + 1 + size);
  });

  it("are the same whatever its subscription is", () => {
    for (const state of subscriptionStates) expect(rosterItemBytes(withSubscription(juliet, state, true))).toBe(rosterItemBytes(juliet));
  });
});

describe("who sees whom", () => {
  it.each([
    ["none", false, false],
    ["to", true, false],
    ["from", false, true],
    ["both", true, true],
  ] as const)("in '%s'", (subscription, isSeen, isShown) => {
    expect([sees({ ...juliet, subscription }), shows({ ...juliet, subscription })]).toEqual([isSeen, isShown]);
  });

  it("is nobody without an item, or by asking", () => {
    expect([sees(undefined), shows(undefined)]).toEqual([false, false]);
    expect(sees(withSubscription(juliet, "NoneOut", true))).toBe(false);
    expect(shows(withSubscription(juliet, "NoneIn", true))).toBe(false);
  });
});
