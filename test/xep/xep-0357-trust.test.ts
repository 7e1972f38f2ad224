import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config/errors.ts";
import type { SubscriptionState } from "../../src/domain/subscription.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { chat } from "../management/support.ts";
import { enable, pushSetting, taken, told } from "./xep-0357-setting.ts";

const the = pushSetting();
const { logged, scene, elsewhere } = the;

describe("XEP-0357 section 9: a client of another user, named as a push service", () => {
  it("is told nothing if it does not show itself to who names it, and nobody learns whether it is there", async () => {
    const { phone, romeo, app, juliet } = await scene({ stranger: true });
    logged.length = 0;
    const answers = [];
    for (const jid of [app.jid, `${app.bare}/absent`, "nobody@localhost/x", "push.example.org", romeo.jid]) answers.push(await enable(phone, jid));
    expect(new Set(answers)).toEqual(new Set(["result"]));
    await phone.ask("<presence type='unavailable'/>");
    await romeo.ask(chat(juliet, "one"));
    expect([await told(app), await told(romeo), await phone.caughtUp()]).toEqual([[], [], []]);
    expect(logged.filter(({ jid }) => jid === app.jid).map(({ msg }) => msg)).toEqual([
      "a push service is not notified: it is the client of another user, which does not show its presence to the one who named it; list it in push.services",
    ]);
  });

  it.each<readonly [SubscriptionState, readonly string[]]>([
    ["None", []],
    ["NoneOutIn", []],
    ["To", []],
    ["From", ["node 1"]],
    ["Both", ["node 1"]],
  ])("whose subscription, as the service sees it, is %s is told: %j", async (state, expected) => {
    const { phone, romeo, app, juliet } = await scene({ stranger: true });
    await the.stage.relate(app.bare, juliet, state);
    await enable(phone, app.jid);
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual(expected);
  });

  it("is told as long as its directed presence holds, and by that resource alone", async () => {
    const { phone, romeo, app, juliet } = await scene({ stranger: true });
    const other = await the.stage.bound(app.bare, "other");
    await app.ask(`<presence to='${phone.jid}'/>`);
    await enable(phone, app.jid);
    await enable(phone, other.jid, "other");
    await romeo.ask(chat(juliet, "one"));
    expect([await taken(app), await taken(other)]).toEqual([["node 1"], []]);
    await app.ask(`<presence to='${phone.jid}' type='unavailable'/>`);
    await romeo.ask(chat(juliet, "two"));
    expect(await taken(app)).toEqual([]);
  });

  it("is told in any case if it is the user's own", async () => {
    const { phone, romeo, juliet } = await scene();
    const own = await the.stage.bound(juliet, "service");
    await enable(phone, own.jid);
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(own)).toEqual(["node 1"]);
  });
});

describe("push.services: the push services that the operator has chosen", () => {
  it.each([
    ["app-1@localhost/server", ["node 1"]],
    ["App-1@LocalHost", ["node 1"]],
    ["localhost", ["node 1"]],
    ["app-1@localhost/other", []],
    ["app@localhost", []],
    ["localhost/server", []],
  ])("are told though they show themselves to nobody: %s", (service, expected) => elsewhere({ push: { services: [service] } }, async () => {
    const { phone, romeo, app, juliet } = await scene({ stranger: true });
    await enable(phone, app.jid);
    await romeo.ask(chat(juliet, "one"));
    expect([app.jid, await taken(app)]).toEqual(["app-1@localhost/server", expected]);
  }));

  it("are not told anything of who has blocked them", () => elsewhere({ push: { services: ["localhost"] } }, async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await phone.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${app.bare}'/></block></iq>`);
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual([]);
  }));

  it("are checked at the start", async () => {
    const started = startServer({ push: { services: ["push.example.org", "@"] } });
    await expect(started).rejects.toThrow(ConfigError);
    await expect(started).rejects.toThrow('push.services[1]: expected a JID such as app@example.org/push, app@example.org or push.example.org, got "@"');
  });
});
