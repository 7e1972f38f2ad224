/** Roster sets that are refused: by name, and nothing has happened then. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rosterGroupsMax, rosterNameBytesMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { rosterOf } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { inWord, rosterSet, setItem, usersOf, type Users } from "./asking.ts";

let server: TestServer;
let users: Users;
let balcony: BoundClient;
let chamber: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  users = usersOf(server);
  balcony = await users.interested();
  chamber = await users.another(balcony, "chamber");
  await setItem(balcony, "<item jid='nurse@example.com' name='Nurse'><group>Servants</group></item>");
  await chamber.caughtUp();
});
afterAll(() => users.end());

/** Only who asked hears of it, and the roster is what it was, version included. */
async function expectRefused(items: string, error: string, to = ""): Promise<void> {
  const before = await rosterOf(balcony);
  expect((await balcony.ask(rosterSet(items, "e", to))).map(inWord)).toEqual([`${error} e`]);
  expect(await chamber.caughtUp()).toEqual([]);
  expect(await rosterOf(balcony)).toEqual(before);
}

const groups = (...names: readonly string[]): string => `<item jid='nurse@example.com'>${names.map((name) => `<group>${name}</group>`).join("")}</item>`;
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `g${n}`);

describe("RFC 6121 section 2.3.3 forbidden", () => {
  it.each([["add to", "<item jid='x@example.com'/>"], ["remove from", "<item jid='x@example.com' subscription='remove'/>"], ["spoil", ""]])(
    "is the answer to who would %s the roster of another", async (_, item) => {
      const other = await users.interested();
      await setItem(other, "<item jid='x@example.com' name='X'/>");
      await expectRefused(item, "forbidden auth", other.bare);
      expect(await other.caughtUp()).toEqual([]);
      expect((await rosterOf(other)).items).toEqual([{ jid: "x@example.com", name: "X", subscription: "none", groups: [] }]);
    },
  );

  it("is the same for an account that does not exist", () => expectRefused("<item jid='x@example.com'/>", "forbidden auth", "nobody@localhost"));
});

describe("RFC 6121 section 2.3.3 bad-request", () => {
  it.each([
    ["two items", "<item jid='a@example.com'/><item jid='b@example.com'/>"], ["one item twice", "<item jid='a@example.com'/><item jid='a@example.com'/>"],
    ["two removals", "<item jid='nurse@example.com' subscription='remove'/><item jid='nurse@example.com' subscription='remove'/>"],
    ["no item", ""], ["text alone", "nurse@example.com"], ["something else alone", "<contact jid='nurse@example.com'/>"],
    ["an item of another namespace", "<item xmlns='urn:example:x' jid='nurse@example.com'/>"],
    ["an item too deep", "<x><item jid='a@example.com'/></x>"],
    ["an item without a jid", "<item name='Nurse'/>"], ["a removal without a jid", "<item subscription='remove'/>"],
    ["a group twice", groups("Servants", "Servants")], ["a group twice among others", groups("a", "b", "c", "a")],
  ])("is the answer to %s", (_, items) => expectRefused(items, "bad-request modify"));

  it("is the answer to thousands of items in one stanza", () =>
    expectRefused(Array.from({ length: 5_000 }, (_, n) => `<item jid='c${n}@example.com'/>`).join(""), "bad-request modify"));
});

describe("RFC 6121 section 2.3.3 not-acceptable", () => {
  const long = "n".repeat(rosterNameBytesMax + 1);
  it.each([
    ["a name that is too long", `<item jid='nurse@example.com' name='${long}'/>`],
    ["a name that is too long in bytes", `<item jid='nurse@example.com' name='${"é".repeat((rosterNameBytesMax + 1) / 2)}'/>`],
    ["an empty group", groups("")], ["an empty group among others", groups("a", "", "b")], ["two empty groups", groups("", "")],
    ["a group that is too long", groups(long)], ["a group that is too long in bytes", groups("a", "é".repeat((rosterNameBytesMax + 1) / 2))],
    ["too many groups", groups(...many(rosterGroupsMax + 1))],
  ])("is the answer to %s", (_, items) => expectRefused(items, "not-acceptable modify"));

  it("is not the answer to the longest name and the most groups", async () => {
    const client = await users.interested();
    const [name, names] = ["é".repeat((rosterNameBytesMax - 1) / 2) + "n", many(rosterGroupsMax - 1).concat("g".repeat(rosterNameBytesMax))];
    const { item } = await setItem(client, groups(...names).replace("<item ", `<item name='${name}' `));
    expect([item.name, item.groups]).toEqual([name, names]);
  });
});

describe("RFC 6121 section 2.3.3 what else can be wrong", () => {
  it.each(["", " ", "@example.com", "nurse@", "nurse@example.com/", "a b@example.com", "a@b@example.com", "ju\u0378@example.com", "-", "x".repeat(1_024) + "@example.com"])(
    "answers jid-malformed to %j", (jid) => expectRefused(`<item jid='${jid}'/>`, "jid-malformed modify"));

  it("answers jid-malformed to a removal of what is no address", () => expectRefused("<item jid='@' subscription='remove'/>", "jid-malformed modify"));

  it("answers not-allowed to one's own JID, however it is written (interoperability note)", async () => {
    await expectRefused(`<item jid='${balcony.bare}'/>`, "not-allowed cancel");
    await expectRefused(`<item jid='${balcony.bare.toUpperCase()}'/>`, "not-allowed cancel");
    await expectRefused(`<item jid='${chamber.jid}'/>`, "not-allowed cancel");
  });

  it("answers bad-request to a set with two queries (RFC 6120 section 8.2.3)", async () => {
    const query = "<query xmlns='jabber:iq:roster'><item jid='a@example.com'/></query>";
    expect((await balcony.ask(`<iq type='set' id='e'>${query}${query}</iq>`)).map(inWord)).toEqual(["bad-request modify e"]);
  });
});

describe("RFC 6121 section 2.5.3 item-not-found", () => {
  it.each(["stranger@example.com", "nurse@example.com/home", "example.com"])("is the answer to the removal of %s, who is not listed", (jid) =>
    expectRefused(`<item jid='${jid}' subscription='remove'/>`, "item-not-found cancel"));

  it("is the answer to the removal of oneself", () => expectRefused(`<item jid='${balcony.bare}' subscription='remove'/>`, "item-not-found cancel"));

  it("is the answer to a second removal", async () => {
    const client = await users.interested();
    const remove = rosterSet("<item jid='a@example.com' subscription='remove'/>");
    await setItem(client, "<item jid='a@example.com'/>");
    expect((await client.ask(remove)).map(inWord)).toEqual(["result s", "push a@example.com"]);
    expect((await client.ask(remove)).map(inWord)).toEqual(["item-not-found cancel s"]);
  });

  it("is the answer for who has asked, but is not listed, and the request stays", async () => {
    const [client, stranger] = [await users.interested(), await users.interested()];
    await stranger.ask(`<presence type='subscribe' to='${client.bare}'/>`);
    const answers = await client.ask(rosterSet(`<item jid='${stranger.bare}' subscription='remove'/>`));
    expect(answers.map(inWord)).toEqual(["item-not-found cancel s"]);
    expect((await client.ask("<presence/>")).map(({ attrs }) => [attrs["type"], attrs["from"]])).toContainEqual(["subscribe", stranger.bare]);
  });
});
