import { afterEach, describe, expect, it } from "vitest";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf } from "../support/xml-reader.ts";
import { children, valuesOfForm } from "./xep-0050-setting.ts";

let server: TestServer;
afterEach(() => server.stop());

const serverInfo = "http://jabber.org/network/serverinfo";

async function told(contact: NonNullable<TestServerOptions["contact"]>) {
  server = await startServer({ allowPlaintext: true, contact });
  const stage = new Stage(server);
  const romeo = await stage.enter((await stage.cast("romeo"))["romeo"], "phone");
  const [answer] = await romeo.ask("<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  stage.clear();
  return children(childOf(answer, "query")!).filter(({ name }) => name === "x").map(valuesOfForm).find((values) => values["FORM_TYPE"]?.[0] === serverInfo);
}

describe("XEP-0157 section 3: contact addresses", () => {
  it("are told in the description of the server, those that there are", async () => {
    expect(await told({ abuse: ["mailto:abuse@localhost", "xmpp:abuse@localhost"], status: ["https://status.localhost"] })).toEqual({
      FORM_TYPE: [serverInfo], "abuse-addresses": ["mailto:abuse@localhost", "xmpp:abuse@localhost"], "status-addresses": ["https://status.localhost"],
    });
  });

  it("are not there without any", async () => {
    expect(await told({})).toBeUndefined();
  });

  it("are URIs", async () => {
    server = await startServer();
    await expect(startServer({ contact: { admin: ["somebody"] } })).rejects.toThrow("contact.admin[0]: expected an address such as mailto:xmpp@example.org");
  });
});
