/** A push service that is a component (XEP-0357 section 3: the app server is such a one as a rule). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { showXml } from "../support/xml-reader.ts";
import { Component, secret, words } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, components: [{ domain: "push.localhost", secret }], push: { disclose: "body" } });
  stage = new Stage(server);
});
afterAll(() => server.stop());

describe("XEP-0357 section 7 a push service at a component", () => {
  it("is told of a message that waits, in the user's name, and once it has answered of the next one", async () => {
    const push = await Component.connect(server, "push.localhost");
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const phone = await stage.enter(romeo, "phone");
    expect((await phone.ask("<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='push.localhost' node='yxs32uqsflafdk3iuqo'/></iq>")).map(words)[0]).toMatch(/^iq result/);
    await phone.close();
    const other = await stage.appear(juliet, "balcony");
    for (const body of ["one", "two"]) {
      await other.ask(`<message type='chat' to='${romeo}'><body>${body}</body></message>`);
      const told = await push.next();
      expect(words(told)).toBe("iq set romeo@localhost → push.localhost");
      expect(showXml(told)).toContain("yxs32uqsflafdk3iuqo");
      expect(showXml(told)).toContain(body);
      await push.ask(`<iq type='result' id='${told.attrs["id"]}' from='push.localhost' to='${romeo}'/>`);
    }
    push.cut();
    stage.clear();
  });
});
