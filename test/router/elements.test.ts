/** What extensions take beside stanzas, deliver themselves, know of recipients, and tell of the server and of what accounts have below them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseJid } from "../../src/domain/jid.ts";
import type { Extension } from "../../src/router/extension.ts";
import type { Passage, Verdict } from "../../src/router/phases.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { clientNamespace, el } from "../../src/xml/stanza.ts";
import { ManagedStage } from "../management/support.ts";
import { authenticate, login, type BoundClient } from "../support/login.ts";
import { childOf, readXml, showXml, textOf, type Xml } from "../support/xml-reader.ts";

const xmlns = "urn:example:lamp";
const specification = { id: "TEST", title: "Elements" };

/** Who said what. */
const said: string[] = [];
/** Who is given the original, at `copy` and at `deliver`. */
const given: string[] = [];

function noteRecipients(phase: string): (passage: Passage) => Verdict {
  return ({ stanza, recipients, recipient }) => {
    if (stanza.kind === "message") given.push(`${phase}: ${recipients?.map(({ resource }) => resource).join(" ") ?? "unknown"} ${recipient?.resource ?? ""}`.trim());
    return undefined;
  };
}

const lamp: Extension = {
  name: "lamp",
  specification,
  elements: [
    {
      xmlns, names: ["on", "off"],
      handle({ step, session, element }) {
        if (element.attrs["broken"] !== undefined) throw new Error("the test asks for it");
        said.push(`${session.jid.full} ${element.name} ${element.getText()}`);
        session.deliver(step, el("message", { xmlns: clientNamespace, from: "localhost", to: session.jid.full }, el("lamp", { xmlns }, element.name)));
      },
    },
  ],
  serverIdentities: [{ category: "automation", type: "lamp", name: "Lamp" }],
  accountIdentities: [{ category: "account", type: "lamp" }],
  serverForms: ({ hosts }) => [{ fields: [{ var: "FORM_TYPE", type: "hidden", values: [xmlns] }, { var: "hosts", values: hosts }] }],
  serverNodes: () => [`${xmlns}#node`],
  accountNodes: {
    items: async ({ node, account, own, shared, from }) => {
      if (node !== undefined && node !== "lamps") return undefined;
      return [el("item", { jid: account.bare, node: "lamps", name: `own ${own}, shared ${shared}, ${from.resource}` })];
    },
    info: async ({ node, own }) => (node === "lamps" && own ? { identities: [{ category: "automation", type: "lamp" }], features: [xmlns] } : undefined),
  },
  phases: {
    archive: noteRecipients("archive"),
    copy: noteRecipients("copy"),
    deliver: noteRecipients("deliver"),
    hold: ({ recipient, stanza }) => {
      given.push(`hold: ${recipient?.resource}`);
      return stanza.element.getChild("dark", xmlns) === undefined ? undefined : { stop: true, why: "the test asks for it" };
    },
  },
  iq: [
    {
      xmlns, name: "deliver", types: ["set"], at: ["account"],
      handle({ step, payload, house, account, session }) {
        const recipient = house.sessions(account!.bare).find(({ resource }) => resource === payload.attrs["resource"])!;
        const to = parseJid(`${account!.bare}/${recipient.resource}`)!;
        const element = el("message", { xmlns: clientNamespace, from: session.jid.full, to: to.full }, el(payload.getText(), { xmlns }));
        house.deliver(step, { element, kind: "message", type: "normal", id: undefined, from: session.jid, to }, account!, recipient);
        return { result: undefined };
      },
    },
  ],
};

let server: TestServer;
let stage: ManagedStage;
let romeo: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [lamp] });
  stage = new ManagedStage(server);
  for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
  romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
});
afterEach(() => {
  said.length = 0;
  given.length = 0;
  stage.clear();
});
afterAll(() => server.stop());

describe("What a client says beside stanzas", () => {
  it("is for the extension that takes it", async () => {
    const back = await romeo.ask(`<on xmlns='${xmlns}'>now</on><off xmlns='${xmlns}'/>`);
    expect(said).toEqual([`${romeo.jid} on now`, `${romeo.jid} off `]);
    expect(back.map((message) => textOf(childOf(message, "lamp")))).toEqual(["on", "off"]);
  });

  it.each([`<dim xmlns='${xmlns}'/>`, "<on xmlns='urn:example:other'/>", "<on/>"])(
    "is not understood where nobody takes it (RFC 6120 section 4.9.3.24): %s", async (text) => {
      const client = await login(server, { user: "juliet", over: "plaintext" });
      client.send(text);
      await client.raw.expect("<unsupported-stanza-type");
      await client.raw.closed();
      client.raw.destroy();
      expect(said).toEqual([]);
    },
  );

  it("is not understood before a resource is bound, nor taken after the end of the stream", async () => {
    const early = await authenticate(server, { user: "juliet", over: "plaintext" });
    early.send(`<on xmlns='${xmlns}'/>`);
    await early.expect(/<stream:error><(unsupported-stanza-type|not-authorized)/);
    await early.closed();
    early.destroy();
    const client = await login(server, { user: "juliet", over: "plaintext" });
    client.send(`</stream:stream><on xmlns='${xmlns}'/>`);
    await client.raw.closed();
    client.raw.destroy();
    expect(said).toEqual([]);
  });

  it("closes the session of who said it, and no other, if the extension fails over it", async () => {
    const client = await login(server, { user: "juliet", over: "plaintext" });
    client.send(`<on xmlns='${xmlns}' broken='yes'/>`);
    await client.raw.expect("<internal-server-error");
    await client.raw.closed();
    client.raw.destroy();
    expect((await romeo.ask(`<on xmlns='${xmlns}'/>`)).length).toBe(1);
  });

  it("is not counted (XEP-0198 section 4)", async () => {
    const { mercutio } = await stage.cast("mercutio");
    const client = await stage.resumable(mercutio);
    client.send(`<on xmlns='${xmlns}'/><off xmlns='${xmlns}'/>`);
    expect([await client.count(), said.length]).toEqual([0, 2]);
  });

  it("cannot be taken by two extensions", async () => {
    await expect(startServer({ extensions: [lamp, { name: "other", specification, elements: lamp.elements! }] })).rejects.toThrow(
      `two extensions take <on xmlns='${xmlns}'/>`,
    );
  });
});

describe("What an extension delivers itself", () => {
  it("reaches the resource unless an extension holds it back", async () => {
    const other = await login(server, { user: "romeo", resource: "cell", over: "plaintext" });
    const deliver = (text: string) => romeo.ask(`<iq type='set' id='d'><deliver xmlns='${xmlns}' resource='cell'>${text}</deliver></iq>`);
    await deliver("light");
    expect((await other.caughtUp()).map((message) => showXml(message))).toEqual([showXml(readXml(
      `<message from='${romeo.jid}' to='${other.jid}'><light xmlns='${xmlns}'/></message>`,
    ))]);
    await deliver("dark");
    expect([await other.caughtUp(), given]).toEqual([[], ["hold: cell", "hold: cell"]]);
    await other.close();
  });
});

describe("The recipients of a stanza", () => {
  it("are known at copy and at deliver: those of the delivery table (RFC 6121 section 8.5), none where nobody is there", async () => {
    const { juliet } = await stage.cast("juliet");
    const [top, also, low] = [await stage.bound(juliet, "top"), await stage.bound(juliet, "also"), await stage.bound(juliet, "low")];
    for (const [client, priority] of [[top, 5], [also, 5], [low, 1]] as const) await client.ask(`<presence><priority>${priority}</priority></presence>`);
    const recipients = async (to: string, type = "chat") => {
      given.length = 0;
      await romeo.ask(`<message to='${to}' type='${type}'><body>?</body></message>`);
      return given.filter((line) => !line.startsWith("hold"));
    };
    const both = (names: string) => ["archive: unknown", `copy: ${names}`.trim(), `deliver: ${names}`.trim()];
    expect(await recipients(juliet)).toEqual(both("top also"));
    expect(await recipients(low.jid)).toEqual(both("low"));
    expect(await recipients(`${juliet}/nowhere`)).toEqual(both("top also"));
    expect(await recipients(`${juliet}/nowhere`, "normal")).toEqual([]);
    expect(await recipients(juliet, "headline")).toEqual(both("top also low"));
    await Promise.all([top, also, low].map((client) => client.ask("<presence type='unavailable'/>")));
    expect(await recipients(juliet)).toEqual(both(""));
  });
});

describe("What an extension tells of the server and of accounts", () => {
  const query = async (to: string, what: "info" | "items", node?: string): Promise<Xml> => {
    const [answer] = await romeo.ask(
      `<iq type='get' id='q' to='${to}'><query xmlns='http://jabber.org/protocol/disco#${what}'${node === undefined ? "" : ` node='${node}'`}/></iq>`,
    );
    return childOf(answer, "query") ?? childOf(answer, "error")!;
  };
  const elements = (parent: Xml, name: string) => parent.children.filter((child): child is Xml => typeof child !== "string" && child.name === name);
  const identities = (parent: Xml) => elements(parent, "identity").map(({ attrs }) => `${attrs["category"]}/${attrs["type"]}`);

  it("XEP-0030 section 3.1: is among their identities", async () => {
    expect(identities(await query("localhost", "info"))).toEqual(expect.arrayContaining(["server/im", "automation/lamp"]));
    expect(identities(await query("romeo@localhost", "info"))).toEqual(expect.arrayContaining(["account/registered", "account/lamp"]));
  });

  it("XEP-0128: is in forms of the server, which its capabilities are a hash of", async () => {
    const form = elements(await query("localhost", "info", `${xmlns}#node`), "x").find((x) => showXml(x).includes(xmlns));
    expect(showXml(form!)).toBe(showXml(readXml(
      `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>${xmlns}</value></field><field var='hosts'><value>localhost</value></field></x>`,
    )));
  });

  it("XEP-0030 section 4: is listed below the account, and described, as far as the extension says", async () => {
    const items = async (to: string, node?: string) => elements(await query(to, "items", node), "item").flatMap(({ attrs }) => attrs["name"] ?? []);
    expect(await items("romeo@localhost")).toEqual(["own true, shared true, orchard"]);
    expect(await items("romeo@localhost", "lamps")).toEqual(["own true, shared true, orchard"]);
    expect(await items("juliet@localhost")).toEqual(["own false, shared false, orchard"]);
    expect(identities(await query("romeo@localhost", "info", "lamps"))).toEqual(["automation/lamp"]);
    expect((await query("juliet@localhost", "info", "lamps")).name).toBe("error");
  });

  it.each(["items", "info"] as const)("XEP-0030 section 3.2: is no node that nobody knows: %s", async (what) => {
    const error = await query("romeo@localhost", what, "nothing");
    expect(elements(error, "item-not-found").length).toBe(1);
    const strangers = await query("juliet@localhost", "info", "nothing");
    expect(elements(strangers, "service-unavailable").length).toBe(1);
  });
});
