import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/start-server.ts";
import { backstage } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { eachTold, expectCopy, expectMere, inWords, Stage, told, until } from "./support.ts";

const behind = backstage();
let stage: Stage;

beforeAll(async () => {
  stage = new Stage(await startServer({ allowPlaintext: true, extensions: [behind.extension] }));
});
afterEach(() => stage.clear());
afterAll(() => stage.server.stop());

const to = (address: string, status?: string): string =>
  status === undefined ? `<presence to='${address}'/>` : `<presence to='${address}'><status>${status}</status></presence>`;
const farewell = (address: string): string => `<presence type='unavailable' to='${address}'/>`;
const answerWithError = (address: string): string =>
  `<presence type='error' to='${address}'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`;

/** Juliet, who is available, and a stranger with two resources, of which the first is available too. */
async function strangers(): Promise<{
  readonly juliet: string;
  readonly tybalt: string;
  readonly balcony: BoundClient;
  readonly street: BoundClient;
  readonly silent: BoundClient;
}> {
  const { juliet, tybalt } = await stage.cast("juliet", "tybalt");
  const [balcony, street] = [await stage.appear(juliet, "balcony"), await stage.appear(tybalt, "street")];
  return { juliet, tybalt, balcony, street, silent: await stage.enter(tybalt, "silent") };
}

/** How a period of availability may end. */
const ends: Readonly<Record<string, (client: BoundClient) => Promise<unknown>>> = {
  "unavailable presence": (client) => client.ask("<presence type='unavailable'/>"),
  "a lost connection": (client) => stage.kill(client),
  "the end of the stream": (client) => client.close(),
};

describe("RFC 6121 section 4.6.3 the server processes outbound directed presence", () => {
  it("delivers the full XML, to the address as it was written", async () => {
    const { tybalt, balcony, street, silent } = await strangers();
    for (const [address, client] of [[tybalt, street], [street.jid, street], [silent.jid, silent]] as const) {
      const sent =
        `<presence to='${address}' id='d1' xml:lang='en'><show>chat</show><status>hark</status><priority>5</priority>` +
        "<x xmlns='http://jabber.org/protocol/muc'><password>&lt;</password></x></presence>";
      await balcony.ask(sent);
      const [arrived, ...more] = await client.caughtUp();
      expectCopy(arrived, sent, balcony.jid, address);
      expect(more).toEqual([]);
      expect(await eachTold(street, silent)).toEqual([[], []]);
    }
  });

  it("reaches the available resources at a bare JID, that one at a full JID, and nobody at a full JID of nobody", async () => {
    const { tybalt, balcony, street, silent } = await strangers();
    const house = await stage.appear(tybalt, "house");
    await eachTold(street, silent);
    const reached = async (address: string) => {
      await balcony.ask(to(address));
      const all = await eachTold(street, silent, house);
      return ["street", "silent", "house"].filter((_, index) => all[index]!.length === 1);
    };
    expect(await reached(tybalt)).toEqual(["street", "house"]);
    expect(await reached(house.jid)).toEqual(["house"]);
    expect(await reached(silent.jid)).toEqual(["silent"]);
    expect(await reached(`${tybalt}/nowhere`)).toEqual([]);
  });

  it("makes nobody a part of later broadcasts", async () => {
    const { tybalt, balcony, street, silent } = await strangers();
    await balcony.ask(to(tybalt, "once") + to(silent.jid, "once"));
    await eachTold(street, silent);
    await balcony.ask("<presence><show>away</show></presence>");
    expect(await eachTold(street, silent)).toEqual([[], []]);
  });

  it("is no broadcast: neither contacts nor the user's own resources are told of it", async () => {
    const { juliet, tybalt, balcony } = await strangers();
    const { romeo } = await stage.cast("romeo");
    await stage.relate(juliet, romeo, "Both");
    const [orchard, chamber] = [await stage.appear(romeo, "orchard"), await stage.appear(juliet, "chamber")];
    await eachTold(balcony, orchard);
    expect(await balcony.ask(to(tybalt, "for you only"))).toEqual([]);
    expect(await eachTold(orchard, chamber)).toEqual([[], []]);
    // Nor is it what those who come later are shown.
    expect(await told(await stage.enter(romeo, "street", "<presence/>"))).toContain("juliet/balcony available");
  });

  for (const [how, end] of Object.entries(ends)) {
    for (const address of ["bare", "full", "full, not available"] as const) {
      it(`${how} is told exactly once to who was written to (${address})`, async () => {
        const { tybalt, balcony, street, silent } = await strangers();
        const reader = address === "full, not available" ? silent : street;
        await balcony.ask(to(address === "bare" ? tybalt : reader.jid));
        await balcony.ask(to(address === "bare" ? tybalt : reader.jid, "again"));
        await eachTold(street, silent);
        await end(balcony);
        const [arrived, ...more] = await reader.caughtUp();
        expectMere(arrived, { type: "unavailable", from: balcony.jid, to: address === "bare" ? tybalt : reader.jid });
        expect(more).toEqual([]);
        expect(await told(reader === street ? silent : street)).toEqual([]);
      });
    }

    it(`${how} ends what a resource directed that was never available`, async () => {
      const { juliet, tybalt, street, silent } = await strangers();
      const chamber = await stage.enter(juliet, "chamber");
      await chamber.ask(to(tybalt) + to(silent.jid));
      expect(await eachTold(street, silent)).toEqual([["juliet/chamber available"], ["juliet/chamber available"]]);
      await end(chamber);
      expect(await eachTold(street, silent)).toEqual([["juliet/chamber unavailable"], ["juliet/chamber unavailable"]]);
    });
  }

  it("unavailable presence is passed on whole to who was written to, and once", async () => {
    const { tybalt, balcony, street } = await strangers();
    await balcony.ask(to(tybalt) + to(street.jid));
    await street.caughtUp();
    const sent = "<presence type='unavailable' id='bye'><status>away to Mantua</status></presence>";
    await balcony.ask(sent);
    const [arrived, ...more] = await street.caughtUp();
    expectCopy(arrived, sent, balcony.jid, tybalt);
    expect(more).toEqual([]);
    await balcony.close();
    expect(await told(street)).toEqual([]);
  });

  it("rule 3: from a resource that is not available, also a contact is told of the end", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "Both");
    const orchard = await stage.appear(romeo, "orchard");
    const balcony = await stage.enter(juliet, "balcony");
    await balcony.ask(to(romeo));
    await balcony.ask("<presence type='unavailable'/>");
    expect(await told(orchard)).toEqual(["juliet/balcony available", "juliet/balcony unavailable"]);
    await balcony.ask(to(romeo));
    await balcony.ask("<presence><status>all</status></presence>");
    await balcony.close();
    expect(await told(orchard)).toEqual(["juliet/balcony available", "juliet/balcony available (all)", "juliet/balcony unavailable"]);
  });

  it("rule 1: a contact goes on getting broadcasts, also after directed unavailable presence", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "From");
    const [orchard, balcony] = [await stage.appear(romeo, "orchard"), await stage.appear(juliet, "balcony")];
    await orchard.caughtUp();
    await balcony.ask(to(romeo, "for you"));
    await balcony.ask(farewell(romeo));
    await balcony.ask("<presence><status>for all</status></presence>");
    await stage.kill(balcony);
    expect(await told(orchard)).toEqual([
      "juliet/balcony available (for you)", "juliet/balcony unavailable", "juliet/balcony available (for all)", "juliet/balcony unavailable",
    ]);
  });

  it("a contact's resource that no broadcast reaches is told of the end of what it was sent", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "Both");
    const [silent, balcony] = [await stage.enter(romeo, "silent"), await stage.appear(juliet, "balcony")];
    await balcony.ask(to(silent.jid));
    await balcony.ask("<presence><show>away</show></presence>");
    await stage.kill(balcony);
    expect(await told(silent)).toEqual(["juliet/balcony available", "juliet/balcony unavailable"]);
  });

  it.each(["available", "unavailable"])("what still waits when a resource leaves is not the last that is heard of it (%s)", async (type) => {
    const { juliet, tybalt, balcony, street } = await strangers();
    if (type === "unavailable") await balcony.ask(to(tybalt));
    let release = (): void => {};
    const older = new Promise<void>((resolve) => (release = resolve));
    const house = await behind.withAccount(tybalt, (_, account, house) => {
      house.hold(account, older);
      return house;
    });
    balcony.send(type === "available" ? to(tybalt) : farewell(tybalt));
    await until(() => house.sessions(juliet)[0]?.directed.length === (type === "available" ? 1 : 0));
    // While its input waits, a connection is not seen to be lost; its resource can be taken.
    await stage.enter(juliet, "balcony");
    release();
    await older;
    expect((await told(street)).at(-1)).toBe("juliet/balcony unavailable");
  });

  const endings = {
    "the subscription has ended": ["From", (street, { juliet }) => street.ask(`<presence type='unsubscribe' to='${juliet}'/>`)],
    "the addressee has said that it knows of the end": ["None", (street, { balcony }) => street.ask(farewell(balcony))],
  } satisfies Record<string, ["From" | "None", (street: BoundClient, of: { juliet: string; balcony: string }) => Promise<unknown>]>;
  it.each(Object.keys(endings) as (keyof typeof endings)[])("what arrives late has an end all the same: while it waited, %s", async (what) => {
    const [relation, meanwhile] = endings[what];
    const { juliet, tybalt } = await stage.cast("juliet", "tybalt");
    await stage.relate(juliet, tybalt, relation);
    const [balcony, street] = [await stage.appear(juliet, "balcony"), await stage.appear(tybalt, "street")];
    await eachTold(balcony, street);
    let release = (): void => {};
    const older = new Promise<void>((resolve) => (release = resolve));
    const house = await behind.withAccount(tybalt, (_, account, house) => {
      house.hold(account, older);
      return house;
    });
    const sent = house.sessions(juliet)[0]!;
    balcony.send(`<presence><status>before</status></presence>${to(street.jid, "late")}`);
    await until(() => sent.presence?.getChildText("status") === "before");
    await meanwhile(street, { juliet, balcony: balcony.jid });
    release();
    await balcony.caughtUp();
    await stage.kill(balcony);
    expect((await told(street)).slice(-2)).toEqual(["juliet/balcony available (late)", "juliet/balcony unavailable"]);
  });

  it("presence to the own resources ends with one unavailable too", async () => {
    const { juliet } = await stage.cast("juliet");
    const [silent, chamber, balcony] = [
      await stage.enter(juliet, "silent"), await stage.appear(juliet, "chamber"), await stage.appear(juliet, "balcony"),
    ];
    await chamber.caughtUp();
    await balcony.ask(to(juliet) + to(silent.jid) + to(chamber.jid));
    expect(await eachTold(chamber, silent)).toEqual([["juliet/balcony available", "juliet/balcony available"], ["juliet/balcony available"]]);
    await stage.kill(balcony);
    expect(await eachTold(chamber, silent)).toEqual([["juliet/balcony unavailable"], ["juliet/balcony unavailable"]]);
  });
});

describe("RFC 6121 section 4.6.1 what is forgotten", () => {
  it("who was sent directed unavailable presence is not told again", async () => {
    const { tybalt, balcony, street, silent } = await strangers();
    for (const address of [tybalt, street.jid]) {
      await balcony.ask(to(address));
      await balcony.ask(farewell(address));
    }
    await balcony.ask(to(silent.jid));
    await stage.kill(balcony);
    const once = ["juliet/balcony available", "juliet/balcony unavailable"];
    expect(await eachTold(street, silent)).toEqual([[...once, ...once], once]);
  });

  it("also where the farewell went to the whole account and the greeting to a resource", async () => {
    const { tybalt, balcony, street, silent } = await strangers();
    await balcony.ask(to(street.jid) + to(silent.jid));
    await balcony.ask(farewell(tybalt));
    expect(await eachTold(street, silent)).toEqual([["juliet/balcony available", "juliet/balcony unavailable"], ["juliet/balcony available"]]);
    await stage.kill(balcony);
    expect(await eachTold(street, silent)).toEqual([[], ["juliet/balcony unavailable"]]);
  });

  it("and where the greeting went to the whole account and the farewell to a resource", async () => {
    const { tybalt, balcony, street } = await strangers();
    const house = await stage.appear(tybalt, "house");
    await street.caughtUp();
    await balcony.ask(to(tybalt));
    await balcony.ask(farewell(street.jid));
    await balcony.ask("<presence type='unavailable'/>");
    const once = ["juliet/balcony available", "juliet/balcony unavailable"];
    expect(await eachTold(street, house)).toEqual([once, once]);
  });

  it.each([["unavailable presence to it", farewell], ["an error", answerWithError]])(
    "who answers with %s is told of no end",
    async (_, answer) => {
      const { balcony, street } = await strangers();
      await balcony.ask(to(street.jid));
      await street.ask(answer(balcony.jid));
      await balcony.caughtUp();
      await stage.kill(balcony);
      expect(await told(street)).toEqual([]);
    },
  );

  it("who leaves is told of no end when it is back", async () => {
    const { juliet, tybalt } = await stage.cast("juliet", "tybalt");
    await stage.relate(juliet, tybalt, "To");
    const [street, balcony] = [await stage.appear(tybalt, "street"), await stage.appear(juliet, "balcony")];
    await balcony.ask(to(street.jid));
    await stage.kill(street);
    const again = await stage.appear(tybalt, "street");
    expect(await told(balcony)).toEqual(["tybalt/street unavailable", "tybalt/street available"]);
    await stage.kill(balcony);
    expect(await told(again)).toEqual([]);
  });

  it("unavailable from another resource of the same account changes nothing", async () => {
    const { tybalt, balcony, street } = await strangers();
    const house = await stage.appear(tybalt, "house");
    await balcony.ask(to(street.jid));
    await house.ask(farewell(balcony.jid));
    await stage.kill(balcony);
    expect((await told(street)).slice(1)).toEqual(["juliet/balcony available", "juliet/balcony unavailable"]);
  });

  it("a contact that becomes a subscriber meanwhile gets broadcasts, and one end", async () => {
    const { juliet, tybalt, balcony, street, silent } = await strangers();
    await balcony.ask(to(tybalt) + to(street.jid) + to(silent.jid));
    await street.ask(`<presence type='subscribe' to='${juliet}'/>`);
    await balcony.ask(`<presence type='subscribed' to='${tybalt}'/>`);
    await eachTold(street, silent);
    await balcony.ask("<presence><show>away</show></presence>");
    await stage.kill(balcony);
    expect(await eachTold(street, silent)).toEqual([["juliet/balcony available", "juliet/balcony unavailable"], ["juliet/balcony unavailable"]]);
  });

  const cancellations = {
    "the user cancels it": async (user: BoundClient, contact: BoundClient) => user.ask(`<presence type='unsubscribed' to='${contact.bare}'/>`),
    "the contact unsubscribes": async (user: BoundClient, contact: BoundClient) => contact.ask(`<presence type='unsubscribe' to='${user.bare}'/>`),
    "the user removes the contact": async (user: BoundClient, contact: BoundClient) =>
      user.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='${contact.bare}' subscription='remove'/></query></iq>`),
  };
  it.each(Object.keys(cancellations))("the end of a subscription is the end of directed presence too: %s", async (way) => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "From");
    const [orchard, silent] = [await stage.appear(romeo, "orchard"), await stage.enter(romeo, "silent")];
    const [balcony, chamber] = [await stage.appear(juliet, "balcony"), await stage.enter(juliet, "chamber")];
    await eachTold(orchard, silent);
    await balcony.ask(to(silent.jid) + to(romeo));
    await chamber.ask(to(romeo));
    await eachTold(orchard, silent);
    const heard = [...(await cancellations[way as keyof typeof cancellations](balcony, orchard)), ...(await orchard.caughtUp())];
    const gone = heard.filter(({ attrs }) => attrs["type"] === "unavailable").map(inWords);
    expect(gone.toSorted()).toEqual(["juliet/balcony unavailable", "juliet/chamber unavailable"]);
    expect(await told(silent)).toEqual(["juliet/balcony unavailable"]);
    await Promise.all([stage.kill(balcony), stage.kill(chamber)]);
    expect(await eachTold(orchard, silent)).toEqual([[], []]);
  });

  it("whoever is no longer shown the user's presence is still told when the user leaves whom it shows itself to", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "From");
    const [orchard, balcony] = [await stage.appear(romeo, "orchard"), await stage.appear(juliet, "balcony")];
    await orchard.ask(to(balcony.jid));
    await balcony.ask(`<presence type='unsubscribed' to='${romeo}'/>`);
    await stage.kill(orchard);
    expect(await told(balcony)).toEqual(["romeo/orchard unavailable"]);
  });
});

describe("RFC 6121 section 8.5.1 presence to nobody", () => {
  it.each(["nobody@localhost", "nobody@localhost/x", "localhost", "localhost/x"])("to %s is silently ignored", async (address) => {
    const { juliet } = await stage.cast("juliet");
    const balcony = await stage.appear(juliet, "balcony");
    expect(await balcony.ask(to(address) + farewell(address) + answerWithError(address))).toEqual([]);
    await balcony.ask(to(address));
    await balcony.close();
  });
});
