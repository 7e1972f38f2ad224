import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/index.ts";
import { exportFile, importFile, readFile } from "../admin/account-files.ts";
import { type BoundClient, login, type ServerAddress } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { Prosody, prosodyMissing } from "./prosody-transfer-server.ts";

const missing = prosodyMissing();
if (missing !== undefined) {
  if (process.env["CI"] === "true") throw new Error(`Prosody cannot be tested with, and CI=true allows no gap: ${missing}`);
  console.warn(`SKIPPED: everything that is tested with Prosody. ${missing}`);
}

describe.skipIf(missing !== undefined)("XEP-0227 accounts from Prosody and to it", () => {
  let prosody: Prosody;
  let server: TestServer;
  let clients: BoundClient[];

  beforeEach(async () => {
    [prosody, server, clients] = [await Prosody.prepare(), await startServer(), []];
  });
  afterEach(async () => {
    for (const client of clients) client.raw.destroy();
    await Promise.all([prosody.remove(), server.stop()]);
  });

  const enter = async (where: ServerAddress, user: string, password: string): Promise<BoundClient> => {
    const client = await login(where, { user, password, over: where === prosody ? "plaintext" : "tls" });
    clients.push(client);
    return client;
  };

  const leave = async (client: BoundClient): Promise<void> => {
    clients.splice(clients.indexOf(client), 1);
    await client.close();
  };

  /** What `romeo` sets, wherever that is. */
  const settle = async (client: BoundClient): Promise<void> => {
    const requests = [
      "<query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='Juliet &amp; nurse'><group>Friends</group><group>Verona</group></item></query>",
      "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'><conference jid='feast@muc.localhost' name='Feast'/></storage></query>",
      "<vCard xmlns='vcard-temp'><FN>Romeo Montague</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>iVBO</BINVAL></PHOTO></vCard>",
    ];
    for (const [index, request] of requests.entries()) {
      const answers = await client.ask(`<iq type='set' id='set-${index}'>${request}</iq>`);
      expect(answers.map(({ attrs }) => attrs["id"] === `set-${index}` && attrs["type"])).toContain("result");
    }
  };

  const get = async (client: BoundClient, payload: string): Promise<Xml> => {
    const answer = (await client.ask(`<iq type='get' id='get'>${payload}</iq>`)).find(({ attrs }) => attrs["id"] === "get");
    const [child] = answer?.children ?? [];
    if (answer?.attrs["type"] !== "result" || child === undefined || typeof child === "string") throw new Error(answer && showXml(answer));
    return child;
  };

  /** That it is all there. */
  const expectSettled = async (client: BoundClient): Promise<void> => {
    const [item] = (await get(client, "<query xmlns='jabber:iq:roster'/>")).children as readonly Xml[];
    expect(item?.attrs).toEqual({ jid: "juliet@localhost", name: "Juliet & nurse", subscription: "none", ask: "subscribe" });
    expect(item?.children.map((group) => textOf(group as Xml)).toSorted()).toEqual(["Friends", "Verona"]);
    const bookmarks = childOf(await get(client, "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>"), "storage");
    expect(childOf(bookmarks, "conference")?.attrs).toEqual({ jid: "feast@muc.localhost", name: "Feast" });
    const vcard = await get(client, "<vCard xmlns='vcard-temp'/>");
    expect(textOf(childOf(vcard, "FN"))).toBe("Romeo Montague");
    expect(textOf(childOf(childOf(vcard, "PHOTO"), "BINVAL"))).toBe("iVBO");
  };

  it("takes over what a real Prosody has written, and its users log in at once", async () => {
    prosody.register("romeo", "secret");
    prosody.register("juliet", "a rose");
    await prosody.start();
    const romeo = await enter(prosody, "romeo", "secret");
    await romeo.ask("<presence/>");
    await settle(romeo);
    await romeo.ask("<presence type='subscribe' to='juliet@localhost'/>");
    await leave(romeo);
    await prosody.stop();
    for (const user of ["romeo", "juliet"]) {
      expect(await importFile(server.server.admin, "xep-0227", prosody.read(user))).toEqual({ created: 1, failures: [] });
      // Each account once, and nothing that Prosody wrote was not understood.
      expect(readFile("xep-0227", prosody.read(user))).toMatchObject([{ kind: "account", ignored: [] }]);
    }
    const [here, juliet] = [await enter(server, "romeo", "secret"), await enter(server, "juliet", "a rose")];
    await expectSettled(here);
    const request = (await juliet.ask("<presence/>")).find(({ attrs }) => attrs["type"] === "subscribe");
    expect(request?.attrs).toMatchObject({ from: "romeo@localhost", to: "juliet@localhost" });
  });

  it("writes what a real Prosody takes over, and its users log in at once", async () => {
    await server.addUser("romeo", "secret");
    await server.addUser("juliet", "a rose");
    const romeo = await enter(server, "romeo", "secret");
    await settle(romeo);
    await romeo.ask("<presence type='subscribe' to='juliet@localhost'/>");
    await leave(romeo);
    const { text, leftOut } = await exportFile(server.server.admin, "xep-0227");
    // The avatar is among the nodes (XEP-0227 section 4.10), and in the vCard too.
    expect(leftOut).toEqual([]);
    // Prosody looks for one user in each file.
    const users = text.match(/<user .*<\/user>\n/g) ?? [];
    expect(users).toHaveLength(2);
    for (const user of users) {
      const name = /name="([^"]+)"/.exec(user)?.[1] ?? "";
      const others = users.filter((other) => other !== user);
      writeFileSync(prosody.file(name), others.reduce((file, other) => file.replace(other, ""), text));
    }
    await prosody.start();
    const there = await enter(prosody, "romeo", "secret");
    await expectSettled(there);
    await enter(prosody, "juliet", "a rose");
  });
});
