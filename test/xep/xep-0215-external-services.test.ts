import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf } from "../support/xml-reader.ts";
import { children } from "./xep-0050-setting.ts";

const xmlns = "urn:xmpp:extdisco:2";

let server: TestServer;
let stage: Stage;
let romeo: BoundClient;
let bare: string;
beforeAll(async () => {
  server = await startServer({
    allowPlaintext: true,
    externalServices: [
      { type: "stun", host: "stun.localhost" },
      { type: "turn", host: "turn.localhost", port: 5349, transport: "tcp", secret: "between us", lifetimeMs: 3_600_000 },
      { type: "turn", host: "turn.localhost", secret: "between us", lifetimeMs: 60_000 },
    ],
  });
  stage = new Stage(server);
  bare = (await stage.cast("romeo"))["romeo"];
  romeo = await stage.enter(bare, "phone");
});
afterAll(() => server.stop());

async function asked(client: BoundClient, payload: string): Promise<readonly Readonly<Record<string, string>>[] | string> {
  const [answer] = await client.ask(`<iq type='get' id='s' to='localhost'>${payload}</iq>`);
  if (answer?.attrs["type"] === "error") return childOf(answer, "error")!.children.map((child) => (typeof child === "string" ? child : child.name))[0]!;
  return children(children(answer!)[0]!).map(({ attrs }) => attrs);
}

const stun = { type: "stun", host: "stun.localhost", port: "3478", transport: "udp" };

/** What somebody is told who asks now, and gets a name that is good for so many seconds. */
function restricted(port: string, transport: string, seconds: number) {
  return expect.toSatisfy((told: Readonly<Record<string, string>>) => {
    const { username = "", password, expires = "", ...others } = told;
    const [until, ...who] = username.split(":");
    const left = Number(until) - Date.now() / 1_000;
    expect(others).toEqual({ type: "turn", host: "turn.localhost", port, transport, restricted: "true" });
    expect([who.join(":"), left > seconds - 30 && left <= seconds, Date.parse(expires) / 1_000, expires]).toEqual([bare, true, Number(until), expect.stringMatching(/^[-\d]+T[:\d]+Z$/)]);
    return password === createHmac("sha1", "between us").update(username).digest("base64");
  });
}

describe("XEP-0215 section 3.1: all services", () => {
  it("are told, with a name and a password that are good for a while where they are needed", async () => {
    expect(await asked(romeo, `<services xmlns='${xmlns}'/>`)).toEqual([
      stun, restricted("5349", "tcp", 3_600), restricted("3478", "udp", 60),
    ]);
  });

  it("are a feature of the server (section 5); without any there is nothing to ask for", async () => {
    const discovery = "<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
    const features = async (client: BoundClient) => children(childOf((await client.ask(discovery))[0]!, "query")!).map(({ attrs }) => attrs["var"]);
    expect(await features(romeo)).toContain(xmlns);
    const bareServer = await startServer({ allowPlaintext: true });
    try {
      const other = new Stage(bareServer);
      const client = await other.enter((await other.cast("romeo"))["romeo"], "phone");
      expect(await features(client)).not.toContain(xmlns);
      expect(await asked(client, `<services xmlns='${xmlns}'/>`)).toBe("service-unavailable");
      other.clear();
    } finally {
      await bareServer.stop();
    }
  });
});

describe("XEP-0215 section 3.2: services of one type", () => {
  it("are told alone", async () => {
    expect(await asked(romeo, `<services xmlns='${xmlns}' type='stun'/>`)).toEqual([stun]);
    expect(await asked(romeo, `<services xmlns='${xmlns}' type='ftp'/>`)).toEqual([]);
  });
});

describe("XEP-0215 section 3.3: credentials", () => {
  const of = (services: string) => asked(romeo, `<credentials xmlns='${xmlns}'>${services}</credentials>`);

  it("are given for the services of a host, or for the one at a port", async () => {
    expect(await of("<service host='turn.localhost' type='turn'/>")).toHaveLength(2);
    expect(await of("<service host='turn.localhost' type='turn' port='3478'/>")).toEqual([restricted("3478", "udp", 60)]);
  });

  it.each([
    ["where there is no such service", "<service host='turn.example' type='turn'/>", "item-not-found"],
    ["where none are needed", "<service host='stun.localhost' type='stun'/>", "item-not-found"],
    ["without a host", "<service type='turn'/>", "bad-request"],
    ["without a service", "", "bad-request"],
    ["for too many", "<service host='turn.localhost' type='turn'/>".repeat(51), "bad-request"],
  ])("are refused %s", async (_, services, condition) => {
    expect(await of(services)).toBe(condition);
  });
});
