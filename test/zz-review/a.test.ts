import { describe, expect, it } from "vitest";
import { chat } from "../management/support.ts";
import { enable, pushSetting, taken } from "../xep/xep-0357-setting.ts";
const the = pushSetting();
const { scene, elsewhere } = the;
describe("push without offline store", () => {
  it("tells of what is in the archive alone", () => elsewhere({ limits: { offlineMessages: 0 } }, async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await phone.close();
    const back = await romeo.ask(chat(juliet, "one"));
    console.log(back.length);
    expect(await taken(app)).toEqual(["node 1"]);
    await romeo.ask(chat(juliet, "two"));
    expect(await taken(app)).toEqual(["node 2"]);
  }));
});
