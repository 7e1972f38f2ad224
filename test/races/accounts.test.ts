/** An account is deleted while its user comes in and others write to it: nothing of it is left, in memory or on the disk. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Race } from "./race.ts";
import { runs } from "./runs.ts";

describe("An account is deleted", () => {
  it("while its user binds, resumes and speaks: no session, no subscription and no message is left", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const race = await Race.begin(scheduler);
        await race.befriend();
        const juliet = await race.player("juliet").login("balcony");
        const old = await race.player("romeo").login("orchard");
        const { resumption, handled } = old;
        old.cut();
        await race.rest();
        const [back, fresh] = [await race.player("romeo").authenticate(), await race.player("romeo").authenticate()];
        const { admin } = race.server.server;
        await race.run({
          "the operator deletes romeo": () => admin.userDelete("romeo@localhost"),
          "romeo resumes": () => back.resume(resumption, handled),
          "romeo binds": () => {
            fresh.bind("tomb");
            fresh.say("<presence/><message to='juliet@localhost'><body>farewell</body></message><presence type='subscribe' to='juliet@localhost'/>");
          },
          "juliet writes": () => juliet.say("<message to='romeo@localhost' id='m'><body>where are you</body></message><presence type='subscribe' to='romeo@localhost'/>"),
        });
        const sessions = await admin.sessions();
        expect(sessions.filter(({ username }) => username === "romeo").map(({ state }) => state).filter((state) => state !== "closing")).toEqual([]);
        await race.rest(10_000);
        for (const stream of [back, fresh]) expect(stream.isClosed).toBe(true);
        expect(await race.finish(admin.userList())).toEqual(["juliet@localhost"]);
        const { contacts } = await race.finish(admin.roster("juliet@localhost"));
        expect(contacts.filter(({ subscription }) => subscription !== "none")).toEqual([]);
        expect(Object.entries(juliet.seen).filter(([jid, status]) => jid.startsWith("romeo@") && status !== "unavailable")).toEqual([]);
        // Who takes the name later finds nothing of the one before.
        await race.make("romeo");
        const other = await race.player("romeo").login("orchard");
        await race.rest();
        const roster = other.heard.find(({ attrs }) => attrs["id"] === "roster");
        expect(roster?.children.flatMap((query) => (typeof query === "string" ? [] : query.children))).toEqual([]);
        expect(other.heard.filter(({ name }) => name === "message")).toEqual([]);
        expect(Object.keys(juliet.seen).filter((jid) => jid === other.jid && juliet.seen[jid] !== "unavailable")).toEqual([]);
        await race.end();
      }),
      { numRuns: runs(8) },
    );
  });
});

describe("An account is disabled", () => {
  it("while its user binds and resumes: no session is left", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const race = await Race.begin(scheduler);
        const old = await race.player("romeo").login("orchard");
        const { resumption, handled } = old;
        old.cut();
        await race.rest();
        const [back, fresh] = [await race.player("romeo").authenticate(), await race.player("romeo").authenticate()];
        const { admin } = race.server.server;
        await race.run({
          "the operator disables romeo": () => admin.userDisable("romeo@localhost"),
          "romeo resumes": () => back.resume(resumption, handled),
          "romeo binds": () => fresh.bind("tomb"),
        });
        await race.rest(10_000);
        const sessions = (await admin.sessions()).filter(({ username }) => username === "romeo");
        expect(sessions.filter(({ state }) => state !== "closing")).toEqual([]);
        for (const stream of [back, fresh]) expect(stream.isClosed).toBe(true);
        expect(await race.finish(admin.userDisabled())).toEqual(["romeo@localhost"]);
        await race.end();
      }),
      { numRuns: runs(8) },
    );
  });
});
