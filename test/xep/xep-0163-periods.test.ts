/** A resource is told each item once from the time that it becomes available until it leaves, whatever it says and changes meanwhile. */
import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { until } from "../presence/support.ts";
import { befriend } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { SlowDisk } from "./xep-0163-disk.ts";
import { announce, answerTo, events, item, presenceWith, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

const disk = new SlowDisk();
let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ parts: { openStore: disk.openStore } });
});
afterEach(() => disk.release());
afterAll(() => stage.server.stop());

const [tune, mood] = ["urn:test:tune", "urn:test:mood"];

describe("XEP-0163 section 4.3.4 a client that changes its mind while it is available", () => {
  it("is not sent again what it was sent, and is sent what was published while it did not want it", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const node of [tune, mood]) await request(alice, "set", publish(node, item("La", "1")));
    const bob = await stage.appear(b, [tune]);
    expect(events(bob.heard)).toEqual([`${a}@localhost ${tune}: 1=La (late)`]);
    expect(events(await announce(bob, []))).toEqual([]);
    expect(events(await announce(bob, [tune]))).toEqual([]);
    expect(events(await announce(bob, [mood]))).toEqual([`${a}@localhost ${mood}: 1=La (late)`]);
    await request(alice, "set", publish(tune, item("Si", "2")));
    expect(events(await settled(bob))).toEqual([]);
    expect(events(await announce(bob, [tune, mood]))).toEqual([`${a}@localhost ${tune}: 2=Si (late)`]);
    // What it was told when it was published, it was told.
    await request(alice, "set", publish(mood, item("glad", "2")));
    expect(events(await settled(bob))).toEqual([`${a}@localhost ${mood}: 2=glad`]);
    await announce(bob, []);
    expect(events(await announce(bob, [tune, mood]))).toEqual([]);
  });

  it("while its last items are under way, is sent those of what it wants at last, each once", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const node of [tune, mood]) await request(alice, "set", publish(node, item("La", "1")));
    const bob = await stage.appear(b, [], "changing");
    for (const wanted of [[tune], [mood], [tune, mood]]) await announce(bob, wanted);
    await bob.ask("<presence type='unavailable'/>");
    await settled(bob);
    disk.hold(`pep/${tune}`);
    bob.send(presenceWith([`${tune}+notify`]));
    await until(() => disk.waiting > 0);
    bob.send(presenceWith([`${mood}+notify`]) + presenceWith([]) + presenceWith([`${tune}+notify`, `${mood}+notify`]));
    await bob.caughtUp();
    disk.release();
    expect(events(await settled(bob)).toSorted()).toEqual([`${a}@localhost ${mood}: 1=La (late)`, `${a}@localhost ${tune}: 1=La (late)`]);
  });
});

describe("XEP-0163 section 4.3.4 a client that wants more while its last items are under way", () => {
  it("is sent all of it, of everybody whose presence it sees", async () => {
    const [a, b] = await stage.friends();
    const [c] = await stage.friends();
    await befriend({ ...stage.server, tlsPort: stage.server.tlsPort }, b, c);
    for (const user of [a, c]) {
      const author = await stage.enter(user, "author");
      for (const node of [tune, mood]) await request(author, "set", publish(node, item("La", "1")));
    }
    disk.hold(`pep/${tune}`);
    const bob = await stage.enter(b);
    expect(events(await announce(bob, [tune]))).toEqual([]);
    await announce(bob, [tune, mood]);
    disk.release();
    expect(events(await settled(bob)).toSorted()).toEqual([a, c].flatMap((user) => [mood, tune].map((node) => `${user}@localhost ${node}: 1=La (late)`)).toSorted());
  });
});

describe("XEP-0163 section 4.3.4 a client that comes and goes", () => {
  it("is sent nothing in this period for those that are over", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    await request(alice, "set", publish(tune, item("La", "1")));
    const bob = await stage.appear(b, [tune]);
    expect(events(bob.heard)).toHaveLength(1);
    await bob.ask("<presence type='unavailable'/>");
    disk.hold(`pep/${tune}`);
    bob.send(presenceWith([`${tune}+notify`]));
    await until(() => disk.waiting > 0);
    // They wait for their turns or for the disk, and all of them would find it available.
    for (let times = 0; times < 20; times += 1) bob.send(`<presence type='unavailable'/>${presenceWith([`${tune}+notify`])}`);
    await bob.caughtUp();
    disk.release();
    expect(events(await settled(bob))).toEqual([`${a}@localhost ${tune}: 1=La (late)`]);
  });

  it("keeps nobody else waiting, and has one reading under way however often it comes", async () => {
    const [a, b] = await stage.friends();
    const [c, d] = await stage.friends();
    for (const user of [a, c]) await request(await stage.enter(user, "author"), "set", publish(user === a ? mood : tune, item("La", "1")));
    const bob = await stage.appear(b, [mood]);
    disk.hold(`pep/${mood}`);
    for (let times = 0; times < 50; times += 1) bob.send(`<presence type='unavailable'/>${presenceWith([`${mood}+notify`])}`);
    await until(() => disk.waiting > 0);
    const dora = await stage.appear(d, [tune]);
    expect(events(dora.heard)).toEqual([`${c}@localhost ${tune}: 1=La (late)`]);
    expect(disk.waiting).toBe(1);
    disk.release();
    expect(events(await settled(bob)).length).toBeGreaterThan(0);
  });
});

describe("A resource whose right to a node ends while last items are sent to it", () => {
  it("is sent no more of them", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const node of ["urn:test:1", "urn:test:2", "urn:test:3"]) await request(alice, "set", publish(node, item("x", "1")));
    disk.hold("pep/urn:test:2");
    const bob = await stage.enter(b);
    const wanted = ["urn:test:1", "urn:test:2", "urn:test:3"];
    expect(events(await announce(bob, wanted))).toEqual([`${a}@localhost urn:test:1: 1=x (late)`]);
    expect(disk.waiting).toBe(1);
    await alice.ask(`<presence type='unsubscribed' to='${bob.bare}'/>`);
    disk.release();
    expect(events(await settled(bob))).toEqual([]);
  });

  it("by an explicit subscription that it ends, neither", async () => {
    const alice = await stage.enter(await stage.person());
    const bob = await stage.appear(await stage.person());
    await request(alice, "set", publish("open", item("x", "1"), `<publish-options><x xmlns='jabber:x:data' type='submit'>
      <field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>
      <field var='pubsub#access_model'><value>open</value></field></x></publish-options>`));
    disk.hold("pep/open");
    await request(bob, "set", `<subscribe node='open' jid='${bob.bare}'/>`, { to: alice.bare });
    await until(() => disk.waiting > 0);
    await request(bob, "set", `<unsubscribe node='open' jid='${bob.bare}'/>`, { to: alice.bare });
    disk.release();
    expect(events(await settled(bob))).toEqual([]);
  });
});

describe("What a resource is told from its coming to its going, by any sequence of presence, wishes and publications", () => {
  const acts = fc.oneof(
    fc.record({ act: fc.constant("publish" as const), node: fc.constantFrom(tune, mood), own: fc.boolean() }),
    fc.record({ act: fc.constant("want" as const), nodes: fc.subarray([tune, mood]) }),
    fc.record({ act: fc.constantFrom("vanish" as const, "pause" as const) }),
  );

  it("is each item once at most, in order, and the latest one of each node that it wants at last", async () => {
    const [a, b] = await stage.friends();
    const authors = [await stage.enter(a, "author"), await stage.enter(b, "author")] as const;
    let number = 0;
    const latest = new Map<string, number>();
    await fc.assert(fc.asyncProperty(fc.array(acts, { minLength: 4, maxLength: 16 }), async (script) => {
      const bob = await stage.enter(b, "changing");
      const periods = new Periods(bob);
      for (const each of script) {
        // Nobody waits for anything here, but in a pause.
        if (each.act === "publish") {
          const author = authors[each.own ? 1 : 0];
          latest.set(`${author.bare} ${each.node}`, (number += 1));
          author.send(`<iq type='set' id='p${number}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>${publish(each.node, item(String(number), "current"))}</pubsub></iq>`);
        }
        if (each.act === "want") periods.want(each.nodes);
        if (each.act === "vanish") periods.leave();
        if (each.act === "pause") periods.hear(await settled(bob));
      }
      for (const author of authors) await author.caughtUp();
      for (let answered = 0; answered < 2; answered += 1) periods.hear(await settled(bob));
      for (const { told } of periods.all) {
        for (const key of new Set(told.map(({ key }) => key))) {
          const numbers = told.filter((each) => each.key === key).map(({ number }) => number);
          expect(numbers, key).toEqual([...new Set(numbers)].toSorted((x, y) => x - y));
        }
      }
      const { told } = periods.all.at(-1)!;
      for (const [key, last] of latest) {
        if (periods.wanted.some((node) => key.endsWith(` ${node}`))) expect(told.findLast((each) => each.key === key)?.number, key).toBe(last);
      }
      await bob.close();
    }), { numRuns: 15 });
  });
});

/** What a client is told in each of its periods: what it says when it leaves is answered before it can be told anything of the next one. */
class Periods {
  readonly all: { readonly told: { readonly key: string; readonly number: number }[] }[] = [{ told: [] }];
  wanted: readonly string[] = [];
  readonly #client: BoundClient;

  constructor(client: BoundClient) {
    this.#client = client;
  }

  want(nodes: readonly string[]): void {
    this.wanted = nodes;
    this.#client.send(presenceWith(this.#features));
  }

  leave(): void {
    this.wanted = [];
    this.#client.send("<presence type='unavailable'/><iq type='get' id='left' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
  }

  hear(stanzas: readonly Xml[]): void {
    for (const stanza of stanzas) {
      const question = stanza.attrs["type"] === "get" ? childOf(stanza, "query") : undefined;
      if (question !== undefined) this.#answer(stanza);
      if (stanza.attrs["id"] === "left") this.all.push({ told: [] });
      for (const text of events([stanza])) {
        const [, key, number] = /^(.*): current=(\d+)/.exec(text)!;
        this.all.at(-1)!.told.push({ key: key!, number: Number(number) });
      }
    }
  }

  /** As it claimed when it was asked, which may be long ago. */
  #answer(question: Xml): void {
    const node = childOf(question, "query")?.attrs["node"] ?? "";
    const claimed = [[], [tune], [mood], [tune, mood]].map((nodes) => nodes.map((each) => `${each}+notify`));
    const features = claimed.find((each) => presenceWith(each).includes(`ver='${node.slice("urn:test#".length)}'`));
    if (features !== undefined) this.#client.send(answerTo(question, features));
  }

  get #features(): readonly string[] {
    return this.wanted.map((node) => `${node}+notify`);
  }
}
