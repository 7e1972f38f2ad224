/** Contacts that a client removes, and the subscriptions that end with it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SubscriptionState } from "../../src/domain/subscription.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { pairOn, inWords } from "../subscriptions/pair.ts";
import { arrange, backstage, contactOf, online, pushed, rosterOf, subscription } from "../support/contacts.ts";
import { login } from "../support/login.ts";
import { inWord, rosterSet, setItem, usersOf, type Users } from "./asking.ts";

const stage = backstage();
let server: TestServer;
let users: Users;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [stage.extension] });
  users = usersOf(server);
});
afterAll(() => users.end());

const removal = (jid: string): string => rosterSet(`<item jid='${jid}' subscription='remove'/>`, "hm4hs97y");

describe("RFC 6121 section 2.5.2 removing a contact", () => {
  /** The state before, what the user is told between the result and the push, what the contact is told, and whether it lists the user then. */
  const cases: readonly (readonly [SubscriptionState, readonly string[], readonly string[], boolean])[] = [
    ["None", [], [], false],
    ["NoneOut", [], ["unsubscribe"], false],
    ["NoneIn", [], ["unsubscribed", "push none"], true],
    ["NoneOutIn", [], ["unsubscribe", "unsubscribed", "push none"], true],
    ["To", ["unavailable"], ["unsubscribe", "push none"], true],
    ["ToIn", ["unavailable"], ["unsubscribe", "push none ask", "unsubscribed", "push none"], true],
    ["From", [], ["unavailable", "unsubscribed", "push none"], true],
    ["FromOut", [], ["unavailable", "unsubscribe", "unsubscribed", "push none"], true],
    ["Both", ["unavailable"], ["unavailable", "unsubscribe", "push to", "unsubscribed", "push none"], true],
  ];
  it.each(cases)("in state %s ends what there was, for both", async (state, toUser, toContact, listed) => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await setItem(user, `<item jid='${contact.bare}' name='C'><group>G</group></item>`);
    await arrange(user, contact, state);
    const [result, ...told] = await user.ask(removal(contact.bare));
    expect(result).toMatchObject({ name: "iq", attrs: { type: "result", id: "hm4hs97y" } });
    expect(inWords(told, user, contact)).toEqual([...toUser, "push remove"]);
    expect(pushed(told.at(-1))?.item).toEqual({ jid: contact.bare, subscription: "remove", groups: [] });
    expect((await pair.told()).contact).toEqual(toContact);
    expect(await rosterOf(user)).toEqual({ ver: pushed(told.at(-1))?.ver, items: [] });
    const left = await contactOf(contact, user.bare);
    expect(left).toEqual(listed ? { jid: user.bare, subscription: "none", groups: [] } : undefined);
    for (const [one, other] of [[user, contact], [contact, user]] as const) expect(await stage.stateOf(one.bare, other.bare)).toBe("None");
    // Neither hears of the other any more, nor of a request.
    await user.ask("<presence><show>away</show></presence>");
    await contact.ask("<presence><show>away</show></presence>");
    expect((await contact.caughtUp()).concat(await user.caughtUp())).toEqual([]);
    await pair.close();
  });

  it("is told to every interested resource, to the one that asked first, and each of its resources leaves", async () => {
    const { user, contact, close } = await pairOn(server);
    const second = await online(server, { user: user.bare.split("@")[0]!, resource: "second", over: "plaintext" });
    const unavailable = await login(server, { user: user.bare.split("@")[0]!, resource: "idle", over: "plaintext" });
    await rosterOf(unavailable);
    await arrange(user, contact, "Both");
    for (const client of [second, unavailable]) await client.caughtUp();
    expect((await second.ask(removal(contact.bare))).map(({ name, attrs }) => `${name} ${attrs["type"]}`)).toEqual([
      "iq result", "presence unavailable", "iq set",
    ]);
    for (const client of [user, unavailable]) expect(pushed((await client.caughtUp()).at(-1))?.item.subscription).toBe("remove");
    expect((await contact.caughtUp()).slice(0, 2).map(({ attrs }) => `${attrs["type"]} ${attrs["from"]}`).toSorted()).toEqual(
      [user.jid, second.jid].map((jid) => `unavailable ${jid}`).toSorted(),
    );
    for (const client of [second, unavailable]) await client.close();
    await close();
  });

  it("ends the subscriptions of a contact that is not there, whose account has to be read", async () => {
    const { user, contact } = await pairOn(server);
    await arrange(user, contact, "Both");
    await contact.close();
    await user.caughtUp();
    expect((await user.ask(removal(contact.bare))).map(inWord)).toEqual(["result hm4hs97y", `push ${contact.bare}`]);
    const back = await login(server, { user: contact.bare.split("@")[0]!, over: "plaintext" });
    expect(await contactOf(back, user.bare)).toEqual({ jid: user.bare, subscription: "none", groups: [] });
    for (const client of [user, back]) await client.close();
  });

  it("forgets a pre-approval (section 3.4.2): who asks later has to wait", async () => {
    const { user, contact, told, close } = await pairOn(server);
    await user.ask(subscription("subscribed", contact.bare));
    await user.ask(removal(contact.bare));
    await contact.ask(subscription("subscribe", user.bare));
    expect((await told()).user).toEqual(["subscribe"]);
    await close();
  });

  it.each(["nurse@elsewhere.example", "chat.elsewhere.example", "localhost", "nobody@localhost", "nurse@elsewhere.example/home", "localhost/echo"])(
    "removes %s, who cannot be told", async (jid) => {
      const client = await users.interested();
      await setItem(client, `<item jid='${jid}'/>`);
      expect((await client.ask(removal(jid))).map(inWord)).toEqual(["result hm4hs97y", `push ${jid}`]);
      expect((await rosterOf(client)).items).toEqual([]);
    },
  );

  it("removes a resource, and leaves the contact itself and its subscription", async () => {
    const { user, contact, told, close } = await pairOn(server);
    await arrange(user, contact, "Both");
    await setItem(user, `<item jid='${contact.jid}' name='one of them'/>`);
    expect((await user.ask(removal(contact.jid))).map(inWord)).toEqual(["result hm4hs97y", `push ${contact.jid}`]);
    expect((await told()).contact).toEqual([]);
    expect((await rosterOf(user)).items).toEqual([{ jid: contact.bare, subscription: "both", groups: [] }]);
    await close();
  });

  it("removes a contact, and leaves its resources", async () => {
    const { user, contact, told, close } = await pairOn(server);
    await arrange(user, contact, "Both");
    await setItem(user, `<item jid='${contact.jid}' name='one of them'/>`);
    await user.ask(removal(contact.bare));
    expect((await told()).contact).toEqual(["unavailable", "unsubscribe", "push to", "unsubscribed", "push none"]);
    expect((await rosterOf(user)).items.map(({ jid }) => jid)).toEqual([contact.jid]);
    await close();
  });

  it("lets the contact be added anew, with nothing of what was", async () => {
    const { user, contact, close } = await pairOn(server);
    await arrange(user, contact, "Both");
    await user.ask(removal(contact.bare));
    expect((await setItem(user, `<item jid='${contact.bare}'/>`)).item).toEqual({ jid: contact.bare, subscription: "none", groups: [] });
    await arrange(user, contact, "Both");
    expect((await contactOf(user, contact.bare))?.subscription).toBe("both");
    await close();
  });

  it("ignores name and groups beside it, whatever they are", async () => {
    const client = await users.interested();
    await setItem(client, "<item jid='nurse@example.com'/>");
    const answers = await client.ask(rosterSet("<item jid='nurse@example.com' name='x' subscription='remove'><group/><group/></item>"));
    expect(answers.map(inWord)).toEqual(["result s", "push nurse@example.com"]);
  });
});
