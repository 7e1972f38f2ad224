import { describe, expect, it } from "vitest";
import { pushUnacknowledgedMs } from "../../src/domain/limits.ts";
import { bodies, chat } from "../management/support.ts";
import { enable, pushSetting, taken } from "./xep-0357-setting.ts";

const the = pushSetting();
const { clock, scene } = the;

/** Juliet's phone is available, and has a session that can be resumed. */
async function there() {
  const all = await scene();
  await all.phone.ask("<presence/>");
  await enable(all.phone, all.app.jid);
  return all;
}

describe("A message that was sent over a link of which nobody knew that it was dead (XEP-0198 section 4)", () => {
  it("is announced when the link is lost, and not again when the session ends", async () => {
    const { phone, romeo, app, juliet } = await there();
    await romeo.ask(chat(juliet, "one") + chat(juliet, "two"));
    expect(await taken(app)).toEqual([]);
    await phone.vanish(the.server);
    expect(await taken(app)).toEqual(["node 2"]);
    await romeo.ask(chat(juliet, "three"));
    expect(await taken(app)).toEqual(["node 3"]);
    clock.forward(700_000);
    expect([await taken(app), the.server.session(phone.jid)]).toEqual([[], undefined]);
    await romeo.ask(chat(juliet, "four"));
    expect(await taken(app)).toEqual(["node 4"]);
  });

  it("is not announced if its client has acknowledged it, and those after it are counted by themselves", async () => {
    const { phone, romeo, app, juliet } = await there();
    await romeo.ask(chat(juliet, "one") + chat(juliet, "two"));
    expect(bodies(await phone.caughtUp())).toEqual(["one", "two"]);
    phone.ack();
    await phone.caughtUp();
    clock.forward(5);
    await phone.vanish(the.server);
    expect(await taken(app)).toEqual([]);
    await romeo.ask(chat(juliet, "three"));
    expect(await taken(app)).toEqual(["node 1"]);
  });

  it("is announced to the services of that session alone, and only if it is worth it", async () => {
    const { phone, romeo, app, juliet } = await there();
    const desk = await the.stage.resumable(juliet, "desk", "<presence/>");
    await enable(desk, app.jid, "desk");
    await romeo.ask(`<message to='${juliet}' type='chat'><active xmlns='http://jabber.org/protocol/chatstates'/></message>`);
    await romeo.ask(chat(phone.jid, "to the phone", "groupchat"));
    await desk.vanish(the.server);
    expect(await taken(app)).toEqual([]);
    await phone.vanish(the.server);
    expect(await taken(app)).toEqual(["node 1"]);
  });
});

describe("A message that stays unacknowledged for long while there is a link (XEP-0198 section 4)", () => {
  it("is announced, once, and the ones after it when their time has come", async () => {
    const { phone, romeo, app, juliet } = await there();
    await romeo.ask(chat(juliet, "one"));
    clock.forward(pushUnacknowledgedMs / 2);
    await romeo.ask(chat(juliet, "two"));
    expect(await taken(app)).toEqual([]);
    clock.forward(pushUnacknowledgedMs / 2);
    expect(await taken(app)).toEqual(["node 1"]);
    clock.forward(pushUnacknowledgedMs / 2);
    expect(await taken(app)).toEqual(["node 2"]);
    clock.forward(pushUnacknowledgedMs);
    expect(await taken(app)).toEqual([]);
    await phone.vanish(the.server);
    expect(await taken(app)).toEqual([]);
  });

  it("is not announced if its client acknowledges it in time", async () => {
    const { phone, romeo, app, juliet } = await there();
    await romeo.ask(chat(juliet, "one"));
    await phone.caughtUp();
    clock.forward(pushUnacknowledgedMs - 5_000);
    phone.ack();
    await phone.caughtUp();
    clock.forward(pushUnacknowledgedMs);
    expect(await taken(app)).toEqual([]);
  });

  it("is news again when its client has acknowledged what came before", async () => {
    const { phone, romeo, app, juliet } = await there();
    const late = async (body: string): Promise<readonly string[]> => {
      await romeo.ask(chat(juliet, body));
      clock.forward(pushUnacknowledgedMs);
      return taken(app);
    };
    expect(await late("one")).toEqual(["node 1"]);
    expect(bodies(await phone.caughtUp())).toEqual(["one"]);
    phone.ack();
    await phone.caughtUp();
    expect(await late("two")).toEqual(["node 1"]);
  });

  it("is announced when a session that was resumed is silent again", async () => {
    const { phone, romeo, app, juliet } = await there();
    await romeo.ask(chat(juliet, "one"));
    await phone.vanish(the.server);
    expect(await taken(app)).toEqual(["node 1"]);
    await phone.resume();
    expect(await taken(app)).toEqual([]);
    clock.forward(pushUnacknowledgedMs);
    expect(await taken(app)).toEqual(["node 1"]);
  });
});
