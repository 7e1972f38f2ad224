/** A subscription ends while presence is on its way: whoever may no longer know is told of the end, and of nothing after it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Race } from "./race.ts";
import { runs } from "./runs.ts";

const ends = [
  ["juliet", "unsubscribe", (to: string) => `<presence type='unsubscribe' to='${to}'/>`],
  ["romeo", "unsubscribed", (to: string) => `<presence type='unsubscribed' to='${to}'/>`],
  ["romeo", "roster remove", (to: string) => `<iq type='set' id='rm'><query xmlns='jabber:iq:roster'><item jid='${to}' subscription='remove'/></query></iq>`],
  ["juliet", "roster remove", (to: string) => `<iq type='set' id='rm'><query xmlns='jabber:iq:roster'><item jid='${to}' subscription='remove'/></query></iq>`],
  ["juliet", "block", (to: string) => `<iq type='set' id='bl'><block xmlns='urn:xmpp:blocking'><item jid='${to}'/></block></iq>`],
] as const;

describe("RFC 6121 sections 3.2.3, 3.3.3 and 4.5: presence of romeo against the end of juliet's right to it", () => {
  it.each(ends)("by %s: %s", async (who, _, end) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, ofAnotherDevice) => {
        const race = await Race.begin(scheduler);
        await race.befriend();
        const [romeo, juliet] = [await race.player("romeo").login("orchard"), await race.player("juliet").login("balcony")];
        const byWhom = ofAnotherDevice ? await race.player(who).login("second") : who === "romeo" ? romeo : juliet;
        await race.rest();
        expect(juliet.seen[romeo.jid ?? ""]).toBe("");
        await race.run({
          "presence changes": () => {
            for (const status of ["1", "2", "3"]) romeo.say(`<presence><status>${status}</status></presence>`);
          },
          [`${who} ends it`]: () => byWhom.say(end(who === "romeo" ? juliet.bare : romeo.bare)),
          "juliet changes too": () => juliet.say("<presence><status>j</status></presence>"),
        });
        const told = juliet.heard.filter(({ name, attrs }) => name === "presence" && attrs["from"] === romeo.jid);
        const types = told.map(({ attrs }) => attrs["type"] ?? "available");
        expect(types.filter((type) => type === "unavailable"), types.join()).toHaveLength(1);
        expect(types.at(-1)).toBe("unavailable");
        // Both sides of what is left agree, and nobody is told of the end of what ended before.
        const [mine, theirs] = [await race.sideOf("romeo", "juliet"), await race.sideOf("juliet", "romeo")];
        expect([mine === "from" || mine === "both", mine === "to" || mine === "both"]).toEqual([theirs === "to" || theirs === "both", theirs === "from" || theirs === "both"]);
        const before = juliet.heard.length;
        romeo.say("<presence type='unavailable'/>");
        await romeo.ping();
        await race.rest();
        const later = juliet.heard.slice(before).filter(({ name, attrs }) => name === "presence" && attrs["from"]?.startsWith("romeo"));
        expect(later).toEqual([]);
        await race.end();
      }),
      { numRuns: runs(5) },
    );
  });
});

describe("RFC 6121 section 3.1: both ask and answer at once", () => {
  it("ends with rosters that agree, and everybody sees what they may", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.constantFrom("subscribe", "subscribed", "unsubscribe", "unsubscribed"), { minLength: 2, maxLength: 6 }), async (scheduler, types) => {
        const race = await Race.begin(scheduler);
        const [romeo, juliet] = [await race.player("romeo").login("orchard"), await race.player("juliet").login("balcony")];
        await race.run({
          "romeo": () => types.forEach((type) => romeo.say(`<presence type='${type}' to='juliet@localhost'/>`)),
          "juliet": () => types.toReversed().forEach((type) => juliet.say(`<presence type='${type}' to='romeo@localhost'/>`)),
        });
        const [mine, theirs] = [await race.sideOf("romeo", "juliet"), await race.sideOf("juliet", "romeo")];
        const sees = (side: string) => side === "to" || side === "both";
        const shown = (side: string) => side === "from" || side === "both";
        expect([sees(mine), shown(mine)]).toEqual([shown(theirs), sees(theirs)]);
        for (const [watcher, by, side] of [[romeo, juliet, mine], [juliet, romeo, theirs]] as const) {
          const seen = watcher.seen[by.jid ?? ""];
          expect(seen !== undefined && seen !== "unavailable", `${watcher.user} sees ${by.user} as ${seen}, ${side}`).toBe(sees(side));
        }
        await race.end();
      }),
      { numRuns: runs(8) },
    );
  });
});
