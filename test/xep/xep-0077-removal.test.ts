/** What is left of an account that its user has removed, over everything that extensions keep. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { eventually } from "../session/watching.ts";
import { login } from "../support/login.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";
import { outcome, register } from "./xep-0077-setting.ts";

const folder = mkdtempSync(join(tmpdir(), "refrain-removal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each in one place only, and long enough to be in no other by chance. */
const traces = {
  contact: "name-of-a-contact", vcard: "words-of-a-vcard", blocked: "blocked-one.example", privateXml: "private-words-of-one", bookmark: "name-of-a-bookmark",
  item: "words-of-an-item", subscribed: "node-of-a-follower", push: "secret-of-an-app", archived: "body-that-is-archived", preference: "always-archived.example",
};

describe("XEP-0077 section 3.2: of an account that was removed", () => {
  it("nothing is left on the disk but its name, when it ended, and what it said to others", async () => {
    const [file, uploads] = [join(folder, "refrain.db"), join(folder, "uploads")];
    const store = await openSqliteStore({ file, durability: "full", onFatal: (error) => { throw error; } });
    const server = await startServer({ allowPlaintext: true, http: true, upload: { freeBytesMin: 0 }, parts: { store, uploadFolder: uploads } });
    const bytes = () => [file, `${file}-wal`].map((path) => (existsSync(path) ? readFileSync(path, "latin1") : "")).join("");
    const found = () => Object.entries(traces).filter(([, text]) => bytes().includes(text)).map(([name]) => name);
    for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
    const enter = (user: string) => login(server, { user, over: "plaintext" });
    const [juliet, romeo] = [await enter("juliet"), await enter("romeo")];
    const done = async (iq: string): Promise<Xml> => {
      const answer = (await romeo.ask(iq)).find(({ name, attrs }) => name === "iq" && attrs["id"] === "s")!;
      expect(outcome(answer), iq).toBe("result");
      return answer;
    };
    const set = (payload: string, to = "") => done(`<iq type='set' id='s' ${to}>${payload}</iq>`);
    const publish = (node: string, id: string, item: string) =>
      set(`<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item id='${id}'>${item}</item></publish></pubsub>`);

    await juliet.ask("<presence/>");
    // What others have archived of a conversation is theirs.
    await juliet.ask("<iq type='set' id='a'><prefs xmlns='urn:xmpp:mam:2' default='never'><always/><never/></prefs></iq>");
    await set(`<query xmlns='jabber:iq:roster'><item jid='nurse@localhost' name='${traces.contact}'/></query>`);
    await set(`<vCard xmlns='vcard-temp'><FN>${traces.vcard}</FN></vCard>`);
    await set(`<block xmlns='urn:xmpp:blocking'><item jid='${traces.blocked}'/></block>`);
    await set(`<query xmlns='jabber:iq:private'><a xmlns='urn:a'>${traces.privateXml}</a></query>`);
    await publish("urn:xmpp:bookmarks:1", "garden@muc.localhost", `<conference xmlns='urn:xmpp:bookmarks:1' name='${traces.bookmark}'/>`);
    await publish("urn:example:words", "one", `<words xmlns='urn:example:words'>${traces.item}</words>`);
    await publish(traces.subscribed, "one", "<x xmlns='urn:x'/>");
    await set(`<enable xmlns='urn:xmpp:push:0' jid='juliet@localhost/test' node='n'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='secret'><value>${traces.push}</value></field></x></enable>`);
    await set(`<prefs xmlns='urn:xmpp:mam:2' default='always'><always><jid>${traces.preference}</jid></always><never/></prefs>`);
    await romeo.ask("<presence/>");
    await juliet.ask(`<message type='chat' to='romeo@localhost'><body>${traces.archived}</body></message>`);
    const slot = childOf(await done("<iq type='get' id='s' to='localhost'><request xmlns='urn:xmpp:http:upload:0' filename='picture.png' size='5'/></iq>"), "slot");
    expect((await fetch(childOf(slot, "put")!.attrs["url"]!, { method: "PUT", body: "12345" })).status).toBe(201);
    await romeo.ask("<presence to='garden@muc.localhost/montague'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    await eventually(async () => found().length === Object.keys(traces).length || undefined).catch(() => expect(found()).toEqual(Object.keys(traces)));
    expect(readdirSync(uploads, { recursive: true }).filter((name) => !String(name).startsWith(".")).length).toBeGreaterThan(0);

    romeo.send(`<iq type='set' id='bye'><query xmlns='${register}'><remove/></query></iq>`);
    await romeo.raw.expect(/<iq [^>]*id="bye"[^>]*\/>.*<\/stream:stream>/s);
    romeo.raw.destroy();
    await eventually(async () => (await server.sessions()).length === 1 || undefined);
    await juliet.caughtUp();
    await eventually(async () => found().length === 0 || undefined);
    await eventually(async () => readdirSync(uploads, { recursive: true }).every((name) => !/picture|romeo/.test(String(name))) || undefined);
    const facts = (await store.readAll(0, 9_999)).filter(({ data }) => JSON.stringify(data).includes("romeo"));
    // What he did in rooms is the rooms' past; in their lists he is no more (test/muc/deleted-accounts.test.ts).
    expect(facts.filter(({ stream }) => !stream.startsWith("room/")).map(({ type, data }) => [type, data])).toEqual([["AccountDeleted", { host: "localhost", username: "romeo" }]]);
    expect(JSON.stringify(await store.query("sessions", { prefix: "", limit: 99 }))).not.toContain("romeo");
    const [room] = await juliet.ask("<iq type='get' id='i' to='garden@muc.localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
    expect(JSON.stringify(room)).not.toContain("montague");
    juliet.raw.destroy();
    await server.stop();
    expect(found()).toEqual([]);
  });
});
