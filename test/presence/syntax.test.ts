import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/start-server.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, readXml } from "../support/xml-reader.ts";
import { conditionOf, eachTold, Stage, told } from "./support.ts";

let stage: Stage;
let balcony: BoundClient;
let orchard: BoundClient;
let street: BoundClient;

beforeAll(async () => {
  stage = new Stage(await startServer({ allowPlaintext: true }));
  const { juliet, romeo, tybalt } = await stage.cast("juliet", "romeo", "tybalt");
  await stage.relate(juliet, romeo, "From");
  [orchard, street] = [await stage.appear(romeo, "orchard"), await stage.appear(tybalt, "street")];
  balcony = await stage.appear(juliet, "balcony");
  await orchard.caughtUp();
});
afterAll(() => stage.server.stop());

const withPriority = (...priorities: readonly string[]): string => `<presence id='p'>${priorities.join("")}</presence>`;
const priority = (text: string): string => `<priority>${text}</priority>`;

describe("RFC 6121 section 4.7.2.3 the priority of a resource", () => {
  it.each([
    ["-128", -128], ["127", 127], ["0", 0], ["-0", 0], ["+5", 5], ["007", 7], [" 3\n", 3], ["-1", -1],
  ])("%j is %d", async (text, expected) => {
    const sent = withPriority(priority(text));
    const [echo, ...more] = await balcony.ask(sent);
    expect(more).toEqual([]);
    expect(echo?.children).toEqual(readXml(sent).children);
    expect(await told(orchard)).toEqual(["juliet/balcony available"]);
    expect(stage.server.session(balcony.jid)?.priority).toBe(expected);
  });

  it("is 0 where there is none, or none in the stanza's own namespace", async () => {
    for (const sent of [withPriority(), withPriority("<priority xmlns='urn:other'>99</priority>", "<show>away</show>")]) {
      await balcony.ask(withPriority(priority("9")));
      await balcony.ask(sent);
      expect(stage.server.session(balcony.jid)?.priority).toBe(0);
    }
    await orchard.caughtUp();
  });

  it("is one also where it names the namespace that it is in", async () => {
    await balcony.ask(withPriority("<priority xmlns='jabber:client'>4</priority>"));
    expect(stage.server.session(balcony.jid)?.priority).toBe(4);
    await orchard.caughtUp();
  });

  it.each([
    ["128"], ["-129"], ["1000000"], [""], ["1.5"], ["1e1"], ["0x10"], ["high"], ["1 2"], ["--1"], ["١"], ["NaN"],
    ["<b xmlns='urn:b'/>1"],
  ])("%j is bad-request, and nothing has changed", async (text) => {
    await balcony.ask(withPriority(priority("6")));
    await orchard.caughtUp();
    const [answer, ...more] = await balcony.ask(withPriority(priority(text)));
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ name: "presence", attrs: { type: "error", id: "p", to: balcony.jid } });
    expect(conditionOf(answer)).toBe("bad-request");
    expect(childOf(answer, "error")?.attrs).toEqual({ type: "modify" });
    expect(stage.server.session(balcony.jid)?.priority).toBe(6);
    expect(await told(orchard)).toEqual([]);
  });

  it("two of them are bad-request", async () => {
    const [answer] = await balcony.ask(withPriority(priority("1"), priority("1")));
    expect(conditionOf(answer)).toBe("bad-request");
    expect(await told(orchard)).toEqual([]);
  });

  it("a resource that was not available does not become so by a wrong one", async () => {
    const silent = await stage.enter(balcony.bare, "silent");
    const [answer] = await silent.ask(withPriority(priority("200")));
    expect(conditionOf(answer)).toBe("bad-request");
    expect(stage.server.session(silent.jid)?.presence).toBeUndefined();
    await silent.close();
    expect(await eachTold(balcony, orchard)).toEqual([[], []]);
  });

  it("is no matter in directed presence", async () => {
    await balcony.ask(`<presence to='${street.jid}'>${priority("50")}</presence>`);
    await street.caughtUp();
    expect(stage.server.session(balcony.jid)?.priority).not.toBe(50);
  });
});

describe("RFC 6121 section 4.7.1 the type of presence", () => {
  it.each(["available", "invisible", "", "Unavailable", "subscribe "])("%j is bad-request, with and without an address", async (type) => {
    for (const to of ["", ` to='${street.jid}'`]) {
      const [answer, ...more] = await balcony.ask(`<presence type='${type}' id='t'${to}/>`);
      expect(more).toEqual([]);
      expect(answer?.attrs).toMatchObject({ type: "error", id: "t" });
      expect(conditionOf(answer)).toBe("bad-request");
    }
    expect(await eachTold(street, orchard)).toEqual([[], []]);
  });

  it.each(["subscribe", "subscribed", "unsubscribe", "unsubscribed"])("%s needs an address", async (type) => {
    const [answer] = await balcony.ask(`<presence type='${type}'/>`);
    expect(conditionOf(answer)).toBe("bad-request");
  });

  it("an error without an address is nobody's", async () => {
    const error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    expect(await balcony.ask(`<presence type='error'>${error}</presence>`)).toEqual([]);
    expect(await told(orchard)).toEqual([]);
    expect(stage.server.session(balcony.jid)?.presence).toBeDefined();
  });
});
