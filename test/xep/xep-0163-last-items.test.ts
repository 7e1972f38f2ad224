/** Last items and when they are sent: to whom, how often, and never older than what was told before. */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announce, answerTo, events, item, options, outcome, presenceWith, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";
import { childOf } from "../support/xml-reader.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

const tune = "urn:test:tune";
const mood = "urn:test:mood";

describe("XEP-0163 section 4.3.4 the last item", () => {
  it("is sent where the client says later that it wants it, and no other is sent again", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const node of [tune, mood]) await request(alice, "set", publish(node, item("La", "1")));
    const bob = await stage.appear(b, [tune]);
    expect(events(bob.heard)).toEqual([`${a}@localhost ${tune}: 1=La (late)`]);
    expect(events(await announce(bob, [tune, mood]))).toEqual([`${a}@localhost ${mood}: 1=La (late)`]);
  });

  it("is sent as the node says", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const when of ["never", "on_sub", "on_sub_and_presence"]) await request(alice, "set", publish(when, item("x", "1"), options({ send_last_published_item: when })));
    const bob = await stage.appear(b, ["never", "on_sub", "on_sub_and_presence"]);
    expect(events(bob.heard)).toEqual([`${a}@localhost on_sub_and_presence: 1=x (late)`]);
    for (const when of ["never", "on_sub"]) expect(outcome(await request(bob, "set", `<subscribe node='${when}' jid='${bob.bare}'/>`, { to: `${a}@localhost` }))).toBe("result");
    expect(events(await settled(bob))).toEqual([`${a}@localhost on_sub: 1=x (late)`]);
  });

  it("is the one that is left where others were taken back, and none where none is left", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const id of ["1", "2"]) await request(alice, "set", publish(tune, item(id, id), options({ max_items: "max" })));
    await request(alice, "set", `<retract node='${tune}'><item id='2'/></retract>`);
    const bob = await stage.appear(b, [tune]);
    expect(events(bob.heard)).toEqual([`${a}@localhost ${tune}: 1=1 (late)`]);
    await request(alice, "set", `<retract node='${tune}'><item id='1'/></retract>`);
    const again = await stage.appear(b, [tune], "again");
    expect(events(again.heard)).toEqual([]);
  });

  it("comes from everybody whose presence its user sees, and from nobody else", async () => {
    const me = await stage.person();
    const first = await stage.enter(me);
    const authors: string[] = [];
    for (let number = 0; number < 12; number += 1) {
      const name = await stage.person();
      const author = await stage.enter(name, "author");
      if (number % 3 !== 0) {
        await first.ask(`<presence type='subscribe' to='${author.bare}'/>`);
        await author.ask(`<presence type='subscribed' to='${first.bare}'/>`);
        authors.push(author.bare);
      }
      await request(author, "set", publish(tune, item("x", "1"), number === 0 ? options({ access_model: "open" }) : ""));
      await author.close();
    }
    await settled(first);
    const second = await stage.appear(me, [tune], "second");
    expect(events(second.heard).toSorted()).toEqual(authors.map((jid) => `${jid} ${tune}: 1=x (late)`).toSorted());
  });
});

describe("What is published while somebody comes", () => {
  it("reaches it in the order of publication, each once, and the last one in any case", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    await request(alice, "set", publish(tune, item("0", "current")));
    const features = [`${tune}+notify`];
    let published = 0;
    await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom("publish", "appear", "vanish", "pause"), { minLength: 3, maxLength: 12 }), async (acts) => {
      const bob = await stage.enter(b, "racing");
      let available = false;
      const heard: string[] = [];
      const hear = (stanzas: Awaited<ReturnType<typeof settled>>) => {
        for (const stanza of stanzas) {
          const question = stanza.attrs["type"] === "get" ? childOf(stanza, "query") : undefined;
          if (question !== undefined) bob.send(answerTo(stanza, features));
          heard.push(...events([stanza]));
        }
      };
      for (const act of acts) {
        // Nobody waits for anything here, but for its own turn.
        if (act === "publish") alice.send(`<iq type='set' id='p${(published += 1)}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>${publish(tune, item(String(published), "current"))}</pubsub></iq>`);
        if (act === "appear") bob.send(presenceWith(features));
        if (act === "vanish") bob.send("<presence type='unavailable'/>");
        if (act === "appear" || act === "vanish") available = act === "appear";
        if (act === "pause") hear(await settled(bob));
      }
      await alice.caughtUp();
      hear(await settled(bob));
      hear(await settled(bob));
      const numbers = heard.map((text) => Number(/=(\d+)/.exec(text)![1]));
      expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
      const live = heard.filter((text) => !text.endsWith("(late)"));
      expect(new Set(live).size).toBe(live.length);
      if (available) expect(numbers.at(-1)).toBe(published);
      await bob.close();
    }), { numRuns: 25 });
  });
});
