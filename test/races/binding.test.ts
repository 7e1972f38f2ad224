/** Two streams of one user want one resource, or one session, at the same time: whatever the order, one of them has it and it works. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Race } from "./race.ts";
import { runs } from "./runs.ts";

const chat = (to: string, body: string) => `<message type='chat' to='${to}' id='${body}'><body>${body}</body></message>`;

describe("RFC 6120 section 7.7.2.2: two binds of one resource", () => {
  it.each([
    ["replace", 1], ["reject-new", 1], ["rename", 2],
  ] as const)("leave one session for each full JID, and contacts see the ones that are there (conflict: %s)", async (conflict, left) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const race = await Race.begin(scheduler, { config: { session: { conflict } } });
        const juliet = await race.player("juliet").login("balcony");
        await race.befriend();
        const streams = [await race.player("romeo").authenticate(), await race.player("romeo").authenticate()];
        await race.run(Object.fromEntries(streams.map((romeo, index) => [`stream ${index}`, () => {
          romeo.bind("orchard");
          romeo.say(`<presence><status>${index}</status></presence>`);
        }])));
        const bound = streams.filter(({ jid, isClosed }) => jid !== undefined && !isClosed);
        const sessions = await race.server.server.admin.sessions();
        const live = sessions.filter(({ username }) => username === "romeo");
        expect(bound).toHaveLength(left);
        expect(live.map(({ full_jid: jid }) => jid).toSorted()).toEqual(bound.map(({ jid }) => jid).toSorted());
        if (conflict === "replace") expect(streams.filter(({ streamError }) => streamError === "conflict")).toHaveLength(1);
        if (conflict === "reject-new") expect(streams.flatMap(({ heard }) => heard).filter(({ attrs }) => attrs["id"] === "bind" && attrs["type"] === "error")).toHaveLength(1);
        const seen = Object.entries(juliet.seen).filter(([jid, status]) => jid.startsWith("romeo") && status !== "unavailable");
        expect(seen.toSorted()).toEqual(bound.map(({ jid }) => [jid, `${streams.findIndex((stream) => stream.jid === jid && !stream.isClosed)}`]).toSorted());
        for (const romeo of bound) await romeo.ping();
        await race.end();
      }),
      { numRuns: runs(8) },
    );
  });
});

describe("XEP-0198 section 5: a session is resumed while it is replaced, and by two at once", () => {
  it("is one session at most, and what was sent to it arrives or is kept", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, isLost) => {
        const race = await Race.begin(scheduler);
        const juliet = await race.player("juliet").login("balcony");
        const romeo = await race.player("romeo").login("orchard");
        const { resumption, handled } = romeo;
        if (isLost) {
          romeo.cut();
          await race.rest();
        }
        const [first, second, third] = [await race.player("romeo").authenticate(), await race.player("romeo").authenticate(), await race.player("romeo").authenticate()];
        await race.run({
          "first resumes": () => first.resume(resumption, handled),
          "second resumes": () => second.resume(resumption, handled),
          "third binds the same": () => {
            third.bind("orchard");
            third.say("<presence/>");
          },
          "juliet speaks": () => {
            for (const body of ["one", "two", "three"]) juliet.say(chat("romeo@localhost", body));
          },
        });
        const streams = [romeo, first, second, third];
        const live = streams.filter(({ isClosed }) => !isClosed);
        const all = await race.server.server.admin.sessions();
        const bound = all.filter(({ username, full_jid: jid }) => username === "romeo" && jid !== null);
        expect(bound.map(({ full_jid: jid }) => jid)).toEqual(["romeo@localhost/orchard"]);
        expect(third.jid).toBe("romeo@localhost/orchard");
        // One at most has taken it up again and still has it; who could not can still bind a resource.
        const refused = [first, second].filter(({ heard }) => heard.some(({ name }) => name === "failed"));
        for (const stream of refused) expect(stream.isClosed).toBe(false);
        // Whoever comes next finds what nobody has.
        for (const stream of live) stream.cut();
        await race.rest(400_000);
        const next = await race.player("romeo").login("tomb");
        const arrived = [...streams, next].flatMap(({ bodies }) => bodies);
        expect([...new Set(arrived)].toSorted()).toEqual(["one", "three", "two"]);
        for (const { bodies } of [...streams, next]) expect(new Set(bodies).size).toBe(bodies.length);
        await race.end();
      }),
      { numRuns: runs(8) },
    );
  });
});
