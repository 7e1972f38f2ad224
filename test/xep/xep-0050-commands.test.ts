/** Commands of an extension such as an operator writes: of the server, in stages, for administrators, and of the own account. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { commandExecutionMs, commandExecutionsOfUserMax } from "../../src/domain/limits.ts";
import { defineExtension } from "../../src/extension/index.ts";
import { liveClock } from "../../src/live.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf } from "../support/xml-reader.ts";
import { children, command, commandsNamespace, form, said, sessionOf, valuesIn } from "./xep-0050-setting.ts";

const done: string[] = [];

const orders = defineExtension({
  name: "orders",
  specification: { id: "TEST", title: "Orders" },
  commands: [
    { node: "now", name: "What is there", may: "everybody", complete: ({ host, from }) => ({ done: `bread at ${host} for ${from.resource}`, warning: "it is old" }) },
    { node: "oven", name: "Heat the oven", may: "admins", complete: () => ({ failed: "no wood" }) },
    {
      node: "order", name: "Order bread", may: "everybody",
      stages: [
        () => ({
          title: "Order", instructions: "Say what", formType: "urn:example:order",
          fields: [
            { var: "kind", type: "list-single", label: "Kind", options: ["rye", "wheat"], required: true },
            { var: "cut", type: "boolean" }, { var: "for", type: "jid-multi" }, { var: "secret", type: "text-private" }, { var: "count" },
          ],
        }),
        async ({ filled: [first] }) =>
          first?.get("kind")?.[0] === "wheat" ? { fault: { condition: "item-not-found", text: "wheat is out" } } : { fields: [{ var: "when", required: true }] },
      ],
      async complete({ filled, house }) {
        const [first, second] = filled;
        if (second?.get("when")?.[0] === "never") return { fault: { condition: "not-acceptable", text: "some day" } };
        house.run(null, () => done.push([first, second].map((values) => [...(values ?? [])].map(([name, value]) => `${name}=${value.join("+")}`).join(",")).join(" ")));
        return { done: undefined };
      },
    },
    { node: "mine", name: "Mine alone", may: "owner", complete: ({ account }) => ({ done: account?.bare }) },
  ],
});

let server: TestServer;
let stage: Stage;
let aheadMs = 0;
const clock = { ...liveClock, now: () => liveClock.now() + aheadMs };
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, admins: ["admin@localhost"], extensions: [orders], parts: { clock } });
  await server.addUser("admin", "secret");
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

async function somebody(name = "romeo"): Promise<BoundClient> {
  return stage.enter((await stage.cast(name))[name]!, "phone");
}

const disco = (what: string, to: string, node?: string) => `<iq type='get' id='d' to='${to}'><query xmlns='http://jabber.org/protocol/disco#${what}'${node === undefined ? "" : ` node='${node}'`}/></iq>`;

async function discovered(client: BoundClient, what: "info" | "items", to: string, node?: string): Promise<readonly string[]> {
  const [answer] = await client.ask(disco(what, to, node));
  if (answer?.attrs["type"] === "error") return [said(answer)];
  return children(childOf(answer, "query")!).map(({ attrs }) => attrs["var"] ?? attrs["node"] ?? `${attrs["category"]}/${attrs["type"]} ${attrs["name"]}`);
}

describe("XEP-0050 sections 2.1 and 2.2: what there is to execute", () => {
  it("is told of the server, to each what they may execute", async () => {
    const [romeo, admin] = [await somebody(), await stage.enter("admin@localhost", "phone")];
    expect(await discovered(romeo, "info", "localhost")).toContain(commandsNamespace);
    expect(await discovered(romeo, "info", "localhost", commandsNamespace)).toEqual(["automation/command-list Commands", commandsNamespace]);
    expect(await discovered(romeo, "items", "localhost", commandsNamespace)).toEqual(["now", "order"]);
    expect(await discovered(admin, "items", "localhost", commandsNamespace)).toEqual(expect.arrayContaining(["now", "order", "oven", "http://jabber.org/protocol/admin#add-user"]));
    expect(await discovered(romeo, "info", "localhost", "order")).toEqual(["automation/command-node Order bread", commandsNamespace, "jabber:x:data"]);
    expect(await discovered(romeo, "info", "localhost", "oven")).toEqual(["error cancel forbidden"]);
    expect(await discovered(romeo, "info", "localhost", "butter")).toEqual(["error cancel item-not-found"]);
  });

  it("is told of the own account, and of no other's", async () => {
    const [romeo, juliet] = [await somebody(), await somebody("juliet")];
    const own = romeo.jid.replace(/\/.*/, "");
    expect(await discovered(romeo, "info", own)).toContain(commandsNamespace);
    expect(await discovered(romeo, "items", own, commandsNamespace)).toEqual(["mine"]);
    expect(await discovered(romeo, "info", own, "mine")).toEqual(["automation/command-node Mine alone", commandsNamespace, "jabber:x:data"]);
    expect(await discovered(juliet, "items", own, commandsNamespace)).toEqual([]);
    expect(said(await command(romeo, "mine", {}, "", own))).toBe(`completed info: ${own}`);
    expect(said(await command(juliet, "mine", {}, "", own))).toBe("error cancel service-unavailable");
    expect(said(await command(juliet, "mine", {}, "", "nobody@localhost"))).toBe("error cancel service-unavailable");
    expect(said(await command(romeo, "mine"))).toBe("error cancel item-not-found");
  });
});

describe("XEP-0050 section 2.4.1: without a form", () => {
  it("it is complete at once, in English, with a session that is over", async () => {
    const romeo = await somebody();
    const answer = await command(romeo, "now");
    expect(said(answer)).toBe("completed info: bread at localhost for phone warn: it is old");
    expect(childOf(answer, "command")?.attrs).toMatchObject({ node: "now", sessionid: expect.stringMatching(/./), "xml:lang": "en" });
    expect(said(await command(romeo, "now", { sessionid: sessionOf(answer) }))).toBe("error cancel not-allowed session-expired");
  });

  it("says with a note of type error that it has failed (section 3.6)", async () => {
    expect(said(await command(await stage.enter("admin@localhost", "phone"), "oven"))).toBe("completed error: no wood");
  });
});

describe("XEP-0050 section 2.4.2: stages", () => {
  it("lead from one form to the next, back, and to the end", async () => {
    const romeo = await somebody();
    const begun = await command(romeo, "order", { action: "execute" });
    const sessionid = sessionOf(begun);
    expect(said(begun)).toBe("executing next [next]");
    expect(children(childOf(childOf(begun, "command"), "x")!).map(({ name, attrs }) => attrs["var"] ?? name)).toEqual(["title", "instructions", "FORM_TYPE", "kind", "cut", "for", "secret", "count"]);
    const first = form({ FORM_TYPE: "urn:example:order", kind: "rye", secret: "psst", count: "2", foreign: "?" });
    const second = await command(romeo, "order", { sessionid, action: "next" }, first);
    expect([said(second), sessionOf(second)]).toEqual(["executing complete [prev complete]", sessionid]);
    const back = await command(romeo, "order", { sessionid, action: "prev" });
    // What was filled in is remembered, but for passwords.
    expect([said(back), valuesIn(back)]).toEqual(["executing next [next]", { FORM_TYPE: ["urn:example:order"], kind: ["rye"], cut: [], for: [], secret: [], count: ["2"] }]);
    expect(said(await command(romeo, "order", { sessionid }, form({ kind: "rye", for: ["a@b", "c@d"] })))).toBe("executing complete [prev complete]");
    expect(said(await command(romeo, "order", { sessionid }, form({ when: "now" }, "cancel")))).toBe("completed");
    expect(done.splice(0)).toEqual(["kind=rye,for=a@b+c@d when=now"]);
    expect(said(await command(romeo, "order", { sessionid }, form({ when: "now" })))).toBe("error cancel not-allowed session-expired");
  });

  it("can be sent once more after a fault of the command's own", async () => {
    const romeo = await somebody();
    const sessionid = sessionOf(await command(romeo, "order"));
    const refused = await command(romeo, "order", { sessionid, action: "next" }, form({ kind: "wheat" }));
    // It says of which session it is.
    expect([said(refused), childOf(refused, "command")?.attrs]).toEqual(["error cancel item-not-found", { node: "order", sessionid, action: "next" }]);
    expect(said(await command(romeo, "order", { sessionid }, form({ kind: "rye" })))).toBe("executing complete [prev complete]");
    expect(said(await command(romeo, "order", { sessionid }, form({ when: "never" })))).toBe("error modify not-acceptable");
    expect(said(await command(romeo, "order", { sessionid }, form({ when: "soon" })))).toBe("completed");
    expect(done.splice(0)).toEqual(["kind=rye when=soon"]);
  });

  it("end with cancel (section 2.4.3)", async () => {
    const romeo = await somebody();
    const sessionid = sessionOf(await command(romeo, "order"));
    expect(said(await command(romeo, "order", { sessionid, action: "cancel" }))).toBe("canceled");
    expect(said(await command(romeo, "order", { sessionid, action: "cancel" }))).toBe("error cancel not-allowed session-expired");
  });
});

describe("XEP-0050 section 4.4: errors", () => {
  it("tell what is wrong with the action, the language, the command and the rights", async () => {
    const romeo = await somebody();
    const sessionid = sessionOf(await command(romeo, "order"));
    const answers = [
      await command(romeo, "order", { sessionid, action: "dance" }),
      await command(romeo, "order", { action: "next" }),
      await command(romeo, "order", { sessionid, action: "prev" }),
      await command(romeo, "order", { sessionid, action: "complete" }),
      await command(romeo, "order", { "xml:lang": "no language" }),
      await command(romeo, "order", { sessionid: "mine" }),
      await command(romeo, "now", { sessionid }),
      await command(romeo, "oven"),
      await command(romeo, "butter"),
      await command(romeo, ""),
    ].map(said);
    expect(answers).toEqual([
      "error modify bad-request malformed-action", "error modify bad-request bad-action", "error modify bad-request bad-action",
      "error modify bad-request bad-action", "error modify bad-request bad-locale", "error modify bad-request bad-sessionid",
      "error modify bad-request bad-sessionid", "error cancel forbidden", "error cancel item-not-found", "error cancel item-not-found",
    ]);
  });

  it.each([
    ["no form", ""], ["a form of another type", form({ kind: "rye" }, "result")], ["a form of another command", form({ FORM_TYPE: "urn:example:cake", kind: "rye" })],
    ["nothing where something is required", form({ cut: "1" })], ["an empty value there", form({ kind: "" })], ["what was not to be chosen", form({ kind: "oats" })],
    ["two values of one", form({ kind: ["rye", "rye"] })], ["no boolean", form({ kind: "rye", cut: "perhaps" })], ["no JID", form({ kind: "rye", for: "@" })],
    ["the same field twice", form({ kind: "rye" }).replace("</x>", "<field var='kind'><value>rye</value></field></x>")],
  ])("refuse %s with bad-payload, and go on", async (_, inner) => {
    const romeo = await somebody();
    const sessionid = sessionOf(await command(romeo, "order"));
    expect(said(await command(romeo, "order", { sessionid }, inner))).toBe("error modify bad-request bad-payload");
    expect(said(await command(romeo, "order", { sessionid }, form({ kind: "rye" })))).toBe("executing complete [prev complete]");
  });
});

describe("XEP-0050 section 3.3: a session", () => {
  it("is for whoever began it alone", async () => {
    const romeo = await somebody();
    const other = await stage.enter(romeo.jid.replace(/\/.*/, ""), "tablet");
    const sessionid = sessionOf(await command(romeo, "order"));
    expect(said(await command(other, "order", { sessionid }, form({ kind: "rye" })))).toBe("error modify bad-request bad-sessionid");
    expect(said(await command(other, "order", { sessionid, action: "cancel" }))).toBe("error modify bad-request bad-sessionid");
    expect(said(await command(romeo, "order", { sessionid }, form({ kind: "rye" })))).toMatch("executing");
  });

  it("is over after a while, and when its user begins too many", async () => {
    const romeo = await somebody();
    const old = sessionOf(await command(romeo, "order"));
    aheadMs += commandExecutionMs;
    expect(said(await command(romeo, "order", { sessionid: old }, form({ kind: "rye" })))).toBe("error cancel not-allowed session-expired");
    const ids: string[] = [];
    for (let n = 0; n <= commandExecutionsOfUserMax; n += 1) ids.push(sessionOf(await command(romeo, "order")));
    expect(said(await command(romeo, "order", { sessionid: ids[0]!, action: "cancel" }))).toBe("error cancel not-allowed session-expired");
    expect(said(await command(romeo, "order", { sessionid: ids[1]!, action: "cancel" }))).toBe("canceled");
  });
});

describe("A command that answers something else", () => {
  it("ends the session that has asked, as other answers that are none", async () => {
    const wrong = await startServer({
      allowPlaintext: true,
      extensions: [{ name: "wrong", specification: { id: "TEST", title: "Wrong" }, commands: [{ node: "wrong", name: "Wrong", may: "everybody", complete: (() => "done") as never }] }],
    });
    try {
      const strangers = new Stage(wrong);
      const romeo = await strangers.enter((await strangers.cast("romeo"))["romeo"], "phone");
      romeo.send(`<iq type='set' id='c' to='localhost'><command xmlns='${commandsNamespace}' node='wrong'/></iq>`);
      await romeo.raw.expect("<internal-server-error");
    } finally {
      await wrong.stop();
    }
  });
});
