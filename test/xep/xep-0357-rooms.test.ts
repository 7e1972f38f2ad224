/** What is said in rooms, to users whose client is not there (XEP-0357 section 7), or who do not want to hear it (XEP-0191). */
import { describe, expect, it } from "vitest";
import { bodies } from "../management/support.ts";
import { entered, newRoom, opened, said } from "../muc/setting.ts";
import { enable, pushSetting, taken, type Scene } from "./xep-0357-setting.ts";

const the = pushSetting();
const { scene } = the;

/** Both are in a room; what they were told of that is gone. */
async function together({ romeo, phone }: Scene): Promise<string> {
  const room = newRoom();
  await opened(romeo, room, "romeo");
  await entered(phone, room, "juliet");
  await romeo.caughtUp();
  return room;
}

const whisper = (to: string, body: string) => `<message type='chat' to='${to}' id='${body}'><body>${body}</body></message>`;

describe("XEP-0357 section 7: what is said in a room", () => {
  it("wakes a phone that has lost its link: to everybody, and to its user alone", async () => {
    const all = await scene();
    const { phone, romeo, app } = all;
    const room = await together(all);
    await enable(phone, app.jid);
    phone.cut();
    await expect.poll(async () => {
      await romeo.ask(said(room, "hello"));
      return (await taken(app)).length;
    }).toBeGreaterThan(0);
    await romeo.ask(whisper(`${room}/juliet`, "alone"));
    expect(await taken(app)).toHaveLength(1);
  });

  it("wakes no phone of who has said it", async () => {
    const all = await scene();
    const { phone, app, juliet } = all;
    const room = await together(all);
    await enable(phone, app.jid);
    const desk = await the.stage.bound(juliet, "desk");
    await entered(desk, room, "juliet");
    phone.cut();
    await expect.poll(async () => {
      await all.romeo.ask(said(room, "hello"));
      return (await taken(app)).length;
    }).toBeGreaterThan(0);
    expect(bodies(await desk.ask(said(room, "mine")))).toContain("mine");
    expect(await taken(app)).toEqual([]);
  });
});

describe("XEP-0191 section 3.3: what is said in a room", () => {
  const block = (jid: string) => `<iq type='set' id='block'><block xmlns='urn:xmpp:blocking'><item jid='${jid}'/></block></iq>`;

  it("is not delivered to who has blocked the room", async () => {
    const all = await scene();
    const room = await together(all);
    await all.phone.ask(block(room));
    await all.romeo.ask(said(room, "hello") + whisper(`${room}/juliet`, "alone"));
    expect(bodies(await all.phone.caughtUp())).toEqual([]);
  });

  it("is not delivered to who has blocked the occupant; what others say is", async () => {
    const all = await scene();
    const room = await together(all);
    await all.phone.ask(block(`${room}/romeo`));
    await all.romeo.ask(said(room, "hello") + whisper(`${room}/juliet`, "alone"));
    expect(bodies(await all.phone.ask(said(room, "mine")))).toEqual(["mine"]);
    await entered(all.app, room, "other");
    await all.phone.caughtUp();
    await all.app.ask(said(room, "from another"));
    expect(bodies(await all.phone.caughtUp())).toEqual(["from another"]);
  });
});
