import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { extensions } from "../../src/xep/index.ts";
import type { TestServer } from "../../src/testing/start-server.ts";
import { startWithUsers } from "../streams/support.ts";
import { befriend, online } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml, type Xml } from "../support/xml-reader.ts";

const info = "http://jabber.org/protocol/disco#info";
const items = "http://jabber.org/protocol/disco#items";

let server: TestServer;
let romeo: BoundClient;
beforeAll(async () => {
  // Two extensions that tell the same feature.
  const twin = { name: "twin", specification: { id: "TEST", title: "A twin" }, serverFeatures: ["urn:example:twin"] };
  server = await startWithUsers({ extensions: [twin, { ...twin, name: "other-twin" }] });
  romeo = await login(server, { user: "romeo", resource: "orchard" });
});
afterAll(() => server.stop());

async function ask(xmlns: string, to: string, node = ""): Promise<Xml> {
  const [answer, ...others] = await romeo.ask(`<iq type='get' id='d' to='${to}'><query xmlns='${xmlns}' ${node}/></iq>`);
  expect(others).toEqual([]);
  expect(answer!.attrs).toMatchObject({ id: "d", from: to, to: romeo.jid });
  return answer!;
}

/** The name of an error's condition; undefined for a result. */
const condition = (answer: Xml) => (childOf(answer, "error")?.children[0] as Xml | undefined)?.name;
const childrenOf = (answer: Xml, name: string) =>
  childOf(answer, "query")!.children.flatMap((child) => (typeof child !== "string" && child.name === name ? [child.attrs] : []));
const featuresOf = (answer: Xml) => childrenOf(answer, "feature").map((attrs) => attrs["var"]!);

describe("XEP-0030 section 3.1 discovering information", () => {
  /** What extensions say that an entity is besides. */
  const eventing = { category: "pubsub", type: "pep" };

  it("describes the server: an instant messaging server, with the features of all extensions, each once", async () => {
    const answer = await ask(info, "localhost");
    expect(childrenOf(answer, "identity")).toEqual([{ category: "server", type: "im", "xml:lang": "en", name: "refrain" }, { ...eventing, "xml:lang": "en" }]);
    const features = featuresOf(answer);
    for (const { serverFeatures = [] } of extensions) {
      if (typeof serverFeatures !== "function") expect(features).toEqual(expect.arrayContaining([...serverFeatures]));
    }
    expect(features.filter((feature) => feature === "urn:example:twin")).toHaveLength(1);
    expect(features).toEqual([...new Set(features)].toSorted());
  });

  it("describes an account to its user, not with what the server alone can do", async () => {
    const answer = await ask(info, "romeo@localhost");
    expect(childrenOf(answer, "identity")).toEqual([{ category: "account", type: "registered" }, eventing]);
    expect(featuresOf(answer)).toEqual(expect.arrayContaining([info, items]));
    expect(featuresOf(answer)).not.toContain("urn:example:twin");
  });
});

describe("XEP-0030 section 3.2 info nodes", () => {
  it.each(["localhost", "romeo@localhost"])("are unknown but for those that an extension has (%s)", async (to) => {
    expect(condition(await ask(info, to, "node='urn:example:none'"))).toBe("item-not-found");
  });

  it("are none where the attribute is empty", async () => {
    const answer = await ask(info, "localhost", "node=''");
    expect(childOf(answer, "query")!.attrs).toEqual({});
    expect(featuresOf(answer)).toEqual(featuresOf(await ask(info, "localhost")));
  });
});

describe("XEP-0030 section 8 security", () => {
  it("describes an account, and lists its available resources, to those who see its presence", async () => {
    await befriend(server, "romeo", "juliet");
    const juliet = await online(server, { user: "juliet", resource: "balcony" });
    const hidden = await login(server, { user: "juliet", resource: "cellar" });
    expect(condition(await ask(info, "juliet@localhost"))).toBeUndefined();
    expect(childrenOf(await ask(items, "juliet@localhost"), "item")).toEqual([{ jid: "juliet@localhost/balcony" }]);
    await Promise.all([juliet.close(), hidden.close()]);
    await romeo.caughtUp();
  });

  it("tells a stranger the same of an account as of none", async () => {
    const benvolio = await online(server, { user: "benvolio" });
    for (const xmlns of [info, items]) {
      const [known, unknown] = [await ask(xmlns, "benvolio@localhost"), await ask(xmlns, "nobody@localhost")];
      expect(showXml(known).replaceAll("benvolio", "nobody")).toBe(showXml(unknown));
    }
    await benvolio.close();
  });
});
