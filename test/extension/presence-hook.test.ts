/** An extension that fails where it is told of presence. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineExtension } from "../../src/extension/index.ts";
import { inWords } from "../presence/support.ts";
import { startStage, type Stage } from "../xep/xep-0163-setting.ts";

let stage: Stage;
let armed = false;
const failing = defineExtension({
  name: "failing",
  specification: { id: "TEST", title: "Fails" },
  presenceChanged: () => {
    if (armed) throw new Error("no");
  },
});
beforeAll(async () => {
  stage = await startStage({ extensions: [failing] });
});
afterAll(() => stage.server.stop());

describe("RFC 6121 section 4.5: the end of a resource", () => {
  it("is told to those who see it, whatever an extension does that is told of it", async () => {
    const [one, other] = await stage.friends();
    const [seen, sees] = [await stage.appear(one), await stage.appear(other)];
    await sees.caughtUp();
    armed = true;
    seen.raw.destroy();
    await expect.poll(async () => (await sees.caughtUp()).map(inWords)).toEqual([expect.stringContaining("unavailable")]);
    armed = false;
  });

  it("leaves the client its stream, where the extension fails over its presence", async () => {
    const client = await stage.enter(await stage.person());
    armed = true;
    expect((await client.ask("<presence/>")).map(({ name }) => name)).toEqual(["presence"]);
    armed = false;
  });
});
