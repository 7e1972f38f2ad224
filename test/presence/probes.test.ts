import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseJid } from "../../src/domain/jid.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { backstage, contactOf, pushed, rosterOf } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, readXml, showXml, type Xml } from "../support/xml-reader.ts";
import { conditionOf, eachTold, expectCopy, expectMere, Stage, told } from "./support.ts";

const behind = backstage();
let stage: Stage;

beforeAll(async () => {
  stage = new Stage(await startServer({ allowPlaintext: true, extensions: [behind.extension] }));
});
afterEach(() => stage.clear());
afterAll(() => stage.server.stop());

const probe = (to: string, id = "probe1"): string => `<presence type='probe' id='${id}' to='${to}'/>`;

/** Romeo, who sees Juliet, probes; he is not available himself, so whatever comes is the answer. */
async function lovers(state: "From" | "FromOut" | "Both" = "From"): Promise<{ juliet: string; romeo: string; user: BoundClient }> {
  const { juliet, romeo } = await stage.cast("juliet", "romeo");
  await stage.relate(juliet, romeo, state);
  return { juliet, romeo, user: await stage.enter(romeo, "orchard") };
}

describe("RFC 6121 section 4.3.2 a probe to a bare JID", () => {
  it.each(["From", "FromOut", "Both"] as const)("is answered with the last stanza of each available resource (contact in %s)", async (state) => {
    const { juliet, user } = await lovers(state);
    const sent = "<presence id='pres1' xml:lang='en'><show>dnd</show><status>busy!</status><priority>-5</priority><x xmlns='urn:x'><y/></x></presence>";
    const chamber = await stage.appear(juliet, "chamber");
    await chamber.ask(sent);
    const balcony = await stage.appear(juliet, "balcony");
    await stage.enter(juliet, "silent");
    const answers = await user.ask(probe(juliet));
    expect(answers).toHaveLength(2);
    expectCopy(answers[0], sent, chamber.jid, user.jid);
    expectMere(answers[1], { from: balcony.jid, to: user.jid });
  });

  it("is answered with unavailable, the time and the probe's id if nobody is there", async () => {
    const { juliet, user } = await lovers();
    const before = Date.now();
    const balcony = await stage.appear(juliet, "balcony");
    await balcony.ask("<presence type='unavailable' id='bye'><status>asleep</status></presence>");
    const [answer, ...more] = await user.ask(probe(juliet, "xv291f38"));
    expect(more).toEqual([]);
    const { attrs, children } = answer!;
    expect(attrs).toEqual({ type: "unavailable", id: "xv291f38", from: juliet, to: user.jid });
    const delay = children[0] as Xml;
    expect(delay).toMatchObject({ name: "delay", xmlns: "urn:xmpp:delay", children: [] });
    expect(delay.attrs["stamp"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(Date.parse(delay.attrs["stamp"]!)).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000);
    expect(Date.parse(delay.attrs["stamp"]!)).toBeLessThanOrEqual(Date.now());
    expect(children).toHaveLength(1);
  });

  it("tells the time at which the last resource left, not another one", async () => {
    const { juliet, user } = await lovers();
    const [chamber, balcony] = [await stage.appear(juliet, "chamber"), await stage.appear(juliet, "balcony")];
    await chamber.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = Date.now();
    await stage.kill(balcony);
    const [answer] = await user.ask(probe(juliet));
    expect(Date.parse(childOf(answer, "delay")!.attrs["stamp"]!)).toBeGreaterThanOrEqual(before);
  });

  it("is answered with unavailable and no time if nobody was ever there", async () => {
    const { juliet, user } = await lovers();
    const answers = await user.ask(probe(juliet));
    expect(answers).toHaveLength(1);
    expectMere(answers[0], { type: "unavailable", id: "probe1", from: juliet, to: user.jid });
  });

  it("of the own account tells of its resources", async () => {
    const { juliet } = await stage.cast("juliet");
    const silent = await stage.enter(juliet, "silent");
    expect((await silent.ask(probe(juliet))).map(({ attrs }) => attrs)).toEqual([
      { type: "unavailable", id: "probe1", from: juliet, to: silent.jid },
    ]);
    await stage.appear(juliet, "balcony");
    expect(await silent.ask(probe(juliet)).then((all) => all.map((stanza) => showXml(stanza)))).toEqual([
      `<presence from='${juliet}/balcony' to='${silent.jid}'/>`,
    ]);
    silent.send("<presence type='probe'/>");
    expect(await told(silent)).toEqual(["juliet/balcony available"]);
  });

  it("changes nothing for the one who is probed", async () => {
    const { juliet, user } = await lovers("Both");
    const balcony = await stage.appear(juliet, "balcony");
    await user.ask(probe(juliet));
    await user.ask(probe(balcony.jid));
    expect(await told(balcony)).toEqual([]);
  });
});

describe("RFC 6121 section 4.3.2 a probe to a full JID", () => {
  it("learns that this resource is available and nothing else of it, nor of another", async () => {
    const { juliet, user } = await lovers();
    await stage.appear(juliet, "chamber");
    const balcony = await stage.appear(juliet, "balcony");
    await balcony.ask("<presence id='pres2'><show>away</show><status>secret</status><priority>9</priority><x xmlns='urn:x'/></presence>");
    const answers = await user.ask(probe(balcony.jid));
    expect(answers).toHaveLength(1);
    // Section 4.3.2.1: the id is that of the contact's own stanza.
    expectMere(answers[0], { id: "pres2", from: balcony.jid, to: user.jid });
  });

  it.each([["none", []], ["a connected one", ["balcony"]], ["another one", ["chamber"]]] as const)(
    "that matches no available resource but %s is answered with unavailable and its own id",
    async (_, resources) => {
      const { juliet, user } = await lovers();
      for (const resource of resources) {
        if (resource === "chamber") await stage.appear(juliet, resource);
        else await stage.enter(juliet, resource);
      }
      const answers = await user.ask(probe(`${juliet}/balcony`));
      expect(answers).toHaveLength(1);
      expectMere(answers[0], { type: "unavailable", id: "probe1", from: `${juliet}/balcony`, to: user.jid });
    },
  );
});

describe("RFC 6121 section 4.3.2, rule 1: who has no right to an answer", () => {
  it.each(["None", "To", "NoneIn", "NoneOut", "ToIn", "NoneOutIn"] as const)("a contact in state %s learns nothing", async (state) => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, state);
    await stage.appear(juliet, "balcony");
    const user = await stage.enter(romeo, "orchard");
    for (const to of [juliet, `${juliet}/balcony`, `${juliet}/nowhere`]) expect(await user.ask(probe(to))).toEqual([]);
    expect(await behind.stateOf(juliet, romeo)).toBe(state);
  });

  it("a stranger hears the same of whom there is, of whom there is not, and of who is away", async () => {
    const { juliet, nurse, romeo } = await stage.cast("juliet", "nurse", "romeo");
    await stage.appear(juliet, "balcony");
    const user = await stage.appear(romeo, "orchard");
    for (const to of [juliet, `${juliet}/balcony`, nurse, `${nurse}/kitchen`, "nobody@localhost", "nobody@localhost/x"]) {
      expect(await user.ask(probe(to))).toEqual([]);
    }
  });

  it.each(["", "/balcony"])("a subscription that the contact knows nothing of ends with unsubscribed (to JID%s)", async (resource) => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.appear(juliet, "balcony");
    const user = await stage.enter(romeo, "orchard");
    await behind.setState(romeo, juliet, "Both");
    await rosterOf(user);
    const [answer] = await user.ask(probe(`${juliet}${resource}`));
    expect(answer).toMatchObject({ name: "presence", attrs: { type: "unsubscribed", id: "probe1", from: juliet, to: romeo } });
    expect(answer!.children).toEqual([]);
    expect(await contactOf(user, juliet)).toMatchObject({ subscription: "from" });
  });

  it.each(["", "/balcony"])("a subscription to an account that does not exist ends, with the probe's id (section 4.3.2.1; to JID%s)", async (resource) => {
    const { romeo } = await stage.cast("romeo");
    const [user, other] = [await stage.enter(romeo, "orchard"), await stage.enter(romeo, "lane")];
    await behind.setState(romeo, "ghost@localhost", "Both");
    for (const client of [user, other]) await rosterOf(client);
    const answers = await user.ask(probe(`ghost@localhost${resource}`, "xv291f38"));
    expect(answers[0]!.attrs).toEqual({ type: "unsubscribed", id: "xv291f38", from: "ghost@localhost", to: romeo });
    expect(answers.slice(1).map((stanza) => pushed(stanza)?.item)).toEqual([{ jid: "ghost@localhost", subscription: "from", groups: [] }]);
    expect((await told(other))[0]).toBe("ghost@localhost unsubscribed");
    expect(await user.ask(probe("ghost@localhost"))).toEqual([]);
  });

  it("a request to an account that does not exist waits on", async () => {
    const { romeo } = await stage.cast("romeo");
    const user = await stage.enter(romeo, "orchard");
    await rosterOf(user);
    await behind.setState(romeo, "ghost@localhost", "FromOut");
    expect(await user.ask(probe("ghost@localhost"))).toEqual([]);
    expect(await behind.stateOf(romeo, "ghost@localhost")).toBe("FromOut");
  });

  it("that takes back no approval which the contact gave beforehand", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    const contact = await stage.appear(juliet, "balcony");
    await contact.ask(`<presence type='subscribed' to='${romeo}'/>`);
    const user = await stage.enter(romeo, "orchard");
    await behind.setState(romeo, juliet, "To");
    await user.ask(probe(juliet));
    expect(await behind.stateOf(romeo, juliet)).toBe("None");
    expect(await contactOf(contact, romeo)).toMatchObject({ approved: "true" });
  });

  it.each(["juliet", "romeo"] as const)("whoever is blocked, or blocks (%s does)", async (who) => {
    const { juliet, romeo, user } = await lovers("Both");
    const balcony = await stage.appear(juliet, "balcony");
    await balcony.ask(`<presence to='${romeo}'/>`);
    const [by, whom] = who === "juliet" ? [juliet, romeo] : [romeo, juliet];
    const { local = "", domain } = parseJid(by)!;
    await behind.withAccount(by, (step, account, house) =>
      house.change(step, account, { type: "ContactsBlocked", data: { host: domain, username: local, jids: [whom] } }),
    );
    const answers = [...(await user.ask(probe(juliet))), ...(await user.ask(probe(balcony.jid)))];
    expect(answers.filter(({ attrs }) => attrs["type"] !== "error")).toEqual([]);
    expect(await behind.stateOf(romeo, juliet)).toBe("Both");
  });
});

describe("RFC 6121 section 4.3: no probe is a cause for an error", () => {
  it.each(["localhost", "localhost/x", "elsewhere.example", "somebody@elsewhere.example"])("to %s", async (to) => {
    const { romeo } = await stage.cast("romeo");
    const user = await stage.enter(romeo, "orchard");
    expect(await user.ask(probe(to))).toEqual([]);
  });

  it("but one to an address that is none", async () => {
    const { romeo } = await stage.cast("romeo");
    const user = await stage.enter(romeo, "orchard");
    const [answer] = await user.ask(probe("@"));
    expect(conditionOf(answer)).toBe("jid-malformed");
  });
});

describe("RFC 6121 section 4.6.6 a probe of who has sent directed presence", () => {
  it("is answered with mere presence from that resource alone", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    const user = await stage.enter(romeo, "orchard");
    await stage.appear(juliet, "chamber");
    const balcony = await stage.enter(juliet, "balcony", "<presence id='pres1'><show>away</show><status>broadcast</status></presence>");
    await balcony.ask(`<presence to='${user.jid}'><status>directed</status></presence>`);
    await user.caughtUp();
    for (const to of [balcony.jid, juliet]) {
      const answers = await user.ask(probe(to));
      expect(answers).toHaveLength(1);
      expectMere(answers[0], { id: "probe1", from: balcony.jid, to: user.jid });
    }
    expect(await user.ask(probe(`${juliet}/chamber`))).toEqual([]);
  });

  it("goes by the address that it was sent to", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    const [orchard, street] = [await stage.appear(romeo, "orchard"), await stage.appear(romeo, "street")];
    const [balcony, chamber] = [await stage.enter(juliet, "balcony"), await stage.enter(juliet, "chamber")];
    await balcony.ask(`<presence to='${orchard.jid}'/>`);
    await chamber.ask(`<presence to='${romeo}'/>`);
    await eachTold(orchard, street);
    const seen = async (client: BoundClient) => (await client.ask(probe(juliet))).map(({ attrs }) => attrs["from"]).toSorted();
    expect(await seen(orchard)).toEqual([balcony.jid, chamber.jid]);
    expect(await seen(street)).toEqual([chamber.jid]);
  });

  it.each([
    ["directed unavailable", (to: string) => `<presence type='unavailable' to='${to}'/>`],
    ["unavailable", () => "<presence type='unavailable'/>"],
  ])("learns nothing any more after %s", async (_, end) => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    const user = await stage.enter(romeo, "orchard");
    const balcony = await stage.enter(juliet, "balcony");
    await balcony.ask(`<presence to='${user.jid}'/>`);
    await balcony.ask(end(user.jid));
    await user.caughtUp();
    expect(await user.ask(probe(balcony.jid))).toEqual([]);
  });

  it("of a resource that is not available but has shown itself to a subscriber is answered too", async () => {
    const { juliet, user } = await lovers();
    const balcony = await stage.enter(juliet, "balcony");
    await balcony.ask(`<presence to='${user.jid}'/>`);
    await user.caughtUp();
    const answers = await user.ask(probe(balcony.jid));
    expect(answers).toEqual([readXml(`<presence id='probe1' from='${balcony.jid}' to='${user.jid}'/>`)]);
  });
});
