/** Client state over real sockets: what waits while nobody looks, what does not, and that nothing of it is out of order or lost. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Config } from "../../src/config/schema.ts";
import { heldCharsMax, heldStanzasMax, xmlLimitsAuthenticated } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { chat, ManagedStage, type ManagedClient } from "../management/support.ts";
import { joining, newRoom, opened, said } from "../muc/setting.ts";
import { lastStream } from "../streams/support.ts";
import { authenticate, type BoundClient } from "../support/login.ts";
import { enabled } from "./xep-0280-setting.ts";
import { active, chatStates, come, event, inactive, say, state } from "./xep-0352-setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** Juliet's phone counts stanzas, so it can be looked at without disturbing it. */
async function pair(): Promise<{ readonly romeo: BoundClient; readonly juliet: ManagedClient }> {
  const jids = await stage.cast("romeo", "juliet");
  const [romeo, juliet] = [await stage.appear(jids.romeo, "orchard"), await stage.resumable(jids.juliet, "phone", "<presence/>")];
  return { romeo, juliet };
}

describe("XEP-0352 section 4 the protocol", () => {
  it("is offered once the client is known", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await authenticate(server, { user: romeo.replace("@localhost", ""), over: "plaintext" });
    client.destroy();
    const [before, after] = [client.received.split("</stream:features>")[0], lastStream(client).elements[0]];
    // Within what a login can carry it is a matter of XEP-0386.
    expect(before!.replace(/<authentication .*?<\/authentication>/, "")).not.toContain("urn:xmpp:csi:0");
    expect(after?.children).toContainEqual({ name: "csi", xmlns: "urn:xmpp:csi:0", attrs: {}, children: [] });
  });

  it("has no answers, whatever was said before, and no other states", async () => {
    const { juliet } = await pair();
    for (const text of [active, inactive, inactive, active, active, inactive]) await say(juliet, text);
    expect(await come(juliet)).toEqual([]);
    juliet.send("<asleep xmlns='urn:xmpp:csi:0'/>");
    await juliet.raw.expect("<unsupported-stanza-type ");
  });

  it("begins active", async () => {
    const { romeo, juliet } = await pair();
    await romeo.ask(state(juliet.jid, "composing") + event(juliet.jid, "tune", "one"));
    expect(await come(juliet)).toEqual(["composing", "tune: one"]);
  });
});

describe("XEP-0352 section 3.2 what waits", () => {
  it("is the latest item of its kind in a node, in the order of the latest", async () => {
    const { romeo, juliet } = await pair();
    await say(juliet, inactive);
    await romeo.ask(event(juliet.jid, "tune", "current", "one") + event(juliet.jid, "mood", "current", "glad"));
    await romeo.ask(event(juliet.jid, "bookmarks", "a") + event(juliet.jid, "bookmarks", "b") + event(juliet.jid, "tune", "current", "two"));
    expect(await come(juliet)).toEqual([]);
    await say(juliet, active);
    expect(await come(juliet)).toEqual(["mood: glad", "bookmarks: a", "bookmarks: b", "tune: two"]);
    await romeo.ask(event(juliet.jid, "tune", "current", "three"));
    expect(await come(juliet)).toEqual(["tune: three"]);
  });

  it("comes before whatever does not wait", async () => {
    const { romeo, juliet } = await pair();
    await juliet.ask(`<presence to='${romeo.jid}'/>`);
    for (const [what, words] of [
      [chat(juliet.jid, "hello"), "hello"],
      [`<message to='${juliet.jid}' type='headline'><body>news</body></message>`, "news"],
      [state(juliet.jid, "active", "<body>well</body>"), "well"],
      [state(juliet.jid, "active", "<x xmlns='urn:x'/>"), "active"],
      // It is archived, and so it is more than of the moment; what only looks like a carbon is none.
      [state(juliet.jid, "active", "<store xmlns='urn:xmpp:hints'/>"), "active"],
      [`<message to='${juliet.jid}'><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'>${state(juliet.jid, "active").replace("<message", "<message xmlns='jabber:client'")}</forwarded></result></message>`, "result"],
      [`<message to='${juliet.jid}' type='error'><composing xmlns='${chatStates}'/></message>`, "composing"],
      [`<message to='${juliet.jid}'><received xmlns='urn:xmpp:receipts' id='1'/></message>`, "received"],
      [`<iq type='get' id='v' to='${juliet.jid}'><query xmlns='jabber:iq:version'/></iq>`, "<iq from="],
    ] as const) {
      await say(juliet, inactive);
      await romeo.ask(event(juliet.jid, "tune", "current"));
      expect(await come(juliet), what).toEqual([]);
      await romeo.ask(what);
      expect(await come(juliet), what).toEqual(["tune: current", expect.stringContaining(words)]);
      // And it is inactive still.
      await romeo.ask(event(juliet.jid, "tune", "current"));
      expect(await come(juliet), what).toEqual([]);
      await say(juliet, active);
      expect(await come(juliet), what).toEqual(["tune: current"]);
    }
  });

  it("is delivered before the answer to what the client sends next (section 5.1)", async () => {
    const { romeo, juliet } = await pair();
    await say(juliet, inactive);
    await romeo.ask(event(juliet.jid, "tune", "current"));
    expect((await juliet.ask(active)).length).toBe(1);
  });

  it("is a matter of each session", async () => {
    const { romeo, juliet } = await pair();
    const balcony = await stage.resumable(juliet.bare, "balcony", "<presence/>");
    await come(juliet);
    await say(juliet, inactive);
    await romeo.ask(`<message to='${juliet.bare}' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'/></event></message>`);
    expect([await come(juliet), await come(balcony)]).toEqual([[], ["n: "]]);
  });

  it("is bounded in number", async () => {
    const { romeo, juliet } = await pair();
    await say(juliet, inactive);
    for (let index = 0; index < heldStanzasMax; index += 1) romeo.send(event(juliet.jid, "n", `${index}`));
    await romeo.ask(event(juliet.jid, "n", "0", "again"));
    expect(await come(juliet)).toEqual([]);
    await romeo.ask(event(juliet.jid, "n", "more"));
    const words = await come(juliet);
    expect(words).toHaveLength(heldStanzasMax + 1);
    expect(words.slice(-2)).toEqual(["n: again", "n: more"]);
  });

  it("is bounded in size", async () => {
    const { romeo, juliet } = await pair();
    const payload = "x".repeat(xmlLimitsAuthenticated.stanzaBytesMax / 2);
    await say(juliet, inactive);
    const count = Math.floor(heldCharsMax / payload.length) - 1;
    for (let index = 0; index < count; index += 1) await romeo.ask(event(juliet.jid, "n", `${index}`, payload));
    // In the place of another it needs no room.
    await romeo.ask(event(juliet.jid, "n", "0", payload));
    expect(await come(juliet)).toHaveLength(0);
    await romeo.ask(event(juliet.jid, "n", "last", payload));
    expect(await come(juliet)).toHaveLength(count + 1);
  });
});

describe("XEP-0352 section 3.2 chat states", () => {
  it("of each conversation come last as they stand, and alone wake nobody", async () => {
    const { romeo, juliet } = await pair();
    const nurse = await stage.appear((await stage.cast("nurse")).nurse, "kitchen");
    await say(juliet, inactive);
    await romeo.ask(state(juliet.jid, "composing") + state(juliet.jid, "paused", "<thread>t</thread>"));
    await nurse.ask(state(juliet.jid, "inactive", "<no-store xmlns='urn:xmpp:hints'/>"));
    await romeo.ask(state(juliet.jid, "paused") + state(juliet.jid, "gone", "<thread>t</thread>"));
    expect(await come(juliet)).toEqual([]);
    await say(juliet, active);
    expect(await come(juliet)).toEqual(["inactive", "paused", "gone"]);
  });

  it("are the same in rooms, to all and to one occupant alone", async () => {
    const { romeo, juliet } = await pair();
    const room = newRoom();
    await opened(romeo, room, "romeo");
    await say(juliet, joining(room, "juliet"));
    await come(juliet);
    await say(juliet, inactive);
    const typing = (to: string, type: string, name: string): string => `<message to='${to}' type='${type}'><${name} xmlns='${chatStates}'/></message>`;
    await romeo.ask(typing(room, "groupchat", "composing") + typing(room, "groupchat", "paused") + typing(`${room}/juliet`, "chat", "composing"));
    expect(await come(juliet)).toEqual([]);
    await romeo.ask(said(room, "hello"));
    expect(await come(juliet)).toEqual(["paused", "composing", "hello"]);
  });

  it("are the same in copies (XEP-0280)", async () => {
    const { romeo, juliet } = await pair();
    const balcony = await stage.appear(juliet.bare, "balcony");
    await enabled(juliet);
    await come(juliet);
    await say(juliet, inactive);
    await romeo.ask(state(balcony.jid, "composing") + state(balcony.jid, "paused"));
    await balcony.ask(state(romeo.jid, "composing") + state(romeo.jid, "active"));
    expect(await come(juliet)).toEqual([]);
    await romeo.ask(chat(balcony.jid, "hello"));
    expect(await come(juliet)).toEqual(["received paused", "sent active", "received hello"]);
  });

  it.each(["a bare JID", "a resource that is gone"])("to %s come once in a session, although another one dies without acknowledging them", async (to) => {
    const { romeo, juliet } = await pair();
    const balcony = await stage.resumable(juliet.bare, "balcony", "<presence/>");
    await come(juliet);
    await say(juliet, inactive);
    const address = to === "a bare JID" ? juliet.bare : `${juliet.bare}/gone`;
    await romeo.ask(state(address, "composing") + chat(juliet.bare, "hello"));
    expect([await come(balcony), await come(juliet)]).toEqual([["composing", "hello"], ["composing", "hello"]]);
    await romeo.ask(state(address, "paused"));
    await say(juliet, active);
    expect(await come(juliet)).toEqual(["paused"]);
    await balcony.vanish(server);
    server.session(balcony.jid)!.close();
    expect((await come(juliet)).filter((words) => words !== "hello")).toEqual([expect.stringContaining("unavailable")]);
    expect(await romeo.caughtUp()).toEqual([]);
  });

  it("that were held and never read are nobody's", async () => {
    const { romeo, juliet } = await pair();
    const balcony = await stage.appear(juliet.bare, "balcony");
    await say(juliet, inactive);
    await romeo.ask(state(juliet.jid, "composing") + event(juliet.jid, "tune", "current"));
    await juliet.vanish(server);
    server.session(juliet.jid)!.close();
    expect((await balcony.caughtUp()).filter(({ name }) => name === "message")).toEqual([]);
    expect(await romeo.caughtUp()).toEqual([]);
  });
});

describe("XEP-0352 section 3.2 the choice of the operator", () => {
  const offered = async (on: TestServer, user: string): Promise<boolean> => {
    const client = await authenticate(on, { user, over: "plaintext" });
    client.destroy();
    return client.received.includes("urn:xmpp:csi:0");
  };

  it.each([
    { holdPresence: false }, { holdChatStates: false }, { holdEvents: false }, { holdPresence: false, holdChatStates: false },
    { holdPresence: false, holdChatStates: false, holdEvents: false },
  ])("is %j", async (clientState: Partial<Config["clientState"]>) => {
    const other = await startServer({ allowPlaintext: true, clientState });
    const scene = new ManagedStage(other);
    try {
      const jids = await scene.cast("romeo", "juliet");
      const { holdPresence = true, holdChatStates = true, holdEvents = true } = clientState;
      expect(await offered(other, jids.romeo.replace("@localhost", ""))).toBe(holdPresence || holdChatStates || holdEvents);
      const [romeo, juliet] = [await scene.appear(jids.romeo, "orchard"), await scene.resumable(jids.juliet, "phone", "<presence/>")];
      await say(juliet, inactive);
      for (const [held, stanza, word] of [
        [holdPresence, `<presence to='${juliet.jid}'/>`, "available"], [holdChatStates, state(juliet.jid, "composing"), "composing"], [holdEvents, event(juliet.jid, "tune", "one"), "tune: one"],
      ] as const) {
        await romeo.ask(stanza);
        expect((await come(juliet)).filter((words) => words.includes(word)), word).toHaveLength(held ? 0 : 1);
        await say(juliet, active);
        expect((await come(juliet)).filter((words) => words.includes(word)), word).toHaveLength(held ? 1 : 0);
        await say(juliet, inactive);
      }
    } finally {
      scene.clear();
      await other.stop();
    }
  });
});

it("a choice that is none keeps the server from starting", async () => {
  const clientState = { holdPresence: "no" as unknown as boolean };
  await expect(startServer({ clientState })).rejects.toThrow('clientState.holdPresence: expected true or false, got "no"');
});

describe("XEP-0352 section 5.2 resumption", () => {
  it("makes the client active, and what waited has come", async () => {
    const { romeo, juliet } = await pair();
    for (const how of ["over another link", "after its link was lost"]) {
      await say(juliet, inactive);
      await romeo.ask(event(juliet.jid, "tune", "current", "one"));
      if (how === "after its link was lost") await juliet.vanish(server);
      await romeo.ask(event(juliet.jid, "mood", "current", "two"));
      await juliet.resume();
      expect(await come(juliet), how).toEqual(["tune: one", "mood: two"]);
      await romeo.ask(state(juliet.jid, "composing"));
      expect(await come(juliet), how).toEqual(["composing"]);
      juliet.ack();
    }
  });

  it("is recorded with the session, which goes on in another process", async () => {
    const mortal = await startServer({ allowPlaintext: true });
    const scene = new ManagedStage(mortal);
    try {
      const { juliet: jid } = await scene.cast("juliet");
      const juliet = await scene.resumable(jid, "phone", "<presence/>");
      const recorded = async () => (await mortal.sessions()).length;
      for (const kill of [false, true]) {
        await say(juliet, inactive);
        await mortal.restart({ kill });
        expect(await recorded()).toBe(1);
        await juliet.resume();
        const romeo = await scene.appear((await scene.cast("romeo")).romeo, "orchard");
        await come(juliet);
        await romeo.ask(state(juliet.jid, "composing"));
        expect(await come(juliet)).toEqual(["composing"]);
        juliet.ack();
      }
    } finally {
      scene.clear();
      await mortal.stop();
    }
  });
});
