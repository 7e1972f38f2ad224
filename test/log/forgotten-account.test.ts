/** What the disk holds of an account that was deleted: that there was one of its name, and nothing else. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { eventually } from "../session/watching.ts";
import { login } from "../support/login.ts";
import { drivers, removeTempFolders, tempFolder } from "./engines.ts";

afterAll(removeTempFolders);

/** Each in one place only, and long enough to be in no other by chance. */
const traces = {
  resource: "orchard-resource", name: "name-of-a-contact", group: "group-of-contacts", vcard: "words-of-a-vcard", bookmark: "name-of-a-bookmark",
  status: "words-of-a-presence", offline: "body-that-waits", queued: "body-in-a-queue", directed: "directed-to.example",
  delivered: "body-that-waited", blocked: "blocked-one.example", farewell: "words-of-a-farewell", hibernating: "body-for-a-sleeper",
};

for (const { driver } of drivers.filter(({ missing }) => missing === undefined)) {
  describe(`an account that is deleted, by ${driver}`, () => {
    it("leaves its name and when it ended, in the file and in the log beside it", async () => {
      const file = join(tempFolder(), "refrain.db");
      const store = await openSqliteStore({ file, durability: "full", driver, onFatal: (error) => { throw error; } });
      const server = await startServer({ allowPlaintext: true, parts: { store } });
      const bytes = () => [file, `${file}-wal`].map((path) => (existsSync(path) ? readFileSync(path, "latin1") : "")).join("");
      const found = () => Object.values(traces).filter((text) => bytes().includes(text));
      for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
      const enter = (user: string, resource: string) => login(server, { user, resource, over: "plaintext" });
      const juliet = await enter("juliet", "balcony");
      // What others have archived of a conversation is theirs.
      await juliet.ask("<iq type='set' id='a'><prefs xmlns='urn:xmpp:mam:2' default='never'><always/><never/></prefs></iq>");
      const chat = (body: string, to = "romeo@localhost") => juliet.ask(`<message type='chat' to='${to}'><body>${body}</body></message>`);

      await chat(traces.delivered);
      const earlier = await enter("romeo", "earlier");
      await earlier.ask("<presence/>");
      await earlier.ask(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost' name='${traces.name}'><group>${traces.group}</group></item></query></iq>`);
      await earlier.ask(`<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>${traces.vcard}</FN></vCard></iq>`);
      await earlier.ask(`<iq type='set' id='p'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'><conference jid='a@b' name='${traces.bookmark}'/></storage></query></iq>`);
      await earlier.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${traces.blocked}'/></block></iq>`);
      await earlier.ask(`<presence type='unavailable'><status>${traces.farewell}</status></presence>`);
      await earlier.close();
      await chat(traces.offline);

      const counting = async (resource: string) => {
        const client = await enter("romeo", resource);
        client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        await client.ask(`<presence><priority>-1</priority><status>${traces.status}</status></presence><presence to='${traces.directed}'/>`);
        return client;
      };
      const attached = await counting(traces.resource);
      const sleeper = await counting("sleeper");
      await chat(traces.queued, attached.jid);
      sleeper.raw.destroy();
      await eventually(async () => (await server.sessions()).some(({ state }) => state.endsWith("hibernating")) || undefined);
      await chat(traces.hibernating, sleeper.jid);
      // Nobody is told when the last of them is on the disk.
      await eventually(async () => found().length === Object.values(traces).length || undefined);

      await server.server.admin.userDelete("romeo@localhost");
      expect(found()).toEqual([]);
      attached.raw.destroy();
      await eventually(async () => (await server.sessions()).length === 1 || undefined);
      await juliet.caughtUp();
      expect(found()).toEqual([]);
      const facts = await store.readAll(0, 999);
      expect(facts.filter(({ data }) => JSON.stringify(data).includes("romeo")).map(({ type, data }) => [type, data])).toEqual([
        ["AccountDeleted", { host: "localhost", username: "romeo" }],
      ]);
      const rest = await store.query("sessions", { prefix: "", limit: 99 });
      expect(JSON.stringify(rest)).not.toContain("romeo");
      juliet.raw.destroy();
      await server.stop();
      expect(found()).toEqual([]);
      expect(bytes()).toContain("juliet");
    });
  });
}
