import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { childOf, textOf } from "../support/xml-reader.ts";
import { blue, dataNode, metadata, metadataNode, publishAvatar, red, told } from "./xep-0398-setting.ts";
import { outcome, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

describe("XEP-0084 section 3 an avatar", () => {
  it("is told to contacts who want to hear of it, fetched by them, and told no more when it is disabled", async () => {
    const [a, b] = await stage.friends();
    const bob = await stage.appear(b, [metadataNode]);
    const alice = await stage.appear(a);
    expect(await publishAvatar(alice, red)).toEqual(["result", "result"]);
    expect(told(await settled(bob))).toEqual([`image/png ${red.hash} ${red.bytes}`]);
    const { answer } = await request(bob, "get", `<items node='${dataNode}'><item id='${red.hash}'/></items>`, { to: `${a}@localhost` });
    expect(textOf(childOf(childOf(answer, "pubsub"), "items"))).toBe(red.base64);
    expect(outcome(await request(alice, "set", publish(metadataNode, metadata(""))))).toBe("result");
    expect(told(await settled(bob))).toEqual([""]);
  });

  it("is told to who comes later, the last one only (section 7.2)", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a);
    for (const picture of [red, blue]) await publishAvatar(alice, picture);
    expect(told((await stage.appear(b, [metadataNode])).heard)).toEqual([`image/png ${blue.hash} ${blue.bytes}`]);
  });

  it("shows in what the account has (section 6.1)", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a);
    const bob = await stage.appear(b);
    await publishAvatar(alice, red);
    const [answer] = await bob.ask(`<iq type='get' id='items' to='${a}@localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`).then((came) => came.filter(({ name }) => name === "iq"));
    const nodes = (childOf(answer, "query")?.children ?? []).map((child) => (typeof child === "string" ? "" : child.attrs["node"]));
    expect(nodes).toEqual(expect.arrayContaining([dataNode, metadataNode]));
  });
});
