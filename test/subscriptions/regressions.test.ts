/** Cells of RFC 6121 appendix A that servers have got wrong, by name. The second side is set behind the server's back where two users never come there. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SubscriptionState } from "../../src/domain/subscription.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, backstage, contactOf, online, subscription } from "../support/contacts.ts";
import { pairOn, type Pair } from "./pair.ts";

const stage = backstage();
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [stage.extension] });
});
afterAll(() => server.stop());

/** The contact believes that the user has asked, and so its approval is routed. */
async function uninvited(state: SubscriptionState): Promise<Pair> {
  const pair = await pairOn(server);
  const { user, contact } = pair;
  await arrange(user, contact, state);
  await stage.setState(contact.bare, user.bare, "NoneIn");
  contact.send(subscription("subscribed", user.bare));
  expect((await pair.told()).user.filter((word) => word !== "available")).toEqual([]);
  return pair;
}

describe("RFC 6121 appendix A.3.3 an approval that was not asked for", () => {
  it.each([["From", "from"], ["Both", "both"], ["To", "to"]] as const)("in %s makes nothing of it", async (state, shows) => {
    const pair = await uninvited(state);
    expect(await contactOf(pair.user, pair.contact.bare)).toEqual({ jid: pair.contact.bare, subscription: shows, groups: [] });
    await pair.close();
  });

  it("for an item without 'ask' is no subscription", async () => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await user.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${contact.bare}' name='listed'/></query></iq>`);
    await stage.setState(contact.bare, user.bare, "NoneIn");
    contact.send(subscription("subscribed", user.bare));
    expect((await pair.told()).user).toEqual(["available"]);
    expect(await contactOf(user, contact.bare)).toEqual({ jid: contact.bare, name: "listed", subscription: "none", groups: [] });
    await pair.close();
  });

  it("for who is not listed adds nobody", async () => {
    const pair = await uninvited("None");
    expect(await contactOf(pair.user, pair.contact.bare)).toBeUndefined();
    await pair.close();
  });
});

describe("RFC 6121 appendix A.2.3 an approval that nobody waits for", () => {
  it("in To is no mutual subscription", async () => {
    const pair = await pairOn(server);
    await arrange(pair.user, pair.contact, "To");
    await pair.user.ask(subscription("subscribed", pair.contact.bare));
    expect((await pair.told()).contact).toEqual([]);
    expect(await contactOf(pair.user, pair.contact.bare)).toMatchObject({ subscription: "to" });
    expect(await contactOf(pair.contact, pair.user.bare)).toMatchObject({ subscription: "from" });
    await pair.close();
  });

  it.each(["From", "FromOut", "Both"] as const)("in %s goes nowhere, not even to who waits for it", async (state) => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await arrange(user, contact, state);
    await stage.setState(contact.bare, user.bare, "NoneOut");
    user.send(subscription("subscribed", contact.bare));
    expect(await pair.told()).toEqual({ user: [], contact: [] });
    expect(await stage.stateOf(contact.bare, user.bare)).toBe("NoneOut");
    await pair.close();
  });
});

describe("RFC 6121 section 3.2.2 presence at the end of a subscription", () => {
  it("of every resource comes before the word that ends it", async () => {
    const { user, contact, close } = await pairOn(server);
    const phone = await online(server, { user: user.bare.split("@")[0]!, resource: "phone", over: "plaintext" });
    await arrange(user, contact, "From");
    await user.ask(subscription("unsubscribed", contact.bare));
    const order = (await contact.caughtUp()).map(({ name, attrs }) => (name === "iq" ? "push" : `${attrs["type"]} ${attrs["from"]}`));
    expect(order).toEqual([`unavailable ${user.jid}`, `unavailable ${phone.jid}`, `unsubscribed ${user.bare}`, "push"]);
    await phone.close();
    await close();
  });

  it("comes back to who unsubscribes, of every resource (section 3.3.3)", async () => {
    const { user, contact, close } = await pairOn(server);
    const phone = await online(server, { user: contact.bare.split("@")[0]!, resource: "phone", over: "plaintext" });
    await arrange(user, contact, "To");
    const told = await user.ask(subscription("unsubscribe", contact.bare));
    expect(told.filter(({ name }) => name === "presence").map(({ attrs }) => `${attrs["type"]} ${attrs["from"]} ${attrs["to"]}`)).toEqual([
      `unavailable ${contact.jid} ${user.bare}`, `unavailable ${phone.jid} ${user.bare}`,
    ]);
    await phone.close();
    await close();
  });
});
