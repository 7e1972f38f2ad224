import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { subscriptionParts, subscriptionStates } from "../../src/domain/subscription.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { backstage, rosterOf } from "../support/contacts.ts";
import { eachTold, expectCopy, expectMere, Stage, told } from "./support.ts";

const behind = backstage();
let stage: Stage;

beforeAll(async () => {
  stage = new Stage(await startServer({ allowPlaintext: true, extensions: [behind.extension] }));
});
afterEach(() => stage.clear());
afterAll(() => stage.server.stop());

const shows = (state: (typeof subscriptionStates)[number]) => ["from", "both"].includes(subscriptionParts[state].subscription);
const sees = (state: (typeof subscriptionStates)[number]) => ["to", "both"].includes(subscriptionParts[state].subscription);

describe("RFC 6121 section 4.2.2 the server processes outbound initial presence", () => {
  it.each(subscriptionStates)("a contact in state %s: who is told of whom", async (state) => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, state);
    const contact = await stage.appear(romeo, "orchard");
    const user = await stage.enter(juliet, "balcony", "<presence/>");
    const [toUser, toContact] = await eachTold(user, contact);
    expect(toContact).toEqual(shows(state) ? ["juliet/balcony available"] : []);
    const request = subscriptionParts[state].pendingIn ? ["romeo subscribe"] : [];
    expect(toUser).toEqual(["juliet/balcony available", ...(sees(state) ? ["romeo/orchard available"] : []), ...request]);
  });

  it("sends each contact the whole stanza, to its bare JID", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "From");
    const contact = await stage.appear(romeo, "orchard");
    const sent =
      "<presence id='first' xml:lang='it'><show>away</show><status>a</status><status xml:lang='cs'>b</status><priority>7</priority>" +
      "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:x' ver='0'/><deep xmlns='urn:d'><x a='1'/> text</deep></presence>";
    const user = await stage.enter(juliet, "balcony", sent);
    const [own] = await user.caughtUp();
    expectCopy(own, sent, user.jid, juliet);
    const [arrived, ...more] = await contact.caughtUp();
    expectCopy(arrived, sent, user.jid, romeo);
    expect(more).toEqual([]);
  });

  it("sends it to all of the user's available resources and to no other, and tells the new one of them", async () => {
    const { juliet } = await stage.cast("juliet");
    const chamber = await stage.enter(juliet, "chamber", "<presence><status>asleep</status><priority>-1</priority></presence>");
    const silent = await stage.enter(juliet, "silent");
    await eachTold(chamber, silent);
    const balcony = await stage.enter(juliet, "balcony", "<presence><status>awake</status></presence>");
    const [toBalcony, toChamber, toSilent] = await eachTold(balcony, chamber, silent);
    expect(toBalcony!.toSorted()).toEqual(["juliet/balcony available (awake)", "juliet/chamber available (asleep)"]);
    expect(toChamber).toEqual(["juliet/balcony available (awake)"]);
    expect(toSilent).toEqual([]);
  });

  it("tells a resource of itself and its like before its contacts, and of requests last", async () => {
    const { juliet, romeo, paris } = await stage.cast("juliet", "romeo", "paris");
    await stage.relate(juliet, romeo, "Both");
    await stage.relate(juliet, paris, "NoneIn");
    await stage.appear(juliet, "chamber");
    await stage.appear(romeo, "orchard");
    const heard = await told(await stage.enter(juliet, "balcony", "<presence/>"));
    expect(heard.slice(0, 2).toSorted()).toEqual(["juliet/balcony available", "juliet/chamber available"]);
    expect(heard.slice(2)).toEqual(["romeo/orchard available", "paris subscribe"]);
  });

  it("tells a resource of every resource of a contact, in the words of its last presence", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "To");
    const orchard = await stage.appear(romeo, "orchard");
    await orchard.ask("<presence id='p2'><show>xa</show><status>under the wall</status><x xmlns='urn:x'>1</x></presence>");
    await stage.enter(romeo, "silent");
    await stage.appear(romeo, "street");
    const user = await stage.enter(juliet, "balcony", "<presence/>");
    const heard = (await user.caughtUp()).filter(({ attrs }) => attrs["from"]?.startsWith(romeo));
    expect(heard).toHaveLength(2);
    const last = "<presence id='p2'><show>xa</show><status>under the wall</status><x xmlns='urn:x'>1</x></presence>";
    expectCopy(heard[0], last, orchard.jid, juliet);
    expectMere(heard[1], { from: `${romeo}/street`, to: juliet });
  });

  it("a contact that comes later is told then", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "Both");
    const user = await stage.appear(juliet, "balcony");
    const contact = await stage.enter(romeo, "orchard", "<presence/>");
    expect(await eachTold(contact, user)).toEqual([["romeo/orchard available", "juliet/balcony available"], ["romeo/orchard available"]]);
  });

  it("two contacts of one user are told nothing of each other", async () => {
    const { juliet, romeo, nurse } = await stage.cast("juliet", "romeo", "nurse");
    await stage.relate(juliet, romeo, "Both");
    await stage.relate(juliet, nurse, "Both");
    await stage.appear(juliet, "balcony");
    const one = await stage.enter(romeo, "orchard", "<presence/>");
    const other = await stage.enter(nurse, "kitchen", "<presence/>");
    expect(await eachTold(other, one)).toEqual([
      ["nurse/kitchen available", "juliet/balcony available"],
      ["romeo/orchard available", "juliet/balcony available"],
    ]);
  });

  it("ends a subscription to a contact who knows nothing of it (section 4.3.2, rule 1)", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.appear(romeo, "orchard");
    const user = await stage.enter(juliet, "balcony");
    await behind.setState(juliet, romeo, "Both");
    await rosterOf(user);
    const heard = (await user.ask("<presence/>")).filter(({ name }) => name === "presence");
    expect(heard).toHaveLength(2);
    expectMere(heard[1], { from: romeo, to: juliet, type: "unsubscribed" });
    expect(await behind.stateOf(juliet, romeo)).toBe("From");
  });
});

describe("RFC 6121 section 4.2.3 the server processes inbound initial presence", () => {
  it("delivers it to all available resources, whatever their priority, and to no other", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "From");
    const orchard = await stage.appear(romeo, "orchard");
    const street = await stage.appear(romeo, "street");
    await street.ask("<presence><priority>-128</priority></presence>");
    const silent = await stage.enter(romeo, "silent");
    await eachTold(orchard, street, silent);
    const user = await stage.appear(juliet, "balcony");
    for (const client of [orchard, street]) {
      const [arrived, ...more] = await client.caughtUp();
      expectMere(arrived, { from: user.jid, to: romeo });
      expect(more).toEqual([]);
    }
    expect(await told(silent)).toEqual([]);
  });
});
