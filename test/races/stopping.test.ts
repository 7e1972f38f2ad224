/** The server stops, or dies, while everything is under way: what it has promised holds when it is there again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Xml } from "../support/xml-reader.ts";
import { Race } from "./race.ts";
import { runs } from "./runs.ts";

const chat = (to: string, body: string) => `<message type='chat' to='${to}' id='${body}'><body>${body}</body></message>`;

describe("Stop against everything", () => {
  it.each(["stops", "dies"] as const)("the server %s amid logins, resumptions, messages and subscriptions: what it has taken arrives, and both sides agree", async (how) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat(30), async (scheduler, moment) => {
        const race = await Race.begin(scheduler, { accounts: ["romeo", "juliet", "nurse"] });
        await race.befriend();
        const [romeo, juliet] = [await race.player("romeo").login("orchard"), await race.player("juliet").login("balcony")];
        const lost = await race.player("juliet").login("tomb");
        lost.cut();
        await race.rest();
        const [back, fresh] = [await race.player("juliet").authenticate(), await race.player("nurse").authenticate()];
        const bodies = ["one", "two", "three", "four"];
        await race.run({
          "romeo speaks": () => bodies.forEach((body) => romeo.say(`${chat("juliet@localhost/balcony", body)}<r xmlns='urn:xmpp:sm:3'/>`)),
          "romeo subscribes": () => romeo.say("<presence type='subscribe' to='nurse@localhost'/>"),
          "juliet is back": () => back.resume(lost.resumption, lost.handled),
          "the nurse comes": () => {
            fresh.bind("kitchen");
            fresh.enable();
            fresh.say("<presence/><presence type='subscribed' to='romeo@localhost'/>");
          },
          "juliet leaves": () => juliet.say("<presence type='unavailable'/>"),
          [`the server ${how}`]: async () => {
            await race.turns(moment);
            if (how === "dies") race.server.kill();
            else await race.server.stop();
          },
        });
        if (how === "stops") for (const stream of [romeo, juliet, back, fresh]) expect(stream.isClosed).toBe(true);
        await race.start();
        const again = await race.player("romeo").authenticate();
        again.resume(romeo.resumption, romeo.handled);
        const resumed = await again.hear("whether it is resumed", isAnswer);
        expect(resumed.name).toBe("resumed");
        const handled = Number(resumed.attrs["h"]);
        // What was acknowledged before stays acknowledged (XEP-0198 section 4).
        for (const { name, attrs } of romeo.heard) if (name === "a") expect(handled).toBeGreaterThanOrEqual(Number(attrs["h"]));
        const listener = await race.player("juliet").authenticate();
        listener.resume(juliet.resumption, juliet.handled);
        expect((await listener.hear("whether it is resumed", isAnswer)).name).toBe("resumed");
        await race.rest();
        const heard = [...juliet.bodies, ...listener.bodies];
        expect(heard).toEqual(bodies.slice(0, heard.length));
        // What the server has counted of romeo's has arrived, and nothing else (XEP-0198 section 5).
        const counted = romeo.written.slice(romeo.written.findIndex((text) => text.startsWith("<enable ")) + 1).flatMap((text) => text.match(/<(?:message|presence|iq)\b[^>]*/g) ?? []);
        const taken = counted.slice(0, handled).flatMap((stanza) => bodies.filter((body) => stanza.includes(`id='${body}'`)));
        expect(heard).toEqual(taken);
        const [mine, theirs] = [await race.sideOf("romeo", "nurse"), await race.sideOf("nurse", "romeo")];
        expect(mine === "to").toBe(theirs === "from");
        await race.end();
      }),
      { numRuns: runs(8) },
    );
  });
});

function isAnswer({ name }: Xml): boolean {
  return name === "resumed" || name === "failed";
}
