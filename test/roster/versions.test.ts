/** Roster versioning: what a client is told that holds an older roster (RFC 6121 section 2.6, XEP-0237). */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removalsMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, pushed, rosterOf, subscription, type Contact } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { readXml } from "../support/xml-reader.ts";
import { inWord, rosterSet, setItem, usersOf, type Users } from "./asking.ts";

let server: TestServer;
let users: Users;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  users = usersOf(server);
});
afterAll(() => users.end());

const remove = (client: BoundClient, jid: string) => setItem(client, `<item jid='${jid}' subscription='remove'/>`);

interface Interim {
  /** The versions of the pushes, and their items. */
  readonly pushes: readonly { readonly ver: string | undefined; readonly item: Contact }[];
}

/** Asks with a version, which has to be answered with the empty result, and returns what was pushed after it. */
async function changesSince(client: BoundClient, ver: string): Promise<Interim> {
  const [result, ...rest] = await client.ask(`<iq type='get' id='r1h3vzp7' to='${client.bare}'><query xmlns='jabber:iq:roster' ver='${ver}'/></iq>`);
  expect(result).toEqual(readXml(`<iq type='result' id='r1h3vzp7' from='${client.bare}' to='${client.jid}'/>`));
  return {
    pushes: rest.map((stanza) => {
      expect(stanza.attrs).toMatchObject({ type: "set", from: client.bare, to: client.jid });
      return pushed(stanza)!;
    }),
  };
}

const versionOf = async (client: BoundClient): Promise<string> => (await rosterOf(client)).ver!;

describe("RFC 6121 section 2.6.1 stream feature", () => {
  it("is announced when a resource has to be bound, and not before authentication", async () => {
    const client = await users.interested();
    const [, , after] = client.raw.received.split("<stream:features>");
    const [before] = client.raw.received.split("<success");
    expect(after).toContain('<ver xmlns="urn:xmpp:features:rosterver"/>');
    expect(after).toContain('<sub xmlns="urn:xmpp:features:pre-approval"/>');
    expect(before).not.toContain("rosterver");
  });
});

describe("RFC 6121 section 2.6.2 request", () => {
  it("with an empty version is answered with the whole roster, an empty one too", async () => {
    const client = await users.interested();
    const empty = await rosterOf(client, "");
    expect(empty).toEqual({ ver: expect.stringMatching(/^\S+$/), items: [] });
    const { ver } = await setItem(client, "<item jid='nurse@example.com'/>");
    expect(await rosterOf(client, "")).toEqual({ ver, items: [{ jid: "nurse@example.com", subscription: "none", groups: [] }] });
  });

  it("without a version is answered with the whole roster and its version, which no set of a client changes", async () => {
    const client = await users.interested();
    await setItem(client, "<item jid='nurse@example.com'/>");
    const [, push] = await client.ask("<iq type='set' id='s'><query xmlns='jabber:iq:roster' ver='mine'><item jid='romeo@example.com'/></query></iq>");
    expect(pushed(push)?.ver).not.toBe("mine");
    expect(await rosterOf(client)).toMatchObject({ ver: pushed(push)?.ver, items: [{}, {}] });
  });
});

describe("RFC 6121 section 2.6.3 success case", () => {
  it("with the present version is an empty result and no push; the empty query of an empty roster is another matter", async () => {
    const client = await users.interested();
    expect((await changesSince(client, await versionOf(client))).pushes).toEqual([]);
    await setItem(client, "<item jid='nurse@example.com'/>");
    expect((await changesSince(client, await versionOf(client))).pushes).toEqual([]);
  });

  it("makes the resource interested all the same", async () => {
    const client = await users.interested();
    const late = await users.another(client, "late", false);
    await changesSince(late, await versionOf(client));
    await setItem(client, "<item jid='nurse@example.com'/>");
    expect((await late.caughtUp()).map(inWord)).toEqual(["push nurse@example.com"]);
  });

  it("pushes each item that has changed once, as it is now, in the order of the changes, removals included", async () => {
    const client = await users.interested();
    for (const jid of ["tybalt@x.example", "bill@x.example", "same@x.example", "gone@x.example"]) await setItem(client, `<item jid='${jid}'/>`);
    const cached = await versionOf(client);
    await setItem(client, "<item jid='nurse@x.example'/>");
    const ver34 = await remove(client, "tybalt@x.example");
    await setItem(client, "<item jid='bill@x.example' name='William'/>");
    await remove(client, "gone@x.example");
    const ver42 = await setItem(client, "<item jid='bill@x.example' name='Bill'/>");
    const ver72 = await setItem(client, "<item jid='nurse@x.example' name='Nurse'><group>Servants</group></item>");
    await setItem(client, "<item jid='short@x.example'/>");
    const short = await remove(client, "short@x.example");
    const back = await setItem(client, "<item jid='gone@x.example' name='back'/>");
    const again = await users.another(client, "again", false);
    const { pushes } = await changesSince(again, cached);
    expect(pushes).toEqual([ver34, ver42, ver72, short, back]);
    expect(pushes.at(-1)?.ver).toBe(await versionOf(client));
  });

  it("goes on where a client was cut off, from the version of the last push that it had (XEP-0237 section 3)", async () => {
    const client = await users.interested();
    await setItem(client, "<item jid='tybalt@x.example'/>");
    const ver14 = await versionOf(client);
    const ver34 = await remove(client, "tybalt@x.example");
    const ver42 = await setItem(client, "<item jid='bill@x.example'/>");
    const ver72 = await setItem(client, "<item jid='nurse@x.example' name='Nurse'><group>Servants</group></item>");
    const ver96 = await setItem(client, "<item jid='juliet@x.example' name='Juliet'><group>VIPs</group></item>");
    const all = [ver34, ver42, ver72, ver96];
    const again = await users.another(client, "again", false);
    for (const [index, ver] of [ver14, ...all.map((push) => push.ver!)].entries()) {
      expect((await changesSince(again, ver)).pushes).toEqual(all.slice(index));
    }
  });

  it("tells of subscriptions too: every state that would have been pushed has a version, and what is not pushed has none", async () => {
    const [user, contact] = [await users.interested(), await users.interested()];
    const before = await versionOf(user);
    await contact.ask(subscription("subscribe", user.bare));
    expect(await versionOf(user)).toBe(before);
    await user.ask(subscription("subscribed", contact.bare));
    await arrange(user, contact, "NoneOut");
    await contact.ask(subscription("subscribed", user.bare));
    await user.caughtUp();
    expect((await changesSince(user, before)).pushes.map(({ item }) => item)).toEqual([{ jid: contact.bare, subscription: "both", groups: [] }]);
  });

  it("gives every push another version, and both resources the same one in the same order", async () => {
    const client = await users.interested();
    const other = await users.another(client, "other");
    const own = [];
    for (let n = 0; n < 12; n++) own.push((await setItem(client, `<item jid='c${n % 5}@x.example' name='${n}'/>`)).ver);
    own.push((await remove(client, "c3@x.example")).ver);
    expect(new Set(own).size).toBe(13);
    expect((await other.caughtUp()).map((push) => pushed(push)?.ver)).toEqual(own);
  });

  it("brings a client that was away for any while to the same roster as one that stayed", async () => {
    const change = fc.record({ contact: fc.integer({ min: 0, max: 4 }), name: fc.constantFrom("", "a", "b"), remove: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), fc.array(change, { maxLength: 12 }), async (first, later) => {
        const client = await users.interested();
        const apply = async (changes: typeof first): Promise<void> => {
          for (const { contact, name, remove } of changes) {
            await client.ask(rosterSet(`<item jid='c${contact}@x.example' name='${name}'${remove ? " subscription='remove'" : ""}/>`));
          }
        };
        await apply(first);
        const cached = await rosterOf(client);
        await apply(later);
        const known = new Map(cached.items.map((item) => [item.jid, item]));
        for (const { item } of (await changesSince(client, cached.ver!)).pushes) {
          if (item.subscription === "remove") known.delete(item.jid);
          else known.set(item.jid, item);
        }
        const byJid = (a: Contact, b: Contact): number => (a.jid < b.jid ? -1 : 1);
        expect([...known.values()].toSorted(byJid)).toEqual([...(await rosterOf(client)).items].toSorted(byJid));
        client.raw.destroy();
      }),
      { numRuns: 30 },
    );
  });
});

describe("RFC 6121 section 2.6.3 a version that the server cannot associate", () => {
  const items = [{ jid: "nurse@example.com", subscription: "none", groups: [] }];

  it.each(["ver14", "0", "1", "-1", "1-1", "x", "é", "__proto__", "NaN", " ", "9".repeat(400), "&lt;x/&gt;", "null", "1e3", "undefined"])(
    "is answered with the whole roster: %j", async (ver) => {
      const client = await users.interested();
      await setItem(client, "<item jid='nurse@example.com'/>");
      expect(await rosterOf(client, ver)).toEqual({ ver: await versionOf(client), items });
    },
  );

  it("nor one that is to come, written otherwise, or that of another account", async () => {
    const client = await users.interested();
    const { ver } = await setItem(client, "<item jid='nurse@example.com'/>");
    const [made, number] = ver!.split("-") as [string, string];
    const other = await users.interested();
    const others = (await setItem(other, "<item jid='other@example.com'/>")).ver!;
    expect(others).not.toBe(ver);
    for (const version of [`${made}-${Number(number) + 1}`, `${made}-0${number}`, `${made}-${number}.0`, ` ${ver}`, `${ver} `, `${made}-+${number}`, `${made}--1`, others]) {
      expect(await rosterOf(client, version)).toEqual({ ver, items });
    }
  });

  it("nor one of an account of the same name that is no more", async () => {
    const user = await users.account();
    const old = await login(server, { user, over: "plaintext" });
    const { ver } = await rosterOf(old);
    await old.ask(rosterSet("<item jid='nurse@example.com'/>"));
    await server.server.admin.userDelete(`${user}@localhost`);
    await old.raw.closed();
    await server.addUser(user, "secret");
    const fresh = await login(server, { user, over: "plaintext" });
    expect(await rosterOf(fresh, ver)).toEqual({ ver: expect.not.stringMatching(`^${ver}$`), items: [] });
    await fresh.close();
  });

  it("nor one so old that a removal since is forgotten; the next one still serves", async () => {
    const client = await users.interested();
    const count = removalsMax + 2;
    for (let n = 0; n < count; n++) client.send(rosterSet(`<item jid='stays${n}@x.example'/>`) + rosterSet(`<item jid='goes${n}@x.example'/>`));
    await client.caughtUp();
    for (let n = 0; n < count; n++) client.send(rosterSet(`<item jid='goes${n}@x.example' subscription='remove'/>`));
    const removals = (await client.caughtUp()).flatMap((stanza) => pushed(stanza) ?? []);
    expect(removals).toHaveLength(count);
    // Two are forgotten: whoever knows of the first alone cannot be told of the second.
    const whole = await rosterOf(client, removals[0]!.ver);
    expect([whole.ver, whole.items.length]).toEqual([removals.at(-1)!.ver, count]);
    expect((await changesSince(client, removals[1]!.ver!)).pushes).toEqual(removals.slice(2));
  });

  it("nor are pushes sent that would be more than the roster has contacts, but for a few", async () => {
    const client = await users.interested();
    for (let n = 0; n < 12; n++) await setItem(client, `<item jid='c${n}@x.example'/>`);
    const removals = [];
    for (let n = 0; n < 12; n++) removals.push(await remove(client, `c${n}@x.example`));
    expect((await changesSince(client, removals.at(-9)!.ver!)).pushes).toEqual(removals.slice(-8));
    expect(await rosterOf(client, removals.at(-10)!.ver)).toEqual({ ver: removals.at(-1)!.ver, items: [] });
  });
});
