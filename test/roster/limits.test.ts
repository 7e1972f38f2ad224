/** How much a roster takes, and what a client can do to the server with it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rosterBytesMax, rosterGroupsMax, rosterItemsMax, rosterNameBytesMax } from "../../src/domain/limits.ts";
import { newRosterItem, type RosterItem } from "../../src/domain/roster.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { backstage, rosterOf, subscription } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf } from "../support/xml-reader.ts";
import { inWord, rosterSet, setItem, usersOf, type Users } from "./asking.ts";

const stage = backstage();
let server: TestServer;
let users: Users;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [stage.extension] });
  users = usersOf(server);
});
afterAll(() => users.end());

const fill = (client: BoundClient, count: number): Promise<void> =>
  stage.withAccount(client.bare, (step, account, house) => {
    const { host, username } = account;
    for (let n = 1; n <= count; n++) {
      const item = newRosterItem(`full${n}@x.example`);
      house.change(step, account, { type: "RosterItemSet", data: { host, username, item, version: n } });
    }
  });

const full = "resource-constraint wait s";
const add = (jid: string, name = ""): string => rosterSet(`<item jid='${jid}' name='${name}'/>`);

describe("A full roster", () => {
  let client: BoundClient;
  beforeAll(async () => {
    client = await users.interested();
    await fill(client, rosterItemsMax);
  });

  it("is given whole", async () => {
    const { items } = await rosterOf(client);
    expect([items.length, items.at(-1)?.jid]).toEqual([rosterItemsMax, `full${rosterItemsMax}@x.example`]);
  });

  it("refuses one more, and tells nobody", async () => {
    const before = (await rosterOf(client)).ver;
    const other = await users.another(client, "other");
    expect((await client.ask(add("more@x.example"))).map(inWord)).toEqual([full]);
    expect(await other.caughtUp()).toEqual([]);
    expect((await rosterOf(client)).ver).toBe(before);
  });

  it.each(["subscribe", "subscribed"] as const)("refuses one more by %s too, and the contact hears nothing", async (type) => {
    const contact = await users.interested();
    await contact.ask("<presence/>");
    const [error, ...more] = await client.ask(subscription(type, contact.bare));
    expect(error).toMatchObject({ name: "presence", attrs: { type: "error", from: contact.bare, to: client.jid } });
    expect(childOf(error, "error")).toMatchObject({ attrs: { type: "wait" }, children: [{ name: "resource-constraint" }, {}] });
    expect([more, await contact.caughtUp()]).toEqual([[], []]);
    expect(await stage.stateOf(contact.bare, client.bare)).toBe("None");
  });

  it("lets who is in it be changed, subscribed to and removed, after which there is room again", async () => {
    expect((await client.ask(add("full7@x.example", "Seven"))).map(inWord)).toEqual(["result s", "push full7@x.example"]);
    expect(await client.ask(rosterSet("<item jid='full7@x.example' subscription='remove'/>"))).toHaveLength(2);
    expect((await client.ask(add("more@x.example"))).map(inWord)).toEqual(["result s", "push more@x.example"]);
    expect((await client.ask(add("much.more@x.example"))).map(inWord)).toEqual([full]);
  });

  it("is bounded in bytes too, so that it can always be given in one piece", async () => {
    const owner = await users.another(await users.interested(), "quiet", false);
    // As large as it gets: what has to be escaped takes more room.
    const large = (jid: string, fill: string): RosterItem => {
      const groups = Array.from({ length: rosterGroupsMax }, (_, n) => `${n}${fill}`);
      return { ...newRosterItem(jid), name: fill, groups };
    };
    const [plain, escaped] = ["g".repeat(rosterNameBytesMax - 2), "'".repeat(rosterNameBytesMax - 2)];
    const kept = await stage.withAccount(owner.bare, (step, account, house) => {
      const { host, username } = account;
      for (let n = 1; ; n++) {
        const item = large(`c${n}@x.example`, n === 8 || n === 16 ? escaped : plain);
        if (!account.hasRoomFor(item)) return n - 1;
        house.change(step, account, { type: "RosterItemSet", data: { host, username, item, version: n } });
      }
    });
    expect(kept).toBeGreaterThan(20);
    const groups = large("", plain).groups.map((group) => `<group>${group}</group>`).join("");
    const one = rosterSet(`<item jid='more@x.example'>${groups}</item>`);
    expect((await owner.ask(one)).map(inWord)).toEqual([full]);
    const start = owner.raw.received.length;
    owner.send("<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>");
    await owner.raw.expect(/id="g".*<\/query><\/iq>$/s);
    const length = owner.raw.received.length - start;
    expect(length).toBeGreaterThan(rosterBytesMax * 0.8);
    expect(length).toBeLessThan(rosterBytesMax * 1.01);
    // Who makes room has room.
    for (const n of [8, 16]) await owner.ask(rosterSet(`<item jid='c${n}@x.example'/>`));
    expect((await owner.ask(one)).map(inWord)[0]).toBe("result s");
  });
});

describe("A client that asks too much", () => {
  const bounded = async (ms: number, work: () => Promise<void>): Promise<void> => {
    const start = performance.now();
    await work();
    expect(performance.now() - start).toBeLessThan(ms);
  };

  it("loses its stream for 100,000 items in one stanza, and nothing of them is kept; the others live", async () => {
    const client = await users.interested();
    const other = await users.another(client, "other");
    await bounded(3_000, async () => {
      client.send(rosterSet(Array.from({ length: 100_000 }, (_, n) => `<item jid='c${n}@x.example'/>`).join("")));
      await client.raw.expect("<policy-violation ");
      await client.raw.closed();
    });
    expect(await rosterOf(other)).toMatchObject({ items: [] });
    expect(await other.caughtUp()).toEqual([]);
  });

  it("is answered for each of thousands of sets one after another, past the bound of the roster, while others are served", async () => {
    const [client, other] = [await users.interested(), await users.interested()];
    const count = rosterItemsMax + 5_000;
    const { length } = client.raw.received;
    await bounded(15_000, async () => {
      let text = "";
      for (let n = 0; n < count; n++) {
        text += rosterSet(`<item jid='c${n}@x.example'/>`, `s${n}`);
        if (text.length > 60_000 || n === count - 1) {
          client.send(text);
          text = "";
        }
      }
      await bounded(3_000, async () => void (await setItem(other, "<item jid='a@x.example'/>")));
      await client.raw.expect(`id="s${count - 1}"`, 15_000);
      const answers = [...client.raw.received.slice(length).matchAll(/<iq [^>]*>/g)].map(([tag]) => /type="(\w+)"/.exec(tag)![1]);
      const expected = Array.from({ length: count }, (_, n) => (n < rosterItemsMax ? ["result", "set"] : ["error"])).flat();
      expect(answers.join(" ")).toBe(expected.join(" "));
    });
    expect((await stage.withAccount(client.bare, (_, account) => account.contacts)).size).toBe(rosterItemsMax);
    client.raw.destroy();
  });
});
