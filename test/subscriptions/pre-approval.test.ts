/** Approvals of requests that nobody has made yet (RFC 6121 section 3.4). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, backstage, contactOf, otherSide, rosterOf, subscription } from "../support/contacts.ts";
import { login } from "../support/login.ts";
import { pairOn, type Pair } from "./pair.ts";

const stage = backstage();
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [stage.extension] });
});
afterAll(() => server.stop());

const approve = ({ user, contact }: Pair) => user.ask(subscription("subscribed", contact.bare));
const request = ({ user, contact }: Pair) => contact.ask(subscription("subscribe", user.bare));
const nothing = { user: [], contact: [] };

async function expectAgreement({ user, contact }: Pair, state: keyof typeof otherSide): Promise<void> {
  expect(await stage.stateOf(user.bare, contact.bare)).toBe(state);
  expect(await stage.stateOf(contact.bare, user.bare)).toBe(otherSide[state]);
}

describe("RFC 6121 section 3.4.2 a pre-approval", () => {
  it("makes an item for who is not listed, is pushed, shown, and not routed (rule 4)", async () => {
    const pair = await pairOn(server);
    pair.user.send(subscription("subscribed", pair.contact.jid));
    expect(await pair.told()).toEqual({ user: ["push none approved"], contact: [] });
    expect(await rosterOf(pair.user)).toMatchObject({
      items: [{ jid: pair.contact.bare, subscription: "none", approved: "true", groups: [] }],
    });
    await pair.close();
  });

  it("keeps name and groups of who is listed (rule 3)", async () => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await user.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${contact.bare}' name='J'><group>G</group></item></query></iq>`);
    await approve(pair);
    expect(await contactOf(user, contact.bare)).toEqual({ jid: contact.bare, name: "J", subscription: "none", approved: "true", groups: ["G"] });
    await pair.close();
  });

  it.each(["From", "FromOut", "Both"] as const)("is ignored in %s (rule 1)", async (state) => {
    const pair = await pairOn(server);
    await arrange(pair.user, pair.contact, state);
    await approve(pair);
    expect(await pair.told()).toEqual(nothing);
    expect((await contactOf(pair.user, pair.contact.bare))?.approved).toBeUndefined();
    await pair.close();
  });

  it.each([["NoneIn", "From"], ["NoneOutIn", "FromOut"], ["ToIn", "Both"]] as const)("is an approval in %s, and marks nothing (rule 2)", async (state, next) => {
    const pair = await pairOn(server);
    await arrange(pair.user, pair.contact, state);
    await approve(pair);
    expect((await contactOf(pair.user, pair.contact.bare))?.approved).toBeUndefined();
    await expectAgreement(pair, next);
    await pair.close();
  });

  it("said twice is told once", async () => {
    const pair = await pairOn(server);
    await approve(pair);
    expect(await approve(pair)).toEqual([]);
    await pair.close();
  });

  it.each(["nobody@localhost", "juliet@elsewhere.example", "elsewhere.example"])("is noted for %s too, whom nobody asks", async (jid) => {
    const { user, close } = await pairOn(server);
    expect(await user.ask(subscription("subscribed", jid))).toHaveLength(1);
    expect((await rosterOf(user)).items).toEqual([{ jid, subscription: "none", approved: "true", groups: [] }]);
    expect(await user.ask(subscription("unsubscribed", jid))).toHaveLength(1);
    expect((await rosterOf(user)).items).toEqual([{ jid, subscription: "none", groups: [] }]);
    await close();
  });
});

describe("RFC 6121 section 3.4.2 a request that was pre-approved", () => {
  it.each([
    ["None", "From", "push from", ["push none ask", "subscribed", "push to", "available"]],
    ["NoneOut", "FromOut", "push from ask", ["push none ask", "subscribed", "push to", "available"]],
    ["To", "Both", "push both", ["push from ask", "subscribed", "push both", "available"]],
  ] as const)("in %s is answered for the user, and not delivered: %s", async (state, next, push, toContact) => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await arrange(user, contact, state);
    await approve(pair);
    contact.send(subscription("subscribe", user.bare));
    expect(await pair.told()).toEqual({ user: [push], contact: toContact });
    await expectAgreement(pair, next);
    // The record has served: the item is not marked any more.
    expect((await contactOf(user, contact.bare))?.approved).toBeUndefined();
    await pair.close();
  });

  it("is answered while the user is away, and no resource is told of a request later", async () => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await approve(pair);
    await user.close();
    await request(pair);
    expect(await stage.stateOf(contact.bare, user.bare)).toBe("To");
    const back = await login(server, { user: user.bare.split("@")[0]!, over: "plaintext" });
    expect((await back.ask("<presence/>")).map(({ attrs }) => attrs["type"] ?? "available")).toEqual(["available"]);
    expect(await contactOf(back, contact.bare)).toEqual({ jid: contact.bare, subscription: "from", groups: [] });
    expect((await contact.caughtUp()).map(({ attrs }) => attrs["from"])).toEqual([back.jid]);
    await Promise.all([back.close(), contact.close()]);
  });

  it("has served with that: who unsubscribes and asks again has to wait", async () => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await approve(pair);
    await request(pair);
    await contact.ask(subscription("unsubscribe", user.bare));
    await pair.told();
    await request(pair);
    expect((await pair.told()).user).toEqual(["subscribe"]);
    await expectAgreement(pair, "NoneIn");
    await pair.close();
  });

  it("stands until then, whatever else the two agree on", async () => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await approve(pair);
    await user.ask(subscription("subscribe", contact.bare));
    await contact.ask(subscription("subscribed", user.bare));
    expect(await contactOf(user, contact.bare)).toEqual({ jid: contact.bare, subscription: "to", approved: "true", groups: [] });
    await user.ask(subscription("unsubscribe", contact.bare));
    await contact.ask(subscription("unsubscribed", user.bare));
    expect(await contactOf(user, contact.bare)).toEqual({ jid: contact.bare, subscription: "none", approved: "true", groups: [] });
    await request(pair);
    await expectAgreement(pair, "From");
    await pair.close();
  });
});

describe("RFC 6121 section 3.2.2 a pre-approval that is taken back", () => {
  it.each([["None", "push none"], ["NoneOut", "push none ask"], ["To", "push to"]] as const)("in %s is pushed and not routed, and the next request has to wait", async (state, push) => {
    const pair = await pairOn(server);
    const { user, contact } = pair;
    await arrange(user, contact, state);
    await approve(pair);
    user.send(subscription("unsubscribed", contact.bare));
    expect(await pair.told()).toEqual({ user: [push], contact: [] });
    await expectAgreement(pair, state);
    await request(pair);
    expect((await pair.told()).user).toEqual(["subscribe"]);
    await pair.close();
  });

  it("without one says nothing to anybody, and lists nobody", async () => {
    const pair = await pairOn(server);
    pair.user.send(subscription("unsubscribed", pair.contact.bare));
    expect(await pair.told()).toEqual(nothing);
    expect((await rosterOf(pair.user)).items).toEqual([]);
    await pair.close();
  });
});
