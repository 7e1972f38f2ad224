import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Extension } from "../../src/router/extension.ts";
import type { TestServer } from "../../src/testing/start-server.ts";
import { lastStream, startWithUsers } from "../streams/support.ts";
import { authenticate, connectSecure, login, streamHeader } from "../support/login.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";

const caps = "http://jabber.org/protocol/caps";
const info = "http://jabber.org/protocol/disco#info";

/** An extension that does nothing but tell features. */
const telling = (...serverFeatures: readonly string[]): Extension => ({
  name: "telling", specification: { id: "TEST", title: "Features" }, serverFeatures,
});

async function using<Result>(extensions: readonly Extension[], work: (server: TestServer) => Promise<Result>): Promise<Result> {
  const server = await startWithUsers({ extensions });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** What the server says of its capabilities after authentication. */
async function announced(server: TestServer): Promise<Readonly<Record<string, string>>> {
  const client = await authenticate(server, { user: "romeo" });
  client.destroy();
  const c = childOf(lastStream(client).elements[0], "c")!;
  expect(c).toMatchObject({ xmlns: caps, children: [] });
  return c.attrs;
}

/** The answers to a question for the server, and to the same one about a node. */
async function described(server: TestServer, node: string, xmlns = info, to = "localhost"): Promise<readonly [Xml, Xml]> {
  const romeo = await login(server, { user: "romeo" });
  const [plain] = await romeo.ask(`<iq type='get' id='1' to='${to}'><query xmlns='${xmlns}'/></iq>`);
  const [noded] = await romeo.ask(`<iq type='get' id='1' to='${to}'><query xmlns='${xmlns}' node='${node}'/></iq>`);
  await romeo.close();
  return [plain!, noded!];
}

/** XEP-0115 section 5.1, from what was sent, with other means than the server's. */
function verificationOf(answer: Xml): string {
  const bytes = (text: string) => Buffer.from(text);
  const sorted = (texts: readonly string[]) => texts.map(bytes).toSorted((a, b) => Buffer.compare(a, b));
  const children = childOf(answer, "query")!.children.map((child) => child as Xml);
  const identities = children.filter(({ name }) => name === "identity").map(({ attrs }) =>
    [attrs["category"], attrs["type"], attrs["xml:lang"] ?? "", attrs["name"] ?? ""].join("/"));
  const features = children.filter(({ name }) => name === "feature").map(({ attrs }) => attrs["var"]!);
  // A form would have to be counted too.
  expect(identities.length + features.length).toBe(children.length);
  const hash = createHash("sha1");
  for (const part of [...sorted(identities), ...sorted(features)]) hash.update(part).update("<");
  return hash.digest("base64");
}

const condition = (answer: Xml) => (childOf(answer, "error")?.children[0] as Xml | undefined)?.name;

describe("XEP-0115 section 6.3 stream feature", () => {
  it("carries a node and a hash that is that of the server's description", async () => {
    await using([], async (server) => {
      const { hash, node, ver, ...others } = await announced(server);
      expect([hash, others]).toEqual(["sha-1", {}]);
      expect(node).toMatch(/^[a-z]+:[^#\s]+$/);
      const [plain] = await described(server, "");
      expect(ver).toBe(verificationOf(plain));
      expect(Buffer.from(ver!, "base64")).toHaveLength(20);
    });
  });

  it("is not shown to who has not logged in", async () => {
    await using([], async (server) => {
      const client = await connectSecure(server);
      client.send(streamHeader("localhost"));
      await client.expect("</stream:features>");
      client.destroy();
      expect(childOf(lastStream(client).elements[0], "c")).toBeUndefined();
    });
  });

  it("changes with the features, whatever their order, and not with how often they are told", async () => {
    const verOf = (...extensions: readonly Extension[]) => using(extensions, async (server) => (await announced(server))["ver"]);
    const [none, one, two, turned, twice, ofAccount] = await Promise.all([
      verOf(),
      verOf(telling("urn:example:1")),
      verOf(telling("urn:example:1", "urn:example:2")),
      verOf(telling("urn:example:2"), { ...telling("urn:example:1"), name: "more" }),
      verOf(telling("urn:example:1", "urn:example:1")),
      verOf({ name: "account", specification: { id: "TEST", title: "An account's" }, accountFeatures: ["urn:example:1"] }),
    ]);
    expect(new Set([none, one, two]).size).toBe(3);
    expect([turned, twice, ofAccount]).toEqual([two, one, none]);
  });

  it("is right where UTF-8 and UTF-16 are sorted differently", async () => {
    await using([telling("\u{1F3AD}", "\uFF5E")], async (server) => {
      const [plain] = await described(server, "");
      expect((await announced(server))["ver"]).toBe(verificationOf(plain));
    });
  });
});

describe("XEP-0115 section 6.2 discovering capabilities", () => {
  it("answers NODE#VER as it answers without a node, and names the node", async () => {
    await using([telling("urn:example:1")], async (server) => {
      const { node, ver } = await announced(server);
      const [plain, noded] = await described(server, `${node}#${ver}`);
      expect(noded.attrs).toEqual(plain.attrs);
      expect(childOf(noded, "query")).toEqual({ ...childOf(plain, "query"), attrs: { node: `${node}#${ver}` } });
      expect(verificationOf(noded)).toBe(ver);
    });
  });

  it("knows no other version, no node alone, and none of an account", async () => {
    await using([], async (server) => {
      const { node, ver } = await announced(server);
      const wrong = [`${node}#${Buffer.alloc(20).toString("base64")}`, node!, `#${ver}`, `${node}#`];
      for (const one of wrong) expect(condition((await described(server, one))[1])).toBe("item-not-found");
      const ofAccount = await described(server, `${node}#${ver}`, info, "romeo@localhost");
      expect(ofAccount.map(condition)).toEqual([undefined, "item-not-found"]);
    });
  });

  it("has no item at that node", async () => {
    await using([], async (server) => {
      const { node, ver } = await announced(server);
      const [items, noded] = await described(server, `${node}#${ver}`, "http://jabber.org/protocol/disco#items");
      // Without the node there are the services of the server.
      expect(condition(items)).toBeUndefined();
      expect(condition(noded)).toBe("item-not-found");
    });
  });
});

describe("XEP-0115 section 7 determining support", () => {
  it("is told of the server, and no optimisation that it does not do", async () => {
    await using([], async (server) => {
      const [plain] = await described(server, "");
      const features = childOf(plain, "query")!.children.map((child) => (child as Xml).attrs["var"]);
      expect(features).toContain(caps);
      expect(features).not.toContain(`${caps}#optimize`);
    });
  });
});
