import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { showXml } from "../support/xml-reader.ts";

let server: TestServer;
let romeo: BoundClient;

beforeAll(async () => {
  server = await startServer();
  await server.addUser("romeo", "pw");
  await server.addUser("juliet", "pw");
  romeo = await login(server, { user: "romeo", password: "pw" });
});
afterAll(() => server.stop());

/** Everything that comes back for a stanza to `name`, with the name taken out. */
async function answersFor(stanza: string, name: string): Promise<readonly string[]> {
  romeo.send(stanza.replaceAll("NAME", name));
  return (await romeo.caughtUp()).map((element) => showXml(element).replaceAll(name, "NAME"));
}

describe("RFC 6121 section 8.1: no stranger learns which accounts exist", () => {
  it.each([
    ["a ping", "<iq type='get' id='1' to='NAME@localhost'><ping xmlns='urn:xmpp:ping'/></iq>"],
    ["a question for features", "<iq type='get' id='1' to='NAME@localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"],
    ["a question for items", "<iq type='get' id='1' to='NAME@localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>"],
    ["a roster request", "<iq type='get' id='1' to='NAME@localhost'><query xmlns='jabber:iq:roster'/></iq>"],
    ["an unknown request", "<iq type='set' id='1' to='NAME@localhost'><what xmlns='urn:example:what'/></iq>"],
    ["an iq to a resource", "<iq type='get' id='1' to='NAME@localhost/balcony'><ping xmlns='urn:xmpp:ping'/></iq>"],
    // What is kept for a user who is not there tells of the account: RFC 6121 section 8.5.2.2.1 has it kept, 8.5.1 has nobody's refused.
    ["a message that is not kept", "<message id='1' to='NAME@localhost' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"],
    ["a message to a resource", "<message id='1' to='NAME@localhost/balcony'><body>hark</body></message>"],
    ["a headline", "<message id='1' to='NAME@localhost' type='headline'><body>hark</body></message>"],
    ["presence", "<presence id='1' to='NAME@localhost'/>"],
    ["an immoderate subscription request", `<presence id='1' type='subscribe' to='NAME@localhost'><status>${"n".repeat(5_000)}</status></presence>`],
    ["a subscription request", "<presence id='1' type='subscribe' to='NAME@localhost'/>"],
    ["a probe", "<presence id='1' type='probe' to='NAME@localhost'/>"],
  ])("from the answer to %s", async (_, stanza) => {
    expect(await answersFor(stanza, "juliet")).toEqual(await answersFor(stanza, "nobody"));
  });
});
