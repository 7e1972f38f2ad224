/** Whom a request to a resource reaches, by what its user shows; the rest of the delivery table is in test/router. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { subscriptionParts, subscriptionStates } from "../../src/domain/subscription.ts";
import { startServer } from "../../src/testing/start-server.ts";
import type { BoundClient } from "../support/login.ts";
import { readXml, showXml } from "../support/xml-reader.ts";
import { conditionOf, Stage, told } from "./support.ts";

let stage: Stage;

beforeAll(async () => {
  stage = new Stage(await startServer({ allowPlaintext: true }));
});
afterEach(() => stage.clear());
afterAll(() => stage.server.stop());

const question = "<query xmlns='urn:example:question'/>";
const ask = (to: string, type = "get"): string => `<iq type='${type}' id='q1' to='${to}'>${question}</iq>`;

/** Whether a request arrives as it was sent; if not, it is refused so that nothing can be learnt. */
async function reaches(from: BoundClient, client: BoundClient): Promise<boolean> {
  const back = await from.ask(ask(client.jid));
  const arrived = (await client.caughtUp()).filter(({ name }) => name === "iq");
  if (arrived.length > 0) {
    expect(back).toEqual([]);
    expect(arrived).toEqual([readXml(`<iq type='get' id='q1' from='${from.jid}' to='${client.jid}'>${question}</iq>`)]);
    return true;
  }
  const answers = back.filter(({ name }) => name === "iq");
  expect(answers).toHaveLength(1);
  expect(conditionOf(answers[0])).toBe("service-unavailable");
  const nobody = (await from.ask(ask(`${client.bare}/nowhere`))).map((stanza) => showXml(stanza).replace("/nowhere", `/${client.jid.split("/")[1]}`));
  expect(nobody).toEqual(answers.map((stanza) => showXml(stanza)));
  return false;
}

describe("RFC 6121 section 8.5.3.1 an iq request to a resource", () => {
  it.each(subscriptionStates)("of a user whose contact is in state %s", async (state) => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, state);
    const orchard = await stage.enter(romeo, "orchard");
    const [balcony, silent] = [await stage.appear(juliet, "balcony"), await stage.enter(juliet, "silent")];
    const shown = ["from", "both"].includes(subscriptionParts[state].subscription);
    expect(await reaches(orchard, balcony)).toBe(shown);
    expect(await reaches(orchard, silent)).toBe(shown);
  });

  it("is refused again when the subscription is over", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "Both");
    const [orchard, balcony] = [await stage.enter(romeo, "orchard"), await stage.appear(juliet, "balcony")];
    await balcony.ask(`<presence type='unsubscribed' to='${romeo}'/>`);
    await orchard.caughtUp();
    expect(await reaches(orchard, balcony)).toBe(false);
    expect(await reaches(balcony, orchard)).toBe(true);
  });

  it("arrives by directed presence to the resource that asks, as long as that lasts", async () => {
    const { juliet, tybalt } = await stage.cast("juliet", "tybalt");
    const [street, house] = [await stage.enter(tybalt, "street"), await stage.enter(tybalt, "house")];
    const [balcony, chamber] = [await stage.appear(juliet, "balcony"), await stage.appear(juliet, "chamber")];
    await balcony.caughtUp();
    await balcony.ask(`<presence to='${street.jid}'/>`);
    await street.caughtUp();
    expect(await reaches(street, balcony)).toBe(true);
    expect(await reaches(house, balcony)).toBe(false);
    expect(await reaches(street, chamber)).toBe(false);
    expect(await reaches(balcony, street)).toBe(false);
    await balcony.ask(`<presence type='unavailable' to='${street.jid}'/>`);
    await street.caughtUp();
    expect(await reaches(street, balcony)).toBe(false);
  });

  it("arrives by directed presence to an account from each of its resources, also from a resource that is not available", async () => {
    const { juliet, tybalt } = await stage.cast("juliet", "tybalt");
    const [street, house] = [await stage.enter(tybalt, "street"), await stage.enter(tybalt, "house")];
    const silent = await stage.enter(juliet, "silent");
    await silent.ask(`<presence to='${tybalt}'/>`);
    expect(await reaches(street, silent)).toBe(true);
    expect(await reaches(house, silent)).toBe(true);
    await silent.ask("<presence type='unavailable'/>");
    expect(await reaches(street, silent)).toBe(false);
  });

  it("is not let in by presence that the one who asks has sent", async () => {
    const { juliet, tybalt } = await stage.cast("juliet", "tybalt");
    const [street, balcony] = [await stage.appear(tybalt, "street"), await stage.appear(juliet, "balcony")];
    await street.ask(`<presence to='${juliet}'/><presence to='${balcony.jid}'/>`);
    await balcony.caughtUp();
    expect(await reaches(street, balcony)).toBe(false);
  });

  it("arrives from the user's own resources", async () => {
    const { juliet } = await stage.cast("juliet");
    const [silent, balcony] = [await stage.enter(juliet, "silent"), await stage.appear(juliet, "balcony")];
    expect(await reaches(silent, balcony)).toBe(true);
    expect(await reaches(balcony, silent)).toBe(true);
  });

  it.each(["result", "error"])("of type %s arrives from anybody", async (type) => {
    const { juliet, tybalt } = await stage.cast("juliet", "tybalt");
    const [street, silent] = [await stage.enter(tybalt, "street"), await stage.enter(juliet, "silent")];
    expect(await street.ask(ask(silent.jid, type))).toEqual([]);
    expect(await silent.caughtUp()).toEqual([readXml(`<iq type='${type}' id='q1' from='${street.jid}' to='${silent.jid}'>${question}</iq>`)]);
  });
});

describe("RFC 6121 section 8.5 a connected resource that is not available", () => {
  it("is told nothing that is for available ones, and everything that is for it", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "Both");
    const silent = await stage.enter(juliet, "silent");
    const orchard = await stage.appear(romeo, "orchard");
    await orchard.ask("<presence><status>for all who are there</status></presence>");
    await orchard.ask(`<presence to='${juliet}'/>`);
    await orchard.ask(`<presence to='${silent.jid}'/>`);
    await orchard.ask(`<presence to='${juliet}' type='unavailable'/>`);
    await orchard.ask(`<presence to='${silent.jid}' type='unavailable'/>`);
    await orchard.ask("<presence type='unavailable'/>");
    await orchard.ask(`<message to='${juliet}' type='headline'><body>all</body></message>`);
    await orchard.ask(`<message to='${silent.jid}' type='headline'><body>one</body></message>`);
    expect(await told(silent)).toEqual([
      "romeo/orchard available",
      "romeo/orchard unavailable",
      `<message from='${orchard.jid}' to='${silent.jid}' type='headline'><body>one</body></message>`,
    ]);
  });

  it("is told of nobody when it becomes interested, and of all when it becomes available", async () => {
    const { juliet, romeo } = await stage.cast("juliet", "romeo");
    await stage.relate(juliet, romeo, "Both");
    await stage.appear(romeo, "orchard");
    const balcony = await stage.enter(juliet, "balcony");
    const answers = await balcony.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    expect(answers.map(({ name }) => name)).toEqual(["iq"]);
    balcony.send("<presence/>");
    expect(await told(balcony)).toEqual(["juliet/balcony available", "romeo/orchard available"]);
  });
});
