import { describe, expect, it } from "vitest";
import { createHistoryAdmin } from "../../src/admin/history-admin.ts";
import { findArchived, innerId, ownId } from "../../src/history/archived-message.ts";
import { tellStory } from "../../src/history/message-story.ts";
import { MessageTrace } from "../../src/history/message-trace.ts";
import { everyFact, factsOf, type HistorySource } from "../../src/history/source.ts";
import type { StoredFact } from "../../src/ports.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { restoreElement } from "../../src/xml/parse-element.ts";
import { childOf } from "../support/xml-reader.ts";
import { ArchivedStage } from "./archived-setting.ts";

describe("where a message went that is only archived", () => {
  it("is told for both archives, by the id of the message and by that of an archive", async () => {
    const server = await startServer({ allowPlaintext: true });
    const stage = new ArchivedStage(server);
    await stage.enter("juliet");
    const romeo = await stage.enter("romeo");
    romeo.send("<message type='chat' to='juliet@localhost' id='m1'><body>hello</body></message>");
    await romeo.caughtUp();
    const told = await stage.toldOf("juliet@localhost");
    const source = createHistoryAdmin({ store: server.store, hosts: ["localhost"] });
    const read = (text: string) => {
      const { id: said, type = "", from, to } = restoreElement(text).attrs as Readonly<Record<string, string | undefined>>;
      return { id: said ?? null, type, from: from ?? null, to: to ?? null };
    };
    const accounts = ["juliet", "romeo"].map((username) => ({ host: "localhost", username }));
    const found = async (id: string) => findArchived({ source, accounts, id, inner: innerId(id, await stage.innerOf(id)), read, looked: () => {} });
    const followed = async (id: string) => ownId(await found(id));
    const explain = async (id: string, query: { readonly from?: string; readonly to?: string } = {}) => {
      const archived = await found(id);
      const trace = new MessageTrace({ id, ...query }, archived);
      for await (const fact of everyFact(source)) trace.take(fact);
      return tellStory({ id, ...query }, trace.passages, trace.facts, trace.others);
    };
    const both = await explain("m1");
    expect(both.passages.map(({ owner, where, outcome }) => [owner, where, outcome])).toEqual([
      ["romeo@localhost", "archive", "archived"], ["juliet@localhost", "archive", "archived"],
    ]);
    expect(both.summary).toBe("m1: romeo@localhost: in the archive (XEP-0313); juliet@localhost: in the archive (XEP-0313)");
    expect(both.passages[1]?.lines[0]?.text).toMatch(/into the archive of juliet@localhost \(XEP-0313\)/);
    const one = await explain(told);
    expect(one.passages.map(({ owner, where }) => [owner, where])).toEqual([["juliet@localhost", "archive"]]);
    // As `refrain log` names it, and by what that leads to.
    const inner = archivedIds(await pageOf(source, "account/localhost/juliet"))[0]!;
    expect((await explain(inner)).passages.map(({ owner, where }) => [owner, where])).toEqual([["juliet@localhost", "archive"]]);
    for (const id of [told, inner]) {
      expect(await followed(id)).toEqual({ id: "m1", from: "romeo@localhost/r" });
    }
    expect(await followed("m1")).toBeUndefined();
    expect((await explain("m1", { from: "juliet@localhost" })).passages).toEqual([]);
    expect((await explain("m1", { to: "juliet@localhost" })).passages).toHaveLength(2);
    expect((await explain("m2")).passages).toEqual([]);

    const hall = "hall@muc.localhost";
    await romeo.ask(`<presence to='${hall}/r'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
    await romeo.ask(`<iq type='set' id='make' to='${hall}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`);
    const heard = await romeo.ask(`<message type='groupchat' to='${hall}' id='m3'><body>hello all</body></message>`);
    const stanzaId = heard.flatMap((stanza) => childOf(stanza, "stanza-id")?.attrs["id"] ?? [])[0] ?? "";
    const [ofRoom = ""] = archivedIds(await pageOf(source, "room/muc.localhost/hall"));
    for (const id of [stanzaId, ofRoom]) {
      const story = await explain(id);
      expect(story.passages.map(({ owner, where, outcome }) => [owner, where, outcome])).toEqual([[hall, "archive", "archived"]]);
      expect(story.passages[0]?.lines[0]?.text).toMatch(/^message of type groupchat from hall@muc\.localhost\/r into the archive of hall@muc\.localhost/);
    }
    await stage.clear();
    await server.stop();
  });
});

async function pageOf(source: HistorySource, stream: string): Promise<readonly StoredFact[]> {
  const facts: StoredFact[] = [];
  for await (const fact of factsOf(source, stream)) facts.push(fact);
  return facts;
}

function archivedIds(facts: readonly StoredFact[]): readonly string[] {
  return facts.flatMap(({ type, data }) => (/^(?:Room)?MessageArchived$/.test(type) ? [(data as { readonly id: string }).id] : []));
}
