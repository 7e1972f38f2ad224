import { describe, expect, it } from "vitest";
import { pushCatchUpMax, pushCatchUpMs, pushErrorsMax, pushRetryMs, pushRetryMsMax, pushServicesMax, serverRequestMs } from "../../src/domain/limits.ts";
import { bodies, chat, type ManagedClient } from "../management/support.ts";
import type { Xml } from "../support/xml-reader.ts";
import { accept, disable, enable, pushSetting, refuse, said, taken, told, words, xmlns } from "./xep-0357-setting.ts";

const the = pushSetting();
const { clock, scene, elsewhere } = the;

/** Juliet's phone is gone; her app shows itself to her whenever it is available. */
async function away() {
  const all = await scene({ stranger: true });
  await the.stage.relate(all.app.bare, all.juliet, "From");
  await enable(all.phone, all.app.jid);
  await all.phone.close();
  return all;
}

describe("XEP-0357 section 7: a notification for a push service that is away", () => {
  it("is made up for when it is available again: once, with what is so by then", async () => {
    const { romeo, app, juliet } = await away();
    await app.close();
    await romeo.ask(chat(juliet, "one") + chat(juliet, "two"));
    const back = await the.stage.bound(app.bare, "server");
    expect(await words(back)).toEqual([]);
    back.send("<presence/>");
    expect(await taken(back)).toEqual(["node 2"]);
    back.send("<presence><show>dnd</show></presence><presence type='unavailable'/><presence/>");
    expect(await taken(back)).toEqual([]);
    await romeo.ask(chat(juliet, "three"));
    expect(await taken(back)).toEqual(["node 3"]);
  });

  it("is made up for by the next event, together with that", async () => {
    const { romeo, app, juliet } = await away();
    await app.close();
    await romeo.ask(chat(juliet, "one"));
    const back = await the.stage.bound(app.bare, "server");
    await romeo.ask(chat(juliet, "two"));
    expect(await taken(back)).toEqual(["node 2"]);
    back.send("<presence/>");
    expect(await taken(back)).toEqual([]);
  });

  it("waits in no queue while its link is lost, and is told when it has resumed", async () => {
    const { phone, romeo, juliet } = await scene();
    const own = await the.stage.resumable(juliet, "service");
    await enable(phone, own.jid);
    await phone.close();
    await own.vanish(the.server);
    await romeo.ask(chat(juliet, "one"));
    clock.forward(serverRequestMs + 1);
    await own.resume();
    expect(await taken(own)).toEqual(["node 1"]);
    clock.forward(pushRetryMsMax);
    expect(await taken(own)).toEqual([]);
  });

  it.each([
    ["shows itself to the user by directed presence", "available"],
    ["approves the user's subscription", "subscribed"],
  ])("is told when it %s", async (_, type) => {
    const { phone, romeo, app, juliet } = await scene({ stranger: true });
    await phone.ask(`<presence to='${app.bare}' type='subscribe'/>`);
    await enable(phone, app.jid);
    await romeo.ask(chat(juliet, "one"));
    expect(await words(app)).toEqual([]);
    app.send(type === "subscribed" ? `<presence to='${juliet}' type='subscribed'/>` : `<presence to='${juliet}'/>`);
    expect(await taken(app)).toEqual(["node 1"]);
  });

  it("is told within a minute to one that is there without a word", () => elsewhere({ push: { services: ["localhost"] } }, async () => {
    const { phone, romeo, app, juliet } = await scene({ stranger: true });
    await enable(phone, app.jid);
    await app.close();
    await romeo.ask(chat(juliet, "one"));
    clock.forward(pushRetryMs);
    const back = await the.stage.bound(app.bare, "server");
    clock.forward(pushRetryMs);
    expect(await taken(back)).toEqual(["node 1"]);
  }));

  it("is told to many users' services at the same address in portions", async () => {
    const { romeo, app } = await scene({ stranger: true });
    const users = Object.values(await the.stage.cast(...Array.from({ length: Math.ceil((pushCatchUpMax + 20) / pushServicesMax) }, (_, index) => `user${index}`)));
    const own = await the.stage.bound(app.bare, "own");
    for (const user of users) {
      const client = await the.stage.bound(user);
      const enables = Array.from({ length: pushServicesMax }, (_, node) => `<iq type='set' id='${node}'><enable xmlns='${xmlns}' jid='${app.jid}' node='${node}'/></iq>`);
      await client.ask(enables.join("") + `<presence to='${app.bare}' type='subscribe'/>`);
      await client.close();
      await own.ask(`<presence to='${user}' type='subscribed'/>`);
    }
    await app.close();
    await romeo.ask(users.map((user) => chat(user, "one")).join(""));
    const back = await the.stage.bound(app.bare, "server");
    back.send("<presence/>");
    expect((await told(back)).length).toBe(pushCatchUpMax);
    clock.forward(pushCatchUpMs);
    expect([(await told(back)).length, (await told(back)).length]).toEqual([users.length * pushServicesMax - pushCatchUpMax, 0]);
  });

  it("is no news if the user has come meanwhile, or has disabled it", async () => {
    const { romeo, app, juliet } = await away();
    await app.close();
    await romeo.ask(chat(juliet, "one"));
    const phone = await the.stage.resumable(juliet, "again");
    expect(bodies([...await phone.ask("<presence/>"), ...await phone.settled()])).toEqual(["one"]);
    phone.ack();
    await phone.close();
    const back = await the.stage.bound(app.bare, "server");
    back.send("<presence/>");
    expect(await words(back)).toEqual([]);
    await back.close();
    await romeo.ask(chat(juliet, "two"));
    await disable(await the.stage.bound(juliet, "third"), app.jid);
    const third = await the.stage.bound(app.bare, "server");
    third.send("<presence/>");
    expect(await words(third)).toEqual([]);
    clock.forward(pushRetryMsMax);
    expect(await words(third)).toEqual([]);
  });
});

describe("XEP-0357 section 7.1: a notification that a push service has not taken", () => {
  /** In units of the first one: what it is told comes after these, and not before. */
  const pauses = [0, 1, 2, 4, 8, 16, 32, 60, 60, 60];

  async function toldAfter(app: ManagedClient, pause: number): Promise<Xml> {
    if (pause > 0) clock.forward(pause * pushRetryMs - 5_000);
    const early = pause > 0 ? await told(app) : [];
    if (pause > 0) clock.forward(5_000);
    const [notification, ...more] = await told(app);
    expect([early, notification === undefined, more]).toEqual([[], false, []]);
    return notification!;
  }

  it("because it was silent is told again, after longer and longer pauses, and when it answers that is over", async () => {
    const { romeo, app, juliet } = await away();
    await romeo.ask(chat(juliet, "one"));
    for (const pause of pauses) {
      await toldAfter(app, pause);
      clock.forward(serverRequestMs);
      expect(await told(app)).toEqual([]);
    }
    await app.ask(accept(await toldAfter(app, 60)));
    const later = await the.stage.bound(romeo.bare, "later");
    await later.ask(chat(juliet, "two"));
    expect(said(await toldAfter(app, 0))).toBe("node 2");
    clock.forward(serverRequestMs);
    expect(await told(app)).toEqual([]);
    expect(said(await toldAfter(app, 1))).toBe("node 2");
  });

  it("because of an error that may pass is told again, until it is disabled for too many", async () => {
    const { romeo, app, juliet } = await away();
    await romeo.ask(chat(juliet, "one"));
    expect(pauses.length).toBe(pushErrorsMax);
    for (const pause of pauses) await app.ask(refuse(await toldAfter(app, pause), "wait", "resource-constraint"));
    clock.forward(pushRetryMsMax);
    expect(await told(app)).toEqual([]);
    const later = await the.stage.bound(romeo.bare, "later");
    await later.ask(chat(juliet, "two"));
    expect(await told(app)).toEqual([]);
  });

  it("is not told again if the user has read it", async () => {
    const { romeo, app, juliet } = await away();
    await romeo.ask(chat(juliet, "one"));
    await told(app);
    clock.forward(serverRequestMs);
    const phone = await the.stage.bound(juliet, "again");
    expect(bodies([...await phone.ask("<presence/>"), ...await phone.settled()])).toEqual(["one"]);
    await phone.caughtUp();
    clock.forward(pushRetryMsMax);
    expect(await words(app)).toEqual([]);
  });

  it("is one with what comes meanwhile", async () => {
    const { romeo, app, juliet } = await away();
    await romeo.ask(chat(juliet, "one"));
    await told(app);
    clock.forward(serverRequestMs);
    await romeo.ask(chat(juliet, "two"));
    const [second, ...more] = await told(app);
    expect([said(second!), more]).toEqual(["node 2", []]);
    await app.ask(accept(second!));
    clock.forward(pushRetryMsMax);
    expect(await words(app)).toEqual([]);
  });

  it("is told for each node by itself", async () => {
    const { romeo, app, juliet } = await away();
    const desk = await the.stage.bound(juliet, "desk");
    await enable(desk, app.jid, "other");
    await romeo.ask(chat(juliet, "one"));
    const [first, second] = (await told(app)).toSorted((a, b) => said(a).localeCompare(said(b)));
    await app.ask(accept(first!) + refuse(second!, "wait", "resource-constraint"));
    clock.forward(pushRetryMs);
    expect(await taken(app)).toEqual([said(second!)]);
  });
});

describe("XEP-0357 section 7: where no messages are stored for who is not there", () => {
  it("is told of those that are in the archive alone, until the user is there", () => the.elsewhere({ limits: { offlineMessages: 0 } }, async () => {
    const { phone, romeo, app, juliet } = await the.scene();
    await enable(phone, app.jid);
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual(["node 1"]);
    await romeo.ask(chat(juliet, "two"));
    expect(await taken(app)).toEqual(["node 2"]);
    const desk = await the.stage.bound(juliet, "desk");
    await desk.ask("<presence/>");
    await desk.close();
    await romeo.ask(chat(juliet, "three"));
    expect(await taken(app)).toEqual(["node 1"]);
  }));
});
