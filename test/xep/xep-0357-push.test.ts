import { describe, expect, it } from "vitest";
import { pushBodyCharsMax, pushErrorsMax, pushNodeCharsMax, pushOptionsBytesMax, pushServicesMax, serverRequestMs } from "../../src/domain/limits.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { bodies, chat } from "../management/support.ts";
import { childOf } from "../support/xml-reader.ts";
import { accept, disable, enable, options, pushSetting, refuse, said, sameXml, show, taken, told, words, type Scene } from "./xep-0357-setting.ts";

const the = pushSetting();
const { clock, logged, scene, elsewhere } = the;

describe("XEP-0357 section 4.1", () => {
  it("is told of one's own account", async () => {
    const { phone } = await scene();
    const [answer] = await phone.ask(`<iq type='get' id='d' to='${phone.bare}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    const features = (childOf(answer, "query")!.children as readonly { readonly attrs: Readonly<Record<string, string>> }[]).map(({ attrs }) => attrs["var"]);
    expect(features).toContain("urn:xmpp:push:0");
  });
});

describe("XEP-0357 section 5: a push service", () => {
  it("is enabled by who has the account, and by nobody else", async () => {
    const { phone, romeo, app, juliet } = await scene();
    expect([await enable(phone, app.jid), await enable(phone, app.jid, "other", "", juliet)]).toEqual(["result", "result"]);
    expect([await enable(romeo, app.jid, "mine", "", juliet), await disable(romeo, app.jid, undefined, juliet)]).toEqual(["service-unavailable", "service-unavailable"]);
    expect([await enable(romeo, app.jid, "mine", "", "localhost")]).toEqual(["service-unavailable"]);
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual(["node 1", "other 1"]);
  });

  it.each<readonly [string, string | undefined, string | undefined, string, string]>([
    ["no service", undefined, "node", "", "bad-request"],
    ["what is no JID", "@", "node", "", "jid-malformed"],
    ["a node that is too long", "app@localhost/server", "x".repeat(pushNodeCharsMax + 1), "", "not-acceptable"],
    ["another form", "app@localhost/server", "node", options("x").replace("#publish-options", "#other"), "bad-request"],
    ["a form that is not filled in", "app@localhost/server", "node", options("x").replace("'submit'", "'form'"), "bad-request"],
    ["a malformed form", "app@localhost/server", "node", "<x xmlns='jabber:x:data' type='submit'><field/></x>", "bad-request"],
    ["options that are too long", "app@localhost/server", "node", options("x".repeat(pushOptionsBytesMax)), "not-acceptable"],
    ["options that take too much room as they are kept", "app@localhost/server", "x".repeat(pushNodeCharsMax), options("\\".repeat(pushOptionsBytesMax - 300)), "not-acceptable"],
  ])("is refused: %s", async (_, jid, node, form, condition) => {
    const { phone, romeo, juliet } = await scene();
    expect(await enable(phone, jid, node, form)).toBe(condition);
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
  });

  it("is one of a bounded number; one that is known can always be enabled again, with other options", async () => {
    const { phone, romeo, app, juliet } = await scene();
    for (let index = 0; index < pushServicesMax; index += 1) expect(await enable(phone, app.jid, `${index}`)).toBe("result");
    expect([await enable(phone, app.jid, "more"), await enable(phone, app.jid, "3", options("new"))]).toEqual(["resource-constraint", "result"]);
    expect([await disable(phone, app.jid, "5"), await enable(phone, app.jid, "more")]).toEqual(["result", "result"]);
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    const all = await taken(app);
    expect([all.length, all.includes("3 1 new"), all.includes("more 1"), all.includes("5 1")]).toEqual([pushServicesMax, true, true, false]);
  });

  it("needs no node", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid, "");
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual(["none 1"]);
  });
});

describe("XEP-0357 section 6: a push service that is disabled", () => {
  it("is told nothing any more: one node, or all of the service", async () => {
    const { phone, romeo, app, juliet } = await scene();
    for (const node of ["a", "b", "c"]) await enable(phone, app.jid, node);
    expect([await disable(phone, app.jid, "b"), await disable(phone, app.jid, "unknown"), await disable(phone, "other@localhost/x")]).toEqual(["result", "result", "result"]);
    await phone.ask("<presence type='unavailable'/>");
    await romeo.ask(chat(juliet, "one"));
    expect((await taken(app)).toSorted()).toEqual(["a 1", "c 1"]);
    expect([await disable(phone, app.jid), await disable(phone), await disable(phone, "@")]).toEqual(["result", "bad-request", "jid-malformed"]);
    await romeo.ask(chat(juliet, "two"));
    expect(await taken(app)).toEqual([]);
  });

  it("while it is told something is told nothing more", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await romeo.ask(chat(juliet, "one"));
    const [first] = await told(app);
    await romeo.ask(chat(juliet, "two"));
    await disable(phone, app.jid);
    await app.ask(accept(first!));
    expect(await words(app)).toEqual([]);
  });
});

describe("XEP-0357 section 7: a message that is kept for a user who is not there", () => {
  it("is announced to the service, in the user's name, with the options that were given", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid, "yxs32uqsflafdk3iuqo", options("eruio234vzxc2kla-91"));
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    const [first, ...more] = await told(app);
    expect(more).toEqual([]);
    const field = (name: string, value: string, type = "") => `<field var='${name}'${type}><value>${value}</value></field>`;
    const hidden = " type='hidden'";
    sameXml(first, `<iq type='set' id='${first!.attrs["id"]}' from='${juliet}' to='${app.jid}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
      "<publish node='yxs32uqsflafdk3iuqo'><item><notification xmlns='urn:xmpp:push:0'><x xmlns='jabber:x:data' type='submit'>" +
      `${field("FORM_TYPE", "urn:xmpp:push:summary", hidden)}${field("message-count", "1")}</x></notification></item></publish>` +
      "<publish-options><x xmlns='jabber:x:data' type='submit'>" +
      `${field("FORM_TYPE", "http://jabber.org/protocol/pubsub#publish-options", hidden)}${field("secret", "eruio234vzxc2kla-91")}</x></publish-options></pubsub></iq>`);
  });

  it("is announced once a message, with the number of those that wait", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await phone.close();
    const all: (readonly string[])[] = [];
    for (const body of ["one", "two", "three"]) {
      await romeo.ask(chat(juliet, body, body === "two" ? "normal" : "chat"));
      all.push(await taken(app));
    }
    expect(all).toEqual([["node 1"], ["node 2"], ["node 3"]]);
    const back = await the.stage.resumable(juliet);
    await back.ask("<presence/>");
    await back.settled();
    back.ack();
    await back.close();
    await romeo.ask(chat(juliet, "four"));
    expect(await taken(app)).toEqual(["node 1"]);
  });

  it("waits with others while the service has not answered; then it is told of all of them at once", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await phone.close();
    await romeo.ask(["one", "two", "three"].map((body) => chat(juliet, body)).join(""));
    const [first, ...more] = await told(app);
    expect([said(first!), more]).toEqual(["node 1", []]);
    await app.ask(accept(first!));
    const [second, ...again] = await told(app);
    expect([said(second!), again]).toEqual(["node 3", []]);
    await app.ask(accept(second!).repeat(2));
    expect(await words(app)).toEqual([]);
  });

  it("is no news if the user has come meanwhile", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await romeo.ask(chat(juliet, "one") + chat(juliet, "two"));
    const [first] = await told(app);
    expect(bodies([...await phone.ask("<presence/>"), ...await phone.settled()])).toEqual(["one", "two"]);
    await app.ask(accept(first!));
    expect(await words(app)).toEqual([]);
  });

  it.each([
    ["a chat state", "type='chat'", "<active xmlns='http://jabber.org/protocol/chatstates'/>"],
    ["an empty body", "type='chat'", "<body/>"],
    ["a receipt, which is kept", "type='chat'", "<received xmlns='urn:xmpp:receipts' id='x'/>"],
    ["what looks like a copy of a message of the user's", "type='chat'", "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>x</body></message></forwarded></received>"],
    ["a headline", "type='headline'", "<body>x</body>"],
    ["an error", "type='error'", "<body>x</body><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"],
    ["what is not to be kept", "type='chat'", "<body>x</body><no-store xmlns='urn:xmpp:hints'/>"],
  ])("is not announced if it is %s", async (_, type, payload) => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await phone.close();
    await romeo.ask(`<message to='${juliet}' ${type}>${payload}</message>`);
    expect(await words(app)).toEqual([]);
  });

  it.each([
    ["not announced if there is no room for it", "never", ["error"], []],
    ["announced though there is room for it in the archive alone", "always", [], ["node 20"]],
  ])("is %s", async (_, archive, answers, announced) => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    const [kept] = await phone.ask(`<iq type='set' id='p'><prefs xmlns='urn:xmpp:mam:2' default='${archive}'><always/><never/></prefs></iq>`);
    expect(kept!.attrs["type"]).toBe("result");
    await phone.close();
    await romeo.ask(Array.from({ length: 20 }, (_, index) => chat(juliet, `${index}`)).join(""));
    expect(await taken(app)).toEqual(["node 1", "node 20"]);
    expect((await romeo.ask(chat(juliet, "too much"))).map(({ attrs }) => attrs["type"])).toEqual(answers);
    expect(await taken(app)).toEqual(announced);
  });

  it("is not announced if another client of the user takes it, nor to anybody else's service", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await phone.close();
    const desk = await the.stage.bound(juliet, "desk");
    await desk.ask("<presence/>");
    await romeo.ask(chat(juliet, "one"));
    expect([bodies(await desk.caughtUp()), await taken(app)]).toEqual([["one"], []]);
    await show(app, romeo.bare);
    await enable(romeo, app.jid, "romeos");
    await desk.ask(chat(romeo.bare, "to romeo, who is not available"));
    expect(await taken(app)).toEqual(["romeos 1"]);
  });
});

describe("XEP-0357 section 7: a message for a session that has lost its link", () => {
  it("is announced to the services that were enabled there, each with what waits in that queue", async () => {
    const { phone, romeo, app, juliet } = await scene();
    const tablet = await the.stage.resumable(juliet, "tablet", "<presence/>");
    await phone.ask("<presence/>");
    await enable(phone, app.jid, "phone");
    await enable(tablet, app.jid, "tablet");
    await phone.vanish(the.server);
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual(["phone 1"]);
    expect(bodies(await tablet.caughtUp())).toEqual(["one"]);
    tablet.ack();
    await tablet.caughtUp();
    clock.forward(1);
    await tablet.vanish(the.server);
    await romeo.ask(chat(phone.jid, "two", "groupchat"));
    await romeo.ask(chat(tablet.jid, "three"));
    expect(await taken(app)).toEqual(["phone 2", "tablet 1"]);
    await romeo.ask(chat(juliet, "four"));
    expect((await taken(app)).toSorted()).toEqual(["phone 3", "tablet 2"]);
  });

  it("is counted anew when the client has come back, and is not announced while it is there", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await phone.ask("<presence/>");
    await enable(phone, app.jid);
    await phone.vanish(the.server);
    await romeo.ask(chat(juliet, "one") + chat(juliet, "two"));
    expect(await taken(app)).toEqual(["node 1", "node 2"]);
    await phone.resume();
    expect(bodies(await phone.caughtUp())).toEqual(["one", "two"]);
    await romeo.ask(chat(juliet, "three"));
    expect([bodies(await phone.caughtUp()), await taken(app)]).toEqual([["three"], []]);
    phone.ack();
    await phone.caughtUp();
    await phone.vanish(the.server);
    await romeo.ask(chat(juliet, "four"));
    expect(await taken(app)).toEqual(["node 1"]);
  });

  it("is the affair of the session that enabled the service last", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await phone.ask("<presence/>");
    await enable(phone, app.jid);
    await phone.vanish(the.server);
    clock.forward(1);
    const again = await the.stage.resumable(juliet, "again", "<presence><priority>1</priority></presence>");
    await enable(again, app.jid);
    await romeo.ask(chat(phone.jid, "for the one that is lost"));
    expect(await taken(app)).toEqual([]);
    await again.vanish(the.server);
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual(["node 1"]);
  });

  it("is announced as the copy that it is there, when another client was given it (XEP-0280)", async () => {
    const { phone, romeo, app, juliet } = await scene();
    const desk = await the.stage.bound(juliet, "desk");
    await desk.ask("<presence><priority>5</priority></presence>");
    await phone.ask("<presence/><iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
    await enable(phone, app.jid);
    await phone.vanish(the.server);
    await romeo.ask(chat(desk.jid, "to the desk"));
    expect(await taken(app)).toEqual(["node 1"]);
    // What the user has written at the desk is no news.
    await desk.ask(chat(romeo.jid, "from the desk"));
    expect(await taken(app)).toEqual([]);
  });

  it("is not announced again when the session ends and it is kept", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await phone.ask("<presence/>");
    await enable(phone, app.jid);
    await phone.vanish(the.server);
    await romeo.ask(chat(juliet, "one") + chat(juliet, "two"));
    expect(await taken(app)).toEqual(["node 1", "node 2"]);
    clock.forward(700_000);
    expect([await taken(app), the.server.session(phone.jid)]).toEqual([[], undefined]);
  });
});

describe("XEP-0357 section 7.1: a service that answers with an error", () => {
  const away = async (): Promise<Scene> => {
    const all = await scene();
    await enable(all.phone, all.app.jid);
    return all;
  };

  it.each(["cancel", "auth", "modify"])("of type %s is told nothing more, until it is enabled again", async (type) => {
    const { phone, romeo, app, juliet } = await away();
    await romeo.ask(chat(juliet, "one") + chat(juliet, "two"));
    await app.ask(refuse((await told(app))[0]!, type));
    await romeo.ask(chat(juliet, "three"));
    expect(await words(app)).toEqual([]);
    await enable(phone, app.jid);
    await romeo.ask(chat(juliet, "four"));
    expect(await taken(app)).toEqual(["node 4"]);
  });

  it("that may pass is told again, as long as there are not too many in a row", async () => {
    const { romeo, app, juliet } = await away();
    const fail = async (times: number): Promise<void> => {
      for (let index = 0; index < times; index += 1) {
        await romeo.ask(`<message to='${juliet}' type='chat'><body>x</body></message>`);
        const [notification, ...more] = await told(app);
        expect([notification === undefined, more]).toEqual([false, []]);
        await app.ask(refuse(notification!, "wait", "resource-constraint"));
      }
    };
    await fail(pushErrorsMax - 1);
    await romeo.ask(chat(juliet, "it goes again"));
    expect((await taken(app)).length).toBe(1);
    await fail(pushErrorsMax);
    await romeo.ask(chat(juliet, "too many"));
    expect(await taken(app)).toEqual([]);
  });

  it("or with none at all, is told what is so by then", async () => {
    const { romeo, app, juliet } = await away();
    await romeo.ask(chat(juliet, "one") + chat(juliet, "two"));
    const [first] = await told(app);
    clock.forward(serverRequestMs + 1);
    const [second] = await told(app);
    expect([said(first!), said(second!)]).toEqual(["node 1", "node 2"]);
    // Late, and nobody's.
    await app.ask(refuse(first!));
    await app.ask(accept(second!));
    await romeo.ask(chat(juliet, "three"));
    expect(await taken(app)).toEqual(["node 3"]);
  });

  it("never, stays enabled however often", async () => {
    const { romeo, app, juliet } = await away();
    for (let index = 0; index <= pushErrorsMax; index += 1) {
      await romeo.ask(`<message to='${juliet}' type='chat'><body>x</body></message>`);
      expect((await told(app)).length).toBe(1);
      clock.forward(serverRequestMs + 1);
    }
  });

  it("to what was said before it was enabled again stays enabled", async () => {
    const { phone, romeo, app, juliet } = await away();
    await romeo.ask(chat(juliet, "one"));
    const [first] = await told(app);
    clock.forward(1);
    await enable(phone, app.jid);
    await app.ask(refuse(first!));
    await romeo.ask(chat(juliet, "two"));
    expect(await taken(app)).toEqual(["node 2"]);
  });
});

describe("XEP-0357 section 8: a service that wants no more notifications", () => {
  const stop = (to: string, jid = to, node = "node", affiliation = "none") =>
    `<message to='${to}'><pubsub xmlns='http://jabber.org/protocol/pubsub' node='${node}'><affiliation jid='${jid}' affiliation='${affiliation}'/></pubsub></message>`;

  it("is disabled, and the user's clients are not bothered with it", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await enable(phone, app.jid, "other");
    await phone.ask("<presence/>");
    expect([await app.ask(stop(juliet)), (await phone.caughtUp()).length]).toEqual([[], 0]);
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual(["other 1"]);
  });

  it("is nobody but that service, for that node, of that user", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await phone.ask("<presence/>");
    await romeo.ask(stop(juliet));
    await app.ask(stop(juliet, juliet, "unknown") + stop(juliet, romeo.bare) + stop(juliet, juliet, "node", "publish-only") + stop(juliet, "@") + stop(phone.jid, juliet));
    expect((await phone.caughtUp()).length).toBe(6);
    phone.ack();
    await phone.close();
    await romeo.ask(chat(juliet, "one"));
    expect(await taken(app)).toEqual(["node 1"]);
  });
});

describe("A push service that cannot be reached", () => {
  it("is told nothing; the operator is told once, and senders never", () => elsewhere({}, async () => {
    const { phone, romeo, app, juliet } = await scene();
    logged.length = 0;
    for (const jid of ["push.example.org", "app@localhost", "localhost/x", "app@example.org/x", `${app.bare}/absent`, "nobody@localhost/x"]) {
      expect(await enable(phone, jid)).toBe("result");
    }
    await phone.close();
    expect([await romeo.ask(chat(juliet, "one") + chat(juliet, "two")), await words(app)]).toEqual([[], []]);
    const warnings = logged.filter(({ level }) => level >= 40).map(({ msg }) => msg);
    expect(warnings.toSorted()).toEqual([
      "a push service cannot be reached: this server knows no way to its address",
      "a push service is not connected: it is notified when it is",
    ]);
    // It stays enabled.
    await the.stage.bound(app.bare, "absent").then(async (absent) => {
      absent.send(`<presence to='${juliet}'/>`);
      expect(await taken(absent)).toEqual(["node 2"]);
      await romeo.ask(chat(juliet, "three"));
      expect(await taken(absent)).toEqual(["node 3"]);
    });
  }));

  it.each(["the user has blocked it", "it has blocked the user"])("XEP-0191 section 3.3: because %s", async (why) => {
    const { phone, romeo, app, juliet } = await scene({ stranger: true });
    await the.stage.relate(app.bare, juliet, "From");
    await enable(phone, app.jid);
    const [blocker, blocked] = why.startsWith("it") ? [app, juliet] : [phone, app.bare];
    await blocker.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${blocked}'/></block></iq>`);
    await romeo.ask(chat(juliet, "one"));
    expect(await words(app)).toEqual([]);
    await blocker.ask("<iq type='set' id='b'><unblock xmlns='urn:xmpp:blocking'/></iq>");
    await romeo.ask(chat(juliet, "two"));
    expect(await taken(app)).toEqual(["node 2"]);
  });
});

describe("What is kept of push services", () => {
  it("goes with the account: one that is made anew has none", async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await romeo.ask(chat(juliet, "one"));
    const [first] = await told(app);
    await the.server.server.admin.userDelete(juliet);
    await the.server.addUser(juliet, "secret");
    await romeo.ask(chat(juliet, "two"));
    await app.ask(refuse(first!));
    expect(await words(app)).toEqual([]);
  });

  it("comes with an account that is exported, whatever stands in it", async () => {
    const { phone, app, juliet } = await scene();
    await enable(phone, app.jid, "node", options("&lt;'secret'>"));
    const [piece, ...more] = await the.server.server.admin.accountExport(juliet);
    expect(more).toEqual([]);
    const account = JSON.parse(piece!.text) as { state: { space: string; key: string; value: unknown }[] };
    const broken = [...Array<number>(985).fill(0), "x", [], {}, { jid: "@", node: null, options: null, since: 1 }, { jid: app.jid, node: 1, options: null, since: 1 }, { jid: app.jid, node: null, options: {}, since: 1 }];
    account.state.push(...broken.map((value, index) => ({ space: "push", key: `broken${index}`, value })));
    account.state.push({ space: "push", key: "unreadable", value: { jid: app.jid, node: "unreadable", options: "<x", since: 1 } });
    await elsewhere({}, async () => {
      const [service, romeo] = [app.bare, "romeo@localhost"];
      for (const user of [service, romeo]) await the.server.addUser(user, "secret");
      expect(await the.server.server.admin.accountsImport([{ line: 1, account }])).toEqual({ created: 1, failures: [] });
      const [there, sender] = [await the.stage.bound(service, "server"), await the.stage.bound(romeo)];
      await show(there, juliet);
      expect(await sender.ask(chat(juliet, "one"))).toEqual([]);
      expect((await taken(there)).toSorted()).toEqual(["node 1 <'secret'>", "unreadable 1"]);
      const back = await the.stage.bound(juliet);
      expect([await enable(back, app.jid, "another"), await disable(back, app.jid)]).toEqual(["result", "result"]);
      await sender.ask(chat(juliet, "two"));
      expect(await taken(there)).toEqual([]);
    });
  });

  it.each([{ kill: false }, { kill: true }])("is there when the server starts again ($kill: killed), with the session that enabled them", async ({ kill }) => {
    const { phone, romeo, app, juliet } = await scene();
    await phone.ask("<presence/>");
    await enable(phone, app.jid, "of the session");
    const other = await the.stage.bound(juliet, "other");
    await enable(other, app.jid, "of another");
    await phone.vanish(the.server);
    await the.server.restart({ kill });
    const [again, sender] = [await the.stage.bound(app.bare, "server"), await the.stage.bound(romeo.bare, "later")];
    await show(again, juliet);
    await sender.ask(chat(juliet, "one"));
    expect(await taken(again)).toEqual(["of the session 1"]);
  });
});

describe("XEP-0357 section 9: what push services are told is the operator's choice", () => {
  const long = `${"x".repeat(pushBodyCharsMax - 1)}😀`;

  it.each([
    ["nothing", () => "node"],
    ["count", () => "node 1"],
    ["sender", (romeo: string) => `node 1 ${romeo}`],
    ["body", (romeo: string) => `node 1 ${romeo} ${"x".repeat(pushBodyCharsMax - 1)}`],
  ] as const)("%s", (disclose, expected) => elsewhere({ push: { disclose } }, async () => {
    const { phone, romeo, app, juliet } = await scene();
    await enable(phone, app.jid);
    await romeo.ask(`<message to='${juliet}' type='chat'><body>${long}</body></message>`);
    const [notification] = await told(app);
    expect(said(notification!)).toBe(expected(romeo.jid));
    const item = childOf(childOf(childOf(notification, "pubsub"), "publish"), "item");
    expect(childOf(item, "notification")!.children.length).toBe(disclose === "nothing" ? 0 : 1);
  }));

  it("is checked", async () => {
    await expect(startServer({ push: { disclose: "all" as "body" } })).rejects.toThrow('push.disclose: expected one of nothing, count, sender, body, got "all"');
  });
});
