import { afterAll, describe, expect, it } from "vitest";
import { gatherExtensions } from "../../src/extension/gather.ts";
import type { Extension } from "../../src/router/extension.ts";
import { extensions as own } from "../../src/xep/index.ts";
import { config, options, outcome, publish, request, item, itemsIn, startStage, type Stage } from "../xep/xep-0163-setting.ts";

const plain = { name: "plain", specification: { id: "TEST", title: "Nodes of its own" } };
const notes: Extension = { ...plain, nodeDefaults: { "urn:test:notes": { max_items: 2, access_model: "open", title: "Notes" } } };
let stage: Stage | undefined;
afterAll(() => stage?.server.stop());

describe("How an extension wants nodes to be", () => {
  it("holds where their owner does not say otherwise", async () => {
    stage = await startStage({ extensions: [notes] });
    const [alice, stranger] = [await stage.enter(await stage.person()), await stage.enter(await stage.person())];
    for (const text of ["a", "b", "c"]) await request(alice, "set", publish("urn:test:notes", item(text, text)));
    expect(itemsIn(await request(stranger, "get", "<items node='urn:test:notes'/>", { to: alice.bare }))).toEqual(["b=b", "c=c"]);
    await request(stranger, "set", publish("urn:test:notes", item("a", "a"), options({ access_model: "whitelist" })));
    expect(outcome(await request(alice, "get", "<items node='urn:test:notes'/>", { to: stranger.bare }))).toBe("cancel not-allowed closed-node");
    const third = await stage.enter(await stage.person());
    await request(third, "set", `<create node='urn:test:notes'/><configure>${config({ max_items: "1" })}</configure>`);
    for (const text of ["a", "b"]) await request(third, "set", publish("urn:test:notes", item(text, text)));
    expect(itemsIn(await request(alice, "get", "<items node='urn:test:notes'/>", { to: third.bare }))).toEqual(["b=b"]);
  });

  it.each([
    ["a text", "whitelist"], ["a list", [{ node: "n" }]], ["no configuration", { n: null }], ["a field that there is not", { n: { acess_model: "open" } }],
    ["a value that there is not", { n: { access_model: "secret" } }], ["a value of another type", { n: { persist_items: "true" } }],
    ["more than there can be", { n: { max_items: 1_000_000 } }], ["a value that is none", { n: { title: undefined } }],
  ])("is refused where it is %s", async (_, nodeDefaults) => {
    const given = { ...plain, nodeDefaults } as unknown as Extension;
    await expect(gatherExtensions({ own, files: [], given: [given] })).rejects.toThrow("nodeDefaults");
  });
});
