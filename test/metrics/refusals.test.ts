/** What limits refuse is counted by their names, wherever that happens, and told to operators. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fieldAt } from "../../src/config/fields.ts";
import * as limits from "../../src/domain/limits.ts";
import { countedLimits, type LimitName } from "../../src/domain/refusals.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { BoshClient } from "../bosh/client.ts";
import { ManagedStage, enable } from "../management/support.ts";
import { joining, mucNamespace, newRoom, opened } from "../muc/setting.ts";
import { until } from "../presence/support.ts";
import { authenticate, bindRequest, connectSecure, saslPlain, streamHeader, type BoundClient } from "../support/login.ts";
import { boundFrames, openFrames } from "../support/web-socket-client.ts";
import { sources } from "../tidy/sources.ts";

let folder: string;
let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refrain-refusals-"));
  server = await startServer({
    allowPlaintext: true,
    http: true,
    upload: { maxFileBytes: 2_000, quotaBytes: 3_000, slotsPerMinute: 2, freeBytesMin: Number.MAX_SAFE_INTEGER },
    rooms: { perUser: 1, occupants: 2 },
    registration: { enabled: true, perAddress: 1 },
    session: { resourcesPerAccountMax: 2, negotiationTimeoutMs: 1_500 },
    limits: { queueStanzas: 100, offlineMessages: 1 },
    parts: { uploadFolder: folder },
  });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function told(limit: LimitName): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)).text();
  const sample = `refrain_refusals_total{limit="${limit}"} `;
  return Number(text.split("\n").find((line) => line.startsWith(sample))?.slice(sample.length));
}

/** By how much each of these has grown when it is done. */
async function counted(names: readonly LimitName[], work: () => Promise<void>): Promise<readonly number[]> {
  const before = await Promise.all(names.map(told));
  await work();
  return (await Promise.all(names.map(told))).map((count, index) => count - before[index]!);
}

async function user(name = "romeo"): Promise<BoundClient> {
  return stage.enter((await stage.cast(name))[name]!, "phone");
}

describe("refrain_refusals_total", () => {
  it.each([
    ["stanzaBytesMax", `<a xmlns='x' b='${"b".repeat(limits.xmlLimitsUnauthenticated.stanzaBytesMax)}'/>`],
    ["depthMax", "<a xmlns='x'>".repeat(limits.xmlLimitsUnauthenticated.depthMax + 1)],
    ["attributesMax", `<a xmlns='x' ${Array.from({ length: limits.xmlLimitsUnauthenticated.attributesMax + 1 }, (_, index) => `a${index}=''`).join(" ")}/>`],
    ["nameBytesMax", `<${"a".repeat(limits.xmlLimitsUnauthenticated.nameBytesMax + 1)} xmlns='x'/>`],
    ["elementsMax", `<a xmlns='x'>${"<b/>".repeat(limits.xmlLimitsUnauthenticated.elementsMax)}</a>`],
  ] as const)("counts streams that are closed by %s", async (limit, text) => {
    expect(await counted([limit], async () => {
      const raw = await connectSecure(server, "plaintext");
      raw.send(streamHeader(server.domain));
      await raw.expect("</stream:features>");
      raw.send(text);
      await raw.expect("<policy-violation");
      raw.destroy();
    })).toEqual([1]);
  });

  it("counts a stanza that is too large after the login by its setting, which the client is told", async () => {
    const { romeo: jid } = await stage.cast("romeo");
    const stanza = (bytes: number) => `<message xmlns='jabber:client'>${"x".repeat(bytes)}</message>`;
    expect(await counted(["limits.stanzaBytes", "stanzaBytesMax"], async () => {
      const romeo = await stage.enter(jid, "phone");
      romeo.send(stanza(300_000));
      await romeo.raw.expect(/<policy-violation[^>]*><text[^>]*>[^<]*\(limits\.stanzaBytes\)<\/text>/);
      // More than is read for the sake of an answer.
      const frames = await boundFrames({ port: server.httpPort, username: jid.split("@")[0]!, password: "secret" });
      frames.send(stanza(600_000));
      await frames.until(/^closed/);
    })).toEqual([2, 0]);
  });

  it("counts requests of web pages whose origin is not let in", async () => {
    expect(await counted(["listen.http.origins"], async () => {
      for (const method of ["OPTIONS", "POST"]) {
        expect((await fetch(`http://127.0.0.1:${server.httpPort}/http-bind`, { method, headers: { origin: "https://chat.example" } })).status).toBe(403);
      }
      expect((await openFrames({ port: server.httpPort, origin: "https://chat.example" })).received).toEqual([expect.stringMatching(/^refused 403 /)]);
    })).toEqual([3]);
  });

  it("counts what comes by BOSH and is too large, or too deep, as what comes in a stream", async () => {
    const bosh = new BoshClient({ port: server.httpPort });
    expect(await counted(["limits.stanzaBytes", "stanzaBytesMax", "depthMax"], async () => {
      const body = (inside: string) => `<body rid='1' to='localhost' xmlns='http://jabber.org/protocol/httpbind'>${inside}</body>`;
      expect((await bosh.raw(body("x".repeat(2_000_000)))).text).toContain("policy-violation");
      expect((await bosh.raw(body(`<a xmlns='x' b='${"b".repeat(limits.xmlLimitsUnauthenticated.stanzaBytesMax + limits.wrapperBytesMax)}'/>`))).text).toContain("bad-request");
      const deep = limits.xmlLimitsUnauthenticated.depthMax + 1;
      expect((await bosh.raw(body("<a>".repeat(deep) + "</a>".repeat(deep)))).text).toContain("bad-request");
    })).toEqual([1, 1, 1]);
  });

  it("counts sessions by BOSH from an address with too many", async () => {
    const other = await startServer({ http: true, proxy: { publicUrl: "https://xmpp.example.org", trustedProxies: ["127.0.0.1"] }, limits: { connectionsPerAddress: 1 }, metrics: { token: "0123456789abcdef" } });
    const bosh = () => new BoshClient({ port: other.httpPort, headers: { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https" } });
    expect(await bosh().begin()).toContain("<stream:features");
    expect(await bosh().begin()).toContain("policy-violation");
    const text = await (await fetch(`http://127.0.0.1:${other.httpPort}/metrics`, { headers: { authorization: "Bearer 0123456789abcdef" } })).text();
    await other.stop();
    expect(text).toContain('refrain_refusals_total{limit="limits.connectionsPerAddress"} 1\n');
  });

  it("counts the bounds that the machine keeps: logins, bindings, and the time for both", async () => {
    await stage.cast("romeo");
    const of = ["saslTriesMax", "bindTriesMax", "session.negotiationTimeoutMs", "session.resourcesPerAccountMax"] as const;
    expect(await counted(of, async () => {
      const slow = await connectSecure(server, "plaintext");
      slow.send(streamHeader(server.domain));
      const raw = await connectSecure(server, "plaintext");
      raw.send(streamHeader(server.domain));
      await raw.expect("</stream:features>");
      for (let tries = 0; tries < limits.saslTriesMax; tries += 1) raw.send(saslPlain("nobody"));
      await raw.expect("too many attempts to log in");
      raw.destroy();
      const { romeo: jid } = await stage.cast("romeo");
      await stage.enter(jid, "one");
      await stage.enter(jid, "two");
      const third = await authenticate(server, { user: jid.split("@")[0]!, over: "plaintext" });
      for (let tries = 0; tries < limits.bindTriesMax; tries += 1) third.send(bindRequest(`more-${tries}`, String(tries)));
      await third.expect("too many attempts to bind a resource");
      third.destroy();
      await slow.expect("connection-timeout");
      slow.destroy();
    })).toEqual([1, 1, 1, limits.bindTriesMax]);
  });

  it("counts what is refused with an error: rosters, private XML, push, nodes, archives", async () => {
    const romeo = await user();
    const set = (inner: string) => romeo.ask(`<iq type='set' id='set'>${inner}</iq>`);
    const item = (attributes: string, groups = "") => set(`<query xmlns='jabber:iq:roster'><item jid='juliet@localhost' ${attributes}>${groups}</item></query>`);
    const publish = (node: string, id: string) => set(`<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item id='${id}'><a xmlns='urn:a'/></item></publish></pubsub>`);
    const of = ["rosterNameBytesMax", "rosterGroupsMax", "pushNodeCharsMax", "nodeIdBytesMax", "nodeItemIdBytesMax", "archiveQueryIdCharsMax", "privateNamespacesMax"] as const;
    expect(await counted(of, async () => {
      await item(`name='${"n".repeat(limits.rosterNameBytesMax + 1)}'`);
      await item("", Array.from({ length: limits.rosterGroupsMax + 1 }, (_, index) => `<group>${index}</group>`).join(""));
      await set(`<enable xmlns='urn:xmpp:push:0' jid='push.example' node='${"n".repeat(limits.pushNodeCharsMax + 1)}'/>`);
      await publish("n".repeat(limits.nodeIdBytesMax + 1), "1");
      await publish("urn:a", "i".repeat(limits.nodeItemIdBytesMax + 1));
      await set(`<query xmlns='urn:xmpp:mam:2' queryid='${"q".repeat(limits.archiveQueryIdCharsMax + 1)}'/>`);
      await set(`<query xmlns='jabber:iq:private'>${Array.from({ length: limits.privateNamespacesMax + 1 }, (_, index) => `<a xmlns='urn:${index}'/>`).join("")}</query>`);
    })).toEqual(of.map(() => 1));
  });

  it("counts what rooms refuse", async () => {
    const [romeo, juliet, nurse] = [await user("romeo"), await user("juliet"), await user("nurse")];
    const room = newRoom();
    const of = ["rooms.perUser", "rooms.occupants", "roomPresenceBytesMax", "roomInvitesAtOnceMax"] as const;
    expect(await counted(of, async () => {
      await opened(romeo, room, "romeo");
      await romeo.ask(joining(newRoom(), "romeo"));
      await juliet.ask(joining(room, "juliet"));
      await nurse.ask(joining(room, "nurse"));
      await romeo.ask(joining(room, "romeo", "", `<status>${"s".repeat(limits.roomPresenceBytesMax)}</status>`));
      const invites = Array.from({ length: limits.roomInvitesAtOnceMax + 1 }, (_, index) => `<invite to='guest${index}@localhost'/>`).join("");
      await romeo.ask(`<message to='${room}' id='invite'><x xmlns='${mucNamespace}#user'>${invites}</x></message>`);
    })).toEqual([1, 1, 1, 1]);
  });

  it("counts what files, and accounts of newcomers, are refused", async () => {
    const romeo = await user();
    const slot = (size: number) => romeo.ask(`<iq type='get' id='slot' to='localhost'><request xmlns='urn:xmpp:http:upload:0' filename='a' size='${size}'/></iq>`);
    const of = ["upload.maxFileBytes", "upload.quotaBytes", "upload.slotsPerMinute", "upload.freeBytesMin"] as const;
    expect(await counted(of, async () => {
      await slot(2_001);
      const [answer] = await slot(2_000);
      const url = /url="([^"]+slot=[^"]+)"|url='([^']+slot=[^']+)'/.exec(romeo.raw.received);
      expect(answer?.attrs["type"]).toBe("result");
      await slot(2_000);
      expect((await fetch((url?.[1] ?? url?.[2] ?? "").replaceAll("&amp;", "&"), { method: "PUT", body: "x".repeat(2_000) })).status).toBe(507);
      await slot(500);
      await slot(1);
    })).toEqual([1, 1, 1, 1]);
  });

  it("counts what nobody is told of: messages that are not kept, and queues that end what can be resumed", async () => {
    const [romeo, { juliet: absent }] = [await user("romeo"), await stage.cast("juliet")];
    const { nurse: name } = await stage.cast("nurse");
    const nurse = await stage.bound(name);
    nurse.raw.send(enable("resume='true'"));
    await nurse.raw.expect(/<enabled [^>]*>/);
    nurse.raw.send("<presence/>");
    await until(() => server.session(nurse.jid)?.presence !== undefined);
    expect(await counted(["limits.offlineMessages", "limits.queueStanzas"], async () => {
      for (let count = 0; count < 2; count += 1) await romeo.ask(`<message to='${absent}' type='chat' id='m${count}'><body>hello</body></message>`);
      for (let count = 0; count <= 105; count += 1) romeo.send(`<message to='${nurse.jid}' type='chat' id='q${count}'><body>${count}</body></message>`);
      await romeo.caughtUp();
      while ((await told("limits.queueStanzas")) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    })).toEqual([1, 1]);
  });

  it("is there for each limit from the beginning", async () => {
    const text = await (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)).text();
    expect(text.split("\n").filter((line) => line.startsWith("refrain_refusals_total{"))).toHaveLength(Object.keys(countedLimits).length);
  });
});

describe("The names of counted limits", () => {
  it("are those of limits.ts, or settings", () => {
    const known = new Set([...Object.keys(limits), ...Object.keys(limits.xmlLimitsAuthenticated)]);
    expect(Object.keys(countedLimits).filter((name) => !known.has(name) && fieldAt(name) === undefined)).toEqual([]);
  });

  it("are each counted somewhere", () => {
    const texts = sources("src").filter(({ path }) => path !== "src/domain/refusals.ts").map(({ text }) => text).join("\n");
    const dynamic = new Set(["registration.perAddress", "registration.perHour"]);
    expect(texts).toContain("refused(`registration.${bound}`)");
    expect(Object.keys(countedLimits).filter((name) => !texts.includes(`"${name}"`) && !dynamic.has(name))).toEqual([]);
  });
});
