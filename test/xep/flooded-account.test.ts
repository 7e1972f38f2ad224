/** Anybody can change an account, by asking to see its user and by taking that back. Its user is served all the same. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { accountData } from "../../src/log/projections/account-data.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store } from "../../src/ports.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { subscription } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { childOf, readXml, type Xml } from "../support/xml-reader.ts";

const memory = createMemoryStore(projections);
/** Runs whenever something that extensions keep is read. */
let beforeReading = async (): Promise<void> => {};
let commitMs = 0;
let commits = 0;
const hooks: Partial<Store> = {
  query: async (projection, query) => {
    if (projection === accountData.name) await beforeReading();
    return memory.query(projection, query);
  },
  appendMany: async (appends) => {
    commits += 1;
    if (commitMs > 0) await new Promise((resolve) => setTimeout(resolve, commitMs));
    return memory.appendMany(appends);
  },
};
const store = wrapStore(memory, hooks);

let server: TestServer;
let hamlet: BoundClient;
let others: readonly BoundClient[];

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, parts: { store } });
  const enter = async (user: string) => {
    await server.addUser(user, "secret");
    return login(server, { user, over: "plaintext" });
  };
  hamlet = await enter("hamlet");
  others = await Promise.all(["rosencrantz", "guildenstern", "osric"].map(enter));
});
afterAll(() => server.stop());

/** Changes hamlet's account, and waits until that is durable. */
async function change(by: BoundClient): Promise<void> {
  await by.ask(subscription("subscribe", hamlet.bare));
  await by.ask(subscription("unsubscribe", hamlet.bare));
}

async function ask(type: "get" | "set", payload: string): Promise<Xml> {
  const answers = await hamlet.ask(`<iq type='${type}' id='q'>${payload}</iq>`);
  const answer = answers.find(({ attrs }) => attrs["id"] === "q");
  expect(answer?.attrs["type"]).toBe("result");
  return answer!;
}

const privateXml = (content: string) => `<query xmlns='jabber:iq:private'>${content}</query>`;
const vcard = (content: string) => `<vCard xmlns='vcard-temp'>${content}</vCard>`;

describe("An account that changes whenever it is looked at", () => {
  it("is read once for each value, whether its user stores private XML or asks for it or for the vCard", async () => {
    let reads = 0;
    beforeReading = async () => {
      reads += 1;
      // Without an end, this test would have none either.
      if (reads < 40) await change(others[0]!);
    };
    await ask("set", privateXml("<a xmlns='urn:a'>1</a><b xmlns='urn:b'>1</b>"));
    expect(reads).toBe(3);
    expect(childOf(await ask("get", privateXml("<a xmlns='urn:a'/>")), "query")!.children).toEqual([readXml("<a xmlns='urn:a'>1</a>")]);
    await ask("set", vcard("<FN>Hamlet</FN>"));
    expect((await ask("get", vcard(""))).children).toEqual([readXml(vcard("<FN>Hamlet</FN>"))]);
    expect(reads).toBe(5);
    beforeReading = async () => {};
  });
});

describe("An account that changes all the time", () => {
  it("has its user wait for no more than what was there before", async () => {
    [commitMs, commits] = [5, 0];
    const flooding = new AbortController();
    const flood = others.map(async (by) => {
      while (!flooding.signal.aborted) await change(by);
    });
    try {
      for (let round = 0; round < 5; round += 1) {
        const begin = commits;
        await ask("set", privateXml(`<a xmlns='urn:a'>${round}</a>`));
        await ask("get", privateXml("<a xmlns='urn:a'/>"));
        await ask("set", vcard(`<FN>${round}</FN>`));
        await ask("get", vcard(""));
        // Each question: one commit that is under way, and the one of what was said before.
        expect(commits - begin).toBeLessThanOrEqual(4 * 3 + 4);
      }
      expect(commits).toBeGreaterThan(20);
    } finally {
      flooding.abort();
      await Promise.all(flood);
      commitMs = 0;
    }
  });
});
