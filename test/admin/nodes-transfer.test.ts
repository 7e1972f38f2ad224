import { describe, expect, it } from "vitest";
import { createAccountTransfer } from "../../src/admin/account-transfer.ts";
import { liveClock, liveIds, liveRandom } from "../../src/live.ts";
import { Accounts } from "../../src/log/accounts.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store } from "../../src/ports.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { login } from "../support/login.ts";
import { accountsIn, exportDocuments, exportFile, importFile, readFile } from "./account-files.ts";

function transferOn(store: Store) {
  const accounts = new Accounts(store, liveClock, liveIds);
  return createAccountTransfer({ store, accounts, hosts: ["localhost"], random: liveRandom, iterations: 4096, offlineMessagesMax: 1_000 });
}

const pubsub = "http://jabber.org/protocol/pubsub";
const field = (name: string, value: string) => `<field var='pubsub#${name}'><value>${value}</value></field>`;
const form = (...fields: readonly string[]) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>${pubsub}#node_config</value></field>${fields.join("")}</x>`;
const set = (content: string, suffix = "") => `<iq type='set' id='s'><pubsub xmlns='${pubsub}${suffix}'>${content}</pubsub></iq>`;
const get = (content: string, suffix = "") => `<iq type='get' id='g' to='romeo@localhost'><pubsub xmlns='${pubsub}${suffix}'>${content}</pubsub></iq>`;

/** For a server that is stopped before what it leaves is looked at. */
function lent(store: Store): Store {
  const close = async (): Promise<void> => {};
  const get = (target: Store, name: string | symbol): unknown => {
    const value = Reflect.get(target, name) as unknown;
    return name === "close" ? close : typeof value === "function" ? (value as () => unknown).bind(target) : value;
  };
  return new Proxy(store, { get });
}

/** What Romeo is answered to all that can be asked of his nodes. */
async function answers(store: Store, prepare: readonly string[] = []): Promise<readonly string[]> {
  const server = await startServer({ allowPlaintext: true, parts: { store: lent(store) } });
  if (prepare.length > 0) await server.addUser("romeo", "secret");
  const romeo = await login({ domain: server.domain, port: server.port, tlsPort: server.tlsPort }, { user: "romeo", resource: "orchard", over: "plaintext" });
  for (const request of prepare) expect(JSON.stringify(await romeo.ask(request))).not.toContain("'error'");
  const asked = ["urn:x:many", "urn:x:one", "urn:x:bare"].flatMap((node) => [
    get(`<items node='${node}'/>`), get(`<configure node='${node}'/>`, "#owner"), get(`<affiliations node='${node}'/>`, "#owner"), get(`<subscriptions node='${node}'/>`, "#owner"),
  ]);
  const told: string[] = [];
  for (const request of asked) told.push(JSON.stringify(await romeo.ask(request)));
  await romeo.close();
  await server.stop();
  return told;
}

describe("XEP-0227 section 4.10", () => {
  it("takes nodes with configuration, affiliations, subscriptions and items to another server, where the same is answered", async () => {
    const [first, second, third] = [createMemoryStore(projections), createMemoryStore(projections), createMemoryStore(projections)];
    const before = await answers(first, [
      set(`<create node='urn:x:many'/><configure>${form(field("access_model", "open"), field("max_items", "max"), field("title", "&lt;Many&gt;"), field("itemreply", "publisher"))}</configure>`),
      ...["a", "b", "c", "a"].map((id) => set(`<publish node='urn:x:many'><item id='${id}'><x xmlns='urn:x' a='&amp;'>${id} &lt;<y/></x></item></publish>`)),
      set("<publish node='urn:x:one'><item id='current'><plain xmlns=''/></item></publish>"),
      set("<create node='urn:x:bare'/>"),
      set("<affiliations node='urn:x:many'><affiliation jid='juliet@localhost' affiliation='member'/><affiliation jid='tybalt@localhost' affiliation='outcast'/></affiliations>", "#owner"),
      set("<subscriptions node='urn:x:many'><subscription jid='juliet@localhost' subscription='subscribed'/><subscription jid='nurse@localhost/a' subscription='pending'/></subscriptions>", "#owner"),
    ]);
    const { text, leftOut } = await exportFile(transferOn(first), "xep-0227");
    expect(leftOut.filter((what) => what !== "when users left")).toEqual([]);
    expect(accountsIn("xep-0227", text)).toHaveLength(1);
    expect(await importFile(transferOn(second), "xep-0227", text)).toEqual({ created: 1, failures: [] });
    expect((await exportFile(transferOn(second), "xep-0227")).text).toBe(text);
    expect(await answers(second)).toEqual(before);
    await importFile(transferOn(third), "json", (await exportFile(transferOn(first), "json")).text);
    expect(await answers(third)).toEqual(before);
  });

  const read = (nodes: string) => {
    const [entry] = readFile("xep-0227", `<server-data xmlns='urn:xmpp:pie:0'><host jid='localhost'><user name='romeo' password='x'>${nodes}</user></host></server-data>`);
    if (entry?.kind !== "account") throw new Error(JSON.stringify(entry));
    return entry;
  };
  const owner = (content: string) => `<pubsub xmlns='${pubsub}#owner'>${content}</pubsub>`;
  const items = (node: string, ...ids: readonly string[]) => `<pubsub xmlns='${pubsub}'><items node='${node}'>${ids.map((id) => `<item id='${id}'><x xmlns='urn:x'/></item>`).join("")}</items></pubsub>`;
  const configOf = (nodes: string) => (read(nodes).account as { readonly state: readonly { readonly space: string; readonly value: { readonly config?: object } }[] })
    .state.find(({ space }) => space === "pep")?.value.config;

  it("never shows more of a node than its export says", () => {
    const secret = ["the access model of nodes, where it is missing or unknown: only their owners may see them now"];
    expect(configOf(owner("<configure node='n'/>"))).toMatchObject({ access_model: "whitelist" });
    expect(read(owner(`<configure node='n'>${form(field("access_model", "friends"))}</configure>`)).ignored).toEqual(secret);
    expect(configOf(owner(`<configure node='n'>${form(field("access_model", "friends"))}</configure>`))).toMatchObject({ access_model: "whitelist" });
    expect(configOf(items("n", "a"))).toMatchObject({ access_model: "whitelist" });
    expect(configOf(owner(`<configure node='n'>${form(field("access_model", "open"))}</configure>`))).toEqual({ access_model: "open" });
  });

  it("keeps items of which nobody said how many there may be, and tells what it leaves out", () => {
    const configured = (...fields: readonly string[]) => owner(`<configure node='n'>${form(field("access_model", "presence"), ...fields)}</configure>`);
    const keysOf = (nodes: string) => (read(nodes).account as { readonly data: readonly { readonly key: string }[] }).data.map(({ key }) => key);
    expect(keysOf(configured() + items("n", "a", "b"))).toEqual(["n/a", "n/b"]);
    expect(keysOf(configured(field("max_items", "99999999")) + items("n", "a", "b"))).toEqual(["n/a", "n/b"]);
    expect(keysOf(configured(field("max_items", "1")) + items("n", "a", "b"))).toEqual(["n/b"]);
    expect(read(configured(field("max_items", "1")) + items("n", "a", "b")).ignored).toEqual(['items that node "n" does not keep by its configuration']);
    expect(read(configured(field("carrier", "pigeon"))).ignored).toEqual(["the configuration pubsub#carrier of nodes"]);
    expect(read(owner(`<configure node='n'>${form(field("access_model", "open"))}</configure><affiliations node='n'><affiliation jid='a@b' affiliation='publisher'/><affiliation jid='romeo@localhost' affiliation='owner'/></affiliations>`)).ignored)
      .toEqual(["affiliations of nodes that are publisher"]);
  });
});

it("an export in JSON has nodes as they are", async () => {
  const store = createMemoryStore(projections);
  await answers(store, [set("<publish node='urn:x:one'><item id='current'><plain xmlns=''/></item></publish>"), set("<create node='urn:x:many'/>"), set("<create node='urn:x:bare'/>")]);
  const [exported] = await exportDocuments(transferOn(store));
  expect(exported?.document.state.map(({ space }) => space)).toContain("pep");
});
