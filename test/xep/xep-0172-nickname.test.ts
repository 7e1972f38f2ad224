import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { childOf, textOf } from "../support/xml-reader.ts";
import { publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

const xmlns = "http://jabber.org/protocol/nick";
const nick = (name: string) => `<nick xmlns='${xmlns}'>${name}</nick>`;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

describe("XEP-0172 section 4.1 a request to subscribe", () => {
  it("brings the nickname along, also to who comes later", async () => {
    const [a, b] = [await stage.person(), await stage.person()];
    const alice = await stage.appear(a);
    await alice.ask(`<presence type='subscribe' to='${b}@localhost'>${nick("Ishmael")}</presence>`);
    const bob = await stage.appear(b);
    const asked = bob.heard.find(({ attrs }) => attrs["type"] === "subscribe");
    expect(textOf(childOf(asked, "nick"))).toBe("Ishmael");
  });
});

describe("XEP-0172 section 4.3 the node", () => {
  it("tells contacts of another nickname, and has the last one", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.enter(a), await stage.appear(b, [xmlns])];
    for (const name of ["Ishmael", "CallMeIshmael"]) await request(alice, "set", publish(xmlns, `<item>${nick(name)}</item>`));
    const told = (await settled(bob)).flatMap((stanza) => textOf(childOf(childOf(childOf(childOf(stanza, "event"), "items"), "item"), "nick")));
    expect(told).toEqual(["Ishmael", "CallMeIshmael"]);
    const later = await stage.appear(b, [xmlns], "later");
    expect(textOf(childOf(childOf(childOf(childOf(later.heard.find((stanza) => childOf(stanza, "event") !== undefined), "event"), "items"), "item"), "nick"))).toBe("CallMeIshmael");
  });
});
