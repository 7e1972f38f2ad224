import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backstage, contactOf, pushed, rosterOf } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { change, elsewhere, heard, inWords, startStage, type Stage } from "./xep-0191-setting.ts";

const behind = backstage();
let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ extensions: [behind.extension] });
});
afterAll(() => stage.server.stop());

const available = (client: BoundClient) => `presence available from ${client.jid}`;
const unavailable = (client: BoundClient) => `presence unavailable from ${client.jid}`;

/** Each sees the other, and nothing is left to be heard. */
async function meeting(): Promise<{ readonly user: BoundClient; readonly contact: BoundClient }> {
  const [a, b] = await stage.friends();
  const [user, contact] = [await stage.appear(a, "home"), await stage.appear(b, "away")];
  await heard(user, contact);
  return { user, contact };
}

/** Two who do not know each other, both available. */
async function strangers(): Promise<{ readonly user: BoundClient; readonly stranger: BoundClient }> {
  return { user: await stage.appear(await stage.person(), "home"), stranger: await stage.appear(await stage.person(), "away") };
}

const localOf = (client: BoundClient): string => client.bare.split("@")[0]!;

describe("XEP-0191 section 3.3: presence when a contact is blocked", () => {
  it("ends once for each pair of resources, on both sides", async () => {
    const [a, b] = await stage.friends();
    const [home, phone] = [await stage.appear(a, "home"), await stage.appear(a, "phone")];
    const [away, desk] = [await stage.appear(b, "away"), await stage.appear(b, "desk")];
    await heard(home, phone, away, desk);
    expect(await change(home, "block", `${b}@localhost`)).toEqual([unavailable(away), unavailable(desk)]);
    expect(await heard(phone, away, desk)).toEqual([
      [unavailable(away), unavailable(desk)], [unavailable(home), unavailable(phone)], [unavailable(home), unavailable(phone)],
    ]);
    // Nothing is left to be told when it is blocked again, in other words.
    expect(await change(home, "block", `${b}@localhost`, away.jid, `${b}@localhost`)).toEqual([]);
    expect(await heard(phone, away, desk)).toEqual([[], [], []]);
  });

  it("is not told to a contact who does not see the user", async () => {
    const { user, stranger } = await strangers();
    expect(await change(user, "block", stranger.bare)).toEqual([]);
    expect(await heard(stranger)).toEqual([[]]);
    expect(await change(user, "unblock", stranger.bare)).toEqual([]);
    expect(await heard(stranger)).toEqual([[]]);
  });

  it("is told one way where the subscription is one way", async () => {
    const { user, stranger: contact } = await strangers();
    await behind.setState(user.bare, contact.bare, "To");
    await behind.setState(contact.bare, user.bare, "From");
    await contact.ask("<presence/>");
    await heard(user, contact);
    expect(await change(user, "block", contact.bare)).toEqual([unavailable(contact)]);
    expect(await heard(contact)).toEqual([[]]);
    expect(await change(user, "unblock", contact.bare)).toEqual([available(contact)]);
    expect(await heard(contact)).toEqual([[]]);
    expect(await change(contact, "block", user.bare)).toEqual([]);
    expect(await heard(user)).toEqual([[unavailable(contact)]]);
    expect(await change(contact, "unblock")).toEqual([]);
    expect(await heard(user)).toEqual([[available(contact)]]);
  });

  it("is not told of a resource that is not available, nor to one", async () => {
    const [a, b] = await stage.friends();
    const [user, contact] = [await stage.enter(a, "home"), await stage.appear(b, "away")];
    expect(await change(user, "block", contact.bare)).toEqual([]);
    expect(await heard(contact)).toEqual([[]]);
    expect(await change(user, "unblock", contact.bare)).toEqual([]);
    expect(await heard(contact)).toEqual([[]]);
  });

  it("stays unknown on both sides while the block lasts: initial, later and unavailable presence, and probes", async () => {
    const { user, contact } = await meeting();
    await change(user, "block", contact.bare);
    await heard(user, contact);
    await user.ask("<presence><show>dnd</show></presence>");
    await contact.ask("<presence><show>xa</show></presence>");
    expect(await heard(user, contact)).toEqual([[], []]);
    expect(await contact.ask(`<presence type='probe' to='${user.bare}'/>`)).toEqual([]);
    expect(await contact.ask(`<presence type='probe' to='${user.jid}'/>`)).toEqual([]);
    expect((await user.ask("<presence type='unavailable'/>")).map(inWords)).toEqual([unavailable(user)]);
    expect((await contact.ask("<presence type='unavailable'/>")).map(inWords)).toEqual([unavailable(contact)]);
    expect(await heard(user, contact)).toEqual([[], []]);
    expect((await user.ask("<presence/>")).map(inWords)).toEqual([available(user)]);
    expect((await contact.ask("<presence/>")).map(inWords)).toEqual([available(contact)]);
    expect(await heard(user, contact)).toEqual([[], []]);
    await user.close();
    expect(await heard(contact)).toEqual([[]]);
  });

  it("leaves the subscription as it is", async () => {
    const { user, contact } = await meeting();
    await change(user, "block", contact.bare);
    await heard(user, contact);
    expect([await behind.stateOf(user.bare, contact.bare), await behind.stateOf(contact.bare, user.bare)]).toEqual(["Both", "Both"]);
  });
});

describe("XEP-0191 section 3.4: presence when a contact is unblocked", () => {
  it("is told once for each pair of resources, on both sides, as it is now, after the result and the push", async () => {
    const [a, b] = await stage.friends();
    const [home, phone] = [await stage.appear(a, "home"), await stage.appear(a, "phone")];
    const [away, desk] = [await stage.appear(b, "away"), await stage.appear(b, "desk")];
    await change(home, "block", away.jid, `${b}@localhost`, desk.jid);
    await home.ask("<presence><show>dnd</show></presence>");
    await heard(home, phone, away, desk);
    await home.ask("<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
    expect((await home.ask("<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'/></iq>")).map(inWords)).toEqual([
      "iq result from nobody", `iq set from ${home.bare}`, available(away), available(desk),
    ]);
    expect(await heard(phone, desk)).toEqual([[available(away), available(desk)], [available(home), available(phone)]]);
    const told = await away.caughtUp();
    expect(told.map(inWords)).toEqual([available(home), available(phone)]);
    expect(JSON.stringify(told[0])).toContain("dnd");
    expect(told.map(({ attrs }) => attrs["to"])).toEqual([away.bare, away.bare]);
  });

  it("shows the user what has become of the contact meanwhile", async () => {
    const [a, b] = await stage.friends();
    const [user, gone, changed] = [await stage.appear(a, "home"), await stage.appear(b, "gone"), await stage.appear(b, "changed")];
    await heard(user, gone, changed);
    expect(await change(user, "block", gone.bare)).toEqual([unavailable(gone), unavailable(changed)]);
    await gone.close();
    await changed.ask("<presence><show>away</show><status>later</status></presence>");
    const come = await stage.appear(b, "come");
    const late = await stage.appear(a, "late");
    expect(await heard(user)).toEqual([[available(late)]]);
    await heard(late);
    // What was told of as gone has to be gone, or be told of anew.
    expect(await change(user, "unblock", gone.bare)).toEqual([available(changed), available(come)]);
    const told = await late.caughtUp();
    expect(told.map(inWords)).toEqual([available(changed), available(come)]);
    expect(JSON.stringify(told[0])).toContain("later");
    await heard(changed, come);
    await changed.close();
    expect(await heard(user)).toEqual([[unavailable(changed)]]);
  });

  it("is told to nobody while the contact blocks the user too", async () => {
    const { user, contact } = await meeting();
    await change(user, "block", contact.bare);
    await heard(user, contact);
    expect(await change(contact, "block", user.bare)).toEqual([]);
    expect(await change(user, "unblock", contact.bare)).toEqual([]);
    expect(await heard(user, contact)).toEqual([[], []]);
    expect(await change(contact, "unblock", user.bare)).toEqual([available(user)]);
    expect(await heard(user)).toEqual([[available(contact)]]);
  });

  it("finds out that the user's subscription ended, if it was not told", async () => {
    const { user, stranger: contact } = await strangers();
    await rosterOf(user);
    await behind.setState(user.bare, contact.bare, "To");
    await change(user, "block", contact.bare);
    const stanzas = await user.ask("<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'/></iq>");
    expect(stanzas.map((stanza) => pushed(stanza)?.item.subscription ?? inWords(stanza))).toEqual([
      "iq result from nobody", `presence unsubscribed from ${contact.bare}`, "none",
    ]);
  });
});

describe("XEP-0191 section 6: whose presence is meant", () => {
  it("a full JID: that resource's alone", async () => {
    const [a, b] = await stage.friends();
    const [user, phone, desk] = [await stage.appear(a, "home"), await stage.appear(b, "phone"), await stage.appear(b, "desk")];
    await heard(user, phone, desk);
    expect(await change(user, "block", phone.jid)).toEqual([unavailable(phone)]);
    expect(await heard(phone, desk)).toEqual([[unavailable(user)], []]);
    await user.ask("<presence/>");
    await phone.ask("<presence/>");
    expect(await heard(phone, desk, user)).toEqual([[], [available(user), available(phone)], []]);
    expect((await user.ask(`<presence type='probe' to='${desk.bare}'/>`)).map(inWords)).toEqual([available(desk)]);
    expect(await phone.ask(`<presence type='probe' to='${user.bare}'/>`)).toEqual([]);
    expect((await desk.ask(`<presence type='probe' to='${user.bare}'/>`)).map(inWords)).toEqual([available(user)]);

    expect(await change(user, "block", desk.bare)).toEqual([unavailable(desk)]);
    expect(await heard(phone, desk)).toEqual([[], [unavailable(user)]]);
    expect(await change(user, "unblock", desk.bare)).toEqual([available(desk)]);
    expect(await heard(phone, desk)).toEqual([[], [available(user)]]);
    expect(await change(user, "unblock", phone.jid)).toEqual([available(phone)]);
    expect(await heard(phone, desk)).toEqual([[available(user)], []]);
  });

  it("a full JID: presence that is sent to all of the contact's resources does not reach it", async () => {
    const { user, stranger: phone } = await strangers();
    const desk = await stage.appear(localOf(phone), "desk");
    await heard(phone, desk);
    await change(user, "block", phone.jid);
    expect(await user.ask(`<presence to='${desk.bare}'/>`)).toEqual([]);
    expect(await heard(phone, desk)).toEqual([[], [available(user)]]);
    await user.ask("<presence type='unavailable'/>");
    expect(await heard(phone, desk)).toEqual([[], [unavailable(user)]]);
  });

  it("a contact whose only other resource is blocked is unavailable", async () => {
    const { user, contact } = await meeting();
    await change(user, "block", contact.jid);
    await heard(user, contact);
    expect((await user.ask(`<presence type='probe' to='${contact.bare}'/>`)).map(inWords)).toEqual([`presence unavailable from ${contact.bare}`]);
    const { user: asker, stranger } = await strangers();
    await change(asker, "block", stranger.jid);
    await stranger.ask(`<presence to='${asker.bare}'/>`);
    expect(await asker.ask(`<presence type='probe' to='${stranger.bare}'/>`)).toEqual([]);
  });

  it("a domain: that of everybody there", async () => {
    const [a, b, c] = [await stage.person(), await stage.person(elsewhere), await stage.person(elsewhere)];
    const user = await stage.appear(a, "home");
    const [friend, stranger] = [await stage.appear(b, "away", elsewhere), await stage.appear(c, "away", elsewhere)];
    await behind.setState(user.bare, friend.bare, "Both");
    await behind.setState(friend.bare, user.bare, "Both");
    await user.ask(`<presence/>`);
    await friend.ask(`<presence/>`);
    await user.ask(`<presence to='${stranger.jid}'/>`);
    await heard(user, friend, stranger);
    expect(await change(user, "block", elsewhere)).toEqual([unavailable(friend)]);
    expect(await heard(friend, stranger)).toEqual([[unavailable(user)], [unavailable(user)]]);
    await user.ask("<presence><show>away</show></presence>");
    await friend.ask("<presence><show>away</show></presence>");
    expect(await heard(user, friend, stranger)).toEqual([[], [], []]);
    expect(await change(user, "unblock", elsewhere)).toEqual([available(friend)]);
    expect(await heard(friend, stranger)).toEqual([[available(user)], []]);
  });
});

describe("RFC 6121 section 4.6: directed presence and blocks", () => {
  it("ends when the addressee is blocked, also that of a resource which is not available, and does not come back", async () => {
    const [user, stranger] = [await stage.enter(await stage.person(), "home"), await stage.appear(await stage.person(), "away")];
    await user.ask(`<presence to='${stranger.jid}'/>`);
    expect(await heard(stranger)).toEqual([[available(user)]]);
    expect(await change(user, "block", stranger.bare)).toEqual([]);
    expect(await heard(stranger)).toEqual([[unavailable(user)]]);
    expect(await change(user, "unblock", stranger.bare)).toEqual([]);
    expect(await stranger.ask(`<presence type='probe' to='${user.jid}'/>`)).toEqual([]);
    await user.close();
    expect(await heard(stranger)).toEqual([[]]);
  });

  it("ends on both sides", async () => {
    const { user, stranger } = await strangers();
    await user.ask(`<presence to='${stranger.jid}'/>`);
    await stranger.ask(`<presence to='${user.bare}'/>`);
    await heard(user, stranger);
    expect(await change(user, "block", stranger.bare)).toEqual([unavailable(stranger)]);
    expect(await heard(stranger)).toEqual([[unavailable(user)]]);
    await change(user, "unblock", stranger.bare);
    await stranger.close();
    expect(await heard(user)).toEqual([[]]);
  });

  it("ends also where only a stranger has sent it, and the domain of both is blocked", async () => {
    const { user, stranger } = await strangers();
    await stranger.ask(`<presence to='${user.bare}'/>`);
    await heard(user);
    expect(await change(user, "block", "localhost")).toEqual([unavailable(stranger)]);
    await change(user, "unblock", "localhost");
    await stranger.close();
    expect(await heard(user)).toEqual([[]]);
  });

  it("ends once for a contact who sees the user anyway", async () => {
    const [a, b] = await stage.friends();
    const [user, contact] = [await stage.enter(a, "home"), await stage.appear(b, "away")];
    await user.ask(`<presence to='${contact.jid}'/>`);
    await user.ask(`<presence to='${contact.bare}'/>`);
    await user.ask("<presence/>");
    await heard(contact);
    expect(await change(user, "block", contact.bare)).toEqual([unavailable(contact)]);
    expect(await heard(contact)).toEqual([[unavailable(user)]]);
  });

  it("that was refused was not sent: nobody is told of its end", async () => {
    const { user, stranger } = await strangers();
    await change(user, "block", stranger.bare);
    expect((await user.ask(`<presence to='${stranger.jid}'/>`)).map(inWords)).toEqual([`presence error from ${stranger.jid}: not-acceptable`]);
    await change(user, "unblock", stranger.bare);
    expect(await stranger.ask(`<presence type='probe' to='${user.jid}'/>`)).toEqual([]);
    await user.close();
    expect(await heard(stranger)).toEqual([[]]);
  });
});

describe("RFC 6121 section 3: subscriptions and blocks", () => {
  it("a request that waits is not shown while its sender is blocked, and is shown then", async () => {
    const { user, stranger } = await strangers();
    await stranger.ask(`<presence type='subscribe' to='${user.bare}'/>`);
    expect(await heard(user)).toEqual([[`presence subscribe from ${stranger.bare}`]]);
    await change(user, "block", stranger.bare);
    const late = await stage.enter(localOf(user), "late");
    expect((await late.ask("<presence/>")).map(inWords)).toEqual([available(user), available(late)]);
    await heard(user);
    expect(await change(user, "unblock")).toEqual([`presence subscribe from ${stranger.bare}`]);
    expect(await heard(late)).toEqual([[`presence subscribe from ${stranger.bare}`]]);
    expect(await user.ask(`<presence type='subscribed' to='${stranger.bare}'/>`)).toEqual([]);
    expect(await heard(stranger)).toEqual([[available(user), available(late)]]);
  });

  it("a request of who is blocked by a domain waits for its unblocking as well", async () => {
    const [user, stranger] = [await stage.appear(await stage.person(), "home"), await stage.appear(await stage.person(elsewhere), "away", elsewhere)];
    await stranger.ask(`<presence type='subscribe' to='${user.bare}'/>`);
    await change(user, "block", elsewhere);
    expect(await change(user, "unblock", elsewhere)).toEqual([`presence subscribe from ${stranger.bare}`]);
  });

  it("a request is not shown when its sender remains blocked, nor when only one of its resources is unblocked", async () => {
    const { user, stranger } = await strangers();
    await stranger.ask(`<presence type='subscribe' to='${user.bare}'/>`);
    await change(user, "block", stranger.bare, stranger.jid, "localhost");
    expect(await change(user, "unblock", "localhost")).toEqual([]);
    expect(await change(user, "unblock", stranger.bare)).toEqual([`presence subscribe from ${stranger.bare}`]);
    expect(await change(user, "unblock", stranger.jid)).toEqual([]);
  });

  it("a request of who is blocked is gone; it can be made again", async () => {
    const { user, stranger } = await strangers();
    await change(user, "block", stranger.bare);
    expect((await stranger.ask(`<presence type='subscribe' to='${user.bare}'/>`)).map(inWords)).toEqual([]);
    expect(await behind.stateOf(user.bare, stranger.bare)).toBe("None");
    expect((await contactOf(stranger, user.bare))?.ask).toBe("subscribe");
    expect(await change(user, "unblock", stranger.bare)).toEqual([]);
    await stranger.ask(`<presence type='subscribe' to='${user.bare}'/>`);
    expect(await heard(user)).toEqual([[`presence subscribe from ${stranger.bare}`]]);
  });

  it("a request that is too large is the same error to who is blocked as to others", async () => {
    const { user, stranger } = await strangers();
    const large = `<presence type='subscribe' to='${user.bare}'><status>${"x".repeat(10_000)}</status></presence>`;
    const refused = (await stranger.ask(large)).map(inWords);
    expect(refused).toEqual([`presence error from ${user.bare}: policy-violation`]);
    await change(user, "block", stranger.bare);
    expect((await stranger.ask(large)).map(inWords)).toEqual(refused);
  });

  it("what the contact grants is not told, and what it takes away is over without a word", async () => {
    const { user, contact } = await meeting();
    await rosterOf(user);
    await change(user, "block", contact.bare);
    await heard(user, contact);
    await contact.ask(`<presence type='unsubscribed' to='${user.bare}'/>`);
    const [push, ...others] = await user.caughtUp();
    expect([pushed(push)?.item.subscription, others]).toEqual(["from", []]);
    expect(await change(user, "unblock", contact.bare)).toEqual([]);
    expect(await heard(contact)).toEqual([[available(user)]]);
  });

  it("a contact who has removed the user is not shown presence when unblocked", async () => {
    const { user, contact } = await meeting();
    await change(user, "block", contact.bare);
    await heard(user, contact);
    const remove = `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${user.bare}' subscription='remove'/></query></iq>`;
    expect((await contact.ask(remove)).map(inWords)).toEqual(["iq result from nobody"]);
    expect(await heard(user)).toEqual([[]]);
    expect([await behind.stateOf(user.bare, contact.bare), await behind.stateOf(contact.bare, user.bare)]).toEqual(["None", "None"]);
    expect(await change(user, "unblock", contact.bare)).toEqual([]);
    expect(await heard(contact)).toEqual([[]]);
  });

  it("a blocked contact can be removed from the roster, which it is told of, and nothing of presence (RFC 6121 section 2.5.2)", async () => {
    const { user, contact } = await meeting();
    await rosterOf(contact);
    await change(user, "block", contact.bare);
    await heard(user, contact);
    const remove = `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${contact.bare}' subscription='remove'/></query></iq>`;
    expect((await user.ask(remove)).map(inWords)).toEqual(["iq result from nobody"]);
    const told = (await contact.caughtUp()).filter((stanza) => pushed(stanza) === undefined).map(inWords);
    expect(told).toEqual([`presence unsubscribe from ${user.bare}`, `presence unsubscribed from ${user.bare}`]);
    expect([await behind.stateOf(user.bare, contact.bare), await behind.stateOf(contact.bare, user.bare)]).toEqual(["None", "None"]);
    expect(await change(user, "unblock", contact.bare)).toEqual([]);
    expect(await heard(contact)).toEqual([[]]);
  });
});
