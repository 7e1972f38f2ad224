/** What clients that resume are told of nodes when the server was stopped or killed meanwhile. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sessionStateBytesMax } from "../../src/domain/limits.ts";
import { ManagedClient } from "../management/support.ts";
import { until } from "../presence/support.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { SlowDisk } from "./xep-0163-disk.ts";
import { announce, answerTo, events, item, options, presenceWith, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

const disk = new SlowDisk();
let stage: Stage;
let clients: ManagedClient[] = [];
beforeAll(async () => {
  stage = await startStage({ parts: { openStore: disk.openStore } });
});
afterEach(() => {
  disk.release();
  for (const client of clients) client.cut();
  clients = [];
});
afterAll(() => stage.server.stop());

const [tune, mood] = ["urn:test:tune", "urn:test:mood"];
const notify = (nodes: readonly string[]) => nodes.map((node) => `${node}+notify`);
const isQuestion = (stanza: Xml) => stanza.attrs["type"] === "get" && childOf(stanza, "query")?.xmlns === "http://jabber.org/protocol/disco#info";

/** It can resume, and is not available. */
async function resumable(user: string): Promise<ManagedClient> {
  const client = await ManagedClient.login(stage.server, { user, resource: "phone" });
  clients.push(client);
  await client.enable();
  return client;
}

/** Comes back and answers what it is asked. Returns what else it is told. */
async function resumed(client: ManagedClient, wanted: readonly string[]): Promise<readonly string[]> {
  await client.resume();
  const came = await settled(client);
  for (const stanza of came.filter(isQuestion)) client.send(answerTo(stanza, notify(wanted)));
  return events([...came, ...(await settled(client))]);
}

describe("XEP-0163 section 4.3.3 a client that resumes after the server was started again", () => {
  it.each([{ kill: false }, { kill: true }])("hears of all that has happened since, before it has said anew what it wants ($kill: killed)", async ({ kill }) => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const id of ["1", "2"]) await request(alice, "set", publish(tune, item("La", id), options({ max_items: "max" })));
    const bob = await resumable(b);
    expect(events(await announce(bob, [tune]))).toEqual([`${a}@localhost ${tune}: 2=La (late)`]);
    await stage.server.restart({ kill });
    const again = await stage.enter(a, "again");
    await request(again, "set", publish(tune, item("Si", "3")));
    await request(again, "set", `<retract node='${tune}' notify='true'><item id='1'/></retract>`);
    await request(again, "set", publish(mood, item("glad", "1")));
    await bob.resume();
    // It is asked, and says nothing.
    const came = await settled(bob);
    expect(events(came)).toEqual([`${a}@localhost ${tune}: 3=Si`, `${a}@localhost ${tune}: -1`]);
    await request(again, "set", `<retract node='${tune}' notify='true'><item id='2'/></retract>`);
    expect(events(await settled(bob))).toEqual([`${a}@localhost ${tune}: -2`]);
    // Nor is it sent anything again when it answers.
    const question = came.find(isQuestion);
    bob.send(answerTo(question!, notify([tune])));
    expect(events(await settled(bob))).toEqual([]);
    await bob.ask("<presence type='unavailable'/>");
    await request(again, "set", publish(tune, item("Do", "4")));
    expect(events(await settled(bob))).toEqual([]);
  });

  it("wants what it wanted, though it answers what it is asked with an error", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    const bob = await resumable(b);
    await announce(bob, [tune]);
    await stage.server.restart({ kill: true });
    const again = await stage.enter(a, "again");
    await bob.resume();
    const questions = (await settled(bob)).filter(isQuestion);
    expect(questions).not.toEqual([]);
    for (const { attrs } of questions) {
      bob.send(`<iq type='error' id='${attrs["id"]}' to='${attrs["from"]}'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`);
    }
    await settled(bob);
    await request(again, "set", publish(tune, item("La", "1")));
    expect(events(await settled(bob))).toEqual([`${a}@localhost ${tune}: 1=La`]);
    // What is another client now has not said so.
    bob.send(presenceWith(notify([mood])));
    for (const { attrs } of (await settled(bob)).filter(isQuestion)) bob.send(`<iq type='result' id='${attrs["id"]}' to='${attrs["from"]}'/>`);
    await settled(bob);
    await request(again, "set", publish(tune, item("Si", "2")));
    expect(events(await settled(bob))).toEqual([]);
    await alice.raw.destroy();
  });

  it("with more wishes than are kept, hears of the others when it has said them anew", async () => {
    const [a, b] = await stage.friends();
    const wanted = Array.from({ length: 2 * Math.ceil(sessionStateBytesMax / 50) }, (_, index) => `urn:test:${index}:${"\u{1f3b5}".repeat(9)}`);
    const bob = await resumable(b);
    await announce(bob, wanted);
    await stage.server.restart({ kill: true });
    const alice = await stage.enter(a, "again");
    const [first, last] = [wanted[0]!, wanted.at(-1)!];
    for (const node of [first, last]) await request(alice, "set", publish(node, item("x", "1")));
    expect(await resumed(bob, wanted)).toEqual([`${a}@localhost ${first}: 1=x`, `${a}@localhost ${last}: 1=x (late)`]);
  });
});

describe("XEP-0163 section 4.3.4 last items that are under way when the server is killed", () => {
  it("are sent when the client resumes, each once and before it has said anew what it wants", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    await request(alice, "set", publish(tune, item("La", "1")));
    const bob = await resumable(b);
    disk.hold(`pep/${tune}`);
    expect(events(await announce(bob, [tune]))).toEqual([]);
    expect(disk.waiting).toBe(1);
    await stage.server.restart({ kill: true });
    disk.release();
    expect(await resumed(bob, [tune])).toEqual([`${a}@localhost ${tune}: 1=La (late)`]);
    await bob.vanish(stage.server);
    await stage.server.restart({ kill: true });
    expect(await resumed(bob, [tune])).toEqual([]);
  });

  it("also where it had changed its wishes before, and what it was sent before them is not lost", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const node of [tune, mood]) await request(alice, "set", publish(node, item("La", "1")));
    const bob = await resumable(b);
    expect(events(await announce(bob, [tune]))).toEqual([`${a}@localhost ${tune}: 1=La (late)`]);
    disk.hold(`pep/${mood}`);
    await announce(bob, [tune, mood]);
    await until(() => disk.waiting > 0);
    await stage.server.restart({ kill: true });
    disk.release();
    expect(await resumed(bob, [tune, mood])).toContain(`${a}@localhost ${mood}: 1=La (late)`);
  });
});

describe("The last item after a restart of the server", () => {
  it("is sent to a client that resumes where it may have missed it, and is not where it has it", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.enter(a);
    for (const [node, text] of [[tune, "La"], [mood, "glad"]] as const) await request(alice, "set", publish(node, item(text, "1")));
    // Management comes after presence.
    const bob = await ManagedClient.login(stage.server, { user: b, resource: "phone" });
    clients.push(bob);
    expect(events(await announce(bob, [tune, mood]))).toHaveLength(2);
    await bob.enable();
    await stage.server.restart({ kill: true });
    const again = await stage.enter(a, "again");
    await request(again, "set", publish(tune, item("Si", "2")));
    expect(await resumed(bob, [tune, mood])).toEqual([`${a}@localhost ${tune}: 2=Si`]);
  });
});
