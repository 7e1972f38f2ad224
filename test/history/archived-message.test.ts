import { describe, expect, it } from "vitest";
import { createHistoryAdmin } from "../../src/admin/history-admin.ts";
import { findArchived } from "../../src/history/archived-message.ts";
import { tellStory } from "../../src/history/message-story.ts";
import { MessageTrace } from "../../src/history/message-trace.ts";
import { everyFact } from "../../src/history/source.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { restoreElement } from "../../src/xml/parse-element.ts";
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
    const explain = async (id: string, query: { readonly from?: string; readonly to?: string } = {}) => {
      const read = (text: string) => {
        const { id: said, type = "", from, to } = restoreElement(text).attrs as Readonly<Record<string, string | undefined>>;
        return { id: said ?? null, type, from: from ?? null, to: to ?? null };
      };
      const accounts = ["juliet", "romeo"].map((username) => ({ host: "localhost", username }));
      const archived = await findArchived({ source, accounts, id, inner: await stage.innerOf(id), read, looked: () => {} });
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
    expect((await explain("m1", { from: "juliet@localhost" })).passages).toEqual([]);
    expect((await explain("m1", { to: "juliet@localhost" })).passages).toHaveLength(2);
    expect((await explain("m2")).passages).toEqual([]);
    await stage.clear();
    await server.stop();
  });
});
