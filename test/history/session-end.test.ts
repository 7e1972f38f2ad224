import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Neighbourhood, neighbourhood } from "../../src/history/neighbourhood.ts";
import { rostersAt } from "../../src/history/replay.ts";
import { type EndExplanation, type Now, SessionEnd } from "../../src/history/session-end.ts";
import { factsOf } from "../../src/history/source.ts";
import { findSession, streamOf } from "../../src/history/subject.ts";
import { chat, gone, ManagedClient } from "../management/support.ts";
import { loggedServer, type LoggedServer } from "./living.ts";

let stage: LoggedServer;
beforeAll(async () => {
  stage = await loggedServer(["romeo", "juliet"]);
});
afterAll(() => stage.server.stop());

async function explain(text: string, { server, source, settled }: LoggedServer = stage, now: Now = {}): Promise<EndExplanation> {
  expect(server.port).toBeGreaterThan(0);
  await settled();
  const row = await findSession(source, text);
  const end = new SessionEnd();
  for await (const fact of factsOf(source, streamOf(row))) end.take(fact);
  const [roster] = await rostersAt(source, row, ["last"]);
  const found = end.explain(end.decisive === undefined ? new Neighbourhood([]) : await neighbourhood(source, end.decisive.position), { roster, ...now });
  if (found === undefined) throw new Error("its stream begins with a snapshot");
  return found;
}

const told = ({ summary, rule, chain }: EndExplanation) => ({ summary, rule, chain: chain.map(({ relation, text, state }) => [relation, text, state]) });

describe("Why a session ended", () => {
  it("its client closed it", async () => {
    const romeo = await stage.enter("romeo", "orchard");
    await romeo.ask("<presence/>");
    await romeo.close();
    await gone(stage.server, "romeo@localhost/orchard");
    const explanation = await explain("romeo@localhost/orchard");
    expect(told(explanation)).toEqual({
      summary: "romeo@localhost/orchard has ended: the client closed its stream",
      rule: "RFC 6120 section 4.4",
      chain: [["event", "the client closed its stream", "closed"], ["with", "its last available resource left", null]],
    });
    expect(explanation).toMatchObject({ jid: "romeo@localhost/orchard", disagreements: [], unacknowledged: [], last: { ended: true } });
    expect(explanation.endedAt).toBeGreaterThanOrEqual(explanation.startedAt);
  });

  it("another stream bound its resource: told with what happened there in the same step, and what led to it", async () => {
    const first = await stage.enter("romeo", "balcony");
    const second = await stage.enter("romeo", "balcony");
    const rows = await stage.sessionsOf("romeo");
    const { id } = rows.find(({ resource }) => resource === "balcony")!;
    first.cut();
    await stage.settled();
    const explanation = told(await explain(id));
    expect(explanation.summary).toBe("romeo@localhost/balcony has ended: conflict: the resource was bound by another stream");
    expect(explanation.rule).toBe("RFC 6120 section 7.7.2.2");
    expect(explanation.chain.slice(0, 3)).toEqual([
      ["cause", "the client asks for the resource balcony", "authenticated.binding.pending"],
      ["event", "another stream has bound its resource", "closing"],
      ["with", "bound the resource balcony, with a roster of 0", "connected.unavailable+uninterested+attached"],
    ]);
    await second.close();
  });

  it("it has not: it lives, or waits for its client", async () => {
    const juliet = await stage.enterManaged("juliet", "tomb");
    expect(told(await explain("juliet@localhost/tomb"))).toEqual({
      summary: "juliet@localhost/tomb has not ended: it is connected.unavailable+uninterested+attached", rule: null, chain: [],
    });
    await juliet.vanish(stage.server);
    const waiting = await explain(juliet.id);
    expect(waiting.summary).toMatch(/^juliet@localhost\/tomb has not ended: it waits for its client to resume it, until \d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(waiting).toMatchObject({ rule: "XEP-0198 section 5", endedAt: null, chain: [{ relation: "event", text: expect.stringMatching(/^lost its link: /) }] });
    expect(waiting.life).toEqual([]);
    const unserved = await explain(juliet.id, stage, { running: false });
    expect(unserved.summary).toMatch(
      /^juliet@localhost\/tomb has not ended, and no server runs; where its log stops \([\d-]+T[\d:.]+Z\) it waited for its client; at the next start it can be resumed until [\d-]+T[\d:.]+Z, and for 1 min from that start at least$/,
    );
    await juliet.resume();
    const back = await explain(juliet.id);
    expect([back.chain, back.life.map(({ text, state }) => [text, state])]).toEqual([[], [
      [expect.stringMatching(/^lost its link: /), "connected.unavailable+uninterested+hibernating"],
      ["resumed: a new link carries the session", "connected.unavailable+uninterested+attached"],
    ]]);
    expect((await explain(juliet.id, stage, { running: false })).summary).toMatch(
      /no server runs; where its log stops \(.*\) it was connected\.unavailable\+uninterested\+attached; at the next start it can be resumed for .* from that start$/,
    );
    await juliet.close();
  });

  it("it could not be resumed at all: with no server it ends at the next start", async () => {
    const romeo = await stage.enter("romeo", "street");
    expect(await explain("romeo@localhost/street", stage, { running: false })).toMatchObject({
      summary: expect.stringMatching(/^romeo@localhost\/street has not ended, and no server runs; .*; at the next start it ends, for it cannot be resumed$/), rule: null, endedAt: null,
    });
    await romeo.close();
  });

  it("it has not: its roster is that of now, not that of when it bound its resource", async () => {
    const juliet = await stage.enter("juliet", "roster");
    await juliet.ask("<iq type='set' id='set'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost'/></query></iq>");
    const { last } = await explain("juliet@localhost/roster");
    const now = (await stage.server.sessions()).find(({ full_jid }) => full_jid === "juliet@localhost/roster");
    expect(last.session.roster).toEqual(now?.roster);
    expect(last.session.roster?.items).toBe(1);
    await juliet.close();
  });

  it("it has not: the server was started again, and the deadline is the one that holds for this session", async () => {
    const before = await loggedServer(["romeo"], { session: { resumptionMs: 600_000 } });
    const romeo = await before.enterManaged("romeo", "orchard");
    await before.settled();
    romeo.raw.pauseReading();
    const { store } = before.server;
    const after = await loggedServer([], { parts: { store } });
    const { summary, chain, last } = await explain("romeo@localhost/orchard", after);
    const until = new Date(last.timers.resumption!).toISOString();
    expect(summary).toBe(`romeo@localhost/orchard has not ended: it waits for its client to resume it, until ${until}`);
    expect(chain.at(-1)?.text).toBe(`the server was started again; the session can be resumed until ${until}`);
    expect(last.timers.resumption! - chain.at(-1)!.at).toBe(600_000);
    romeo.cut();
    await after.server.stop();
    await before.server.stop().catch(() => {});
  });

  it("it was not resumed in time: told with the loss of its link, and where its stanzas went", async () => {
    const juliet = await ManagedClient.login(stage.server, { user: "juliet", resource: "cell" });
    await juliet.enable("resume='true' max='1'");
    await juliet.ask("<presence/>");
    await juliet.caughtUp();
    juliet.ack();
    await juliet.caughtUp();
    await juliet.vanish(stage.server);
    const romeo = await stage.enter("romeo", "orchard");
    await romeo.ask(chat("juliet@localhost", "too-late"));
    await romeo.ask(chat("juliet@localhost/cell", "groups", "groupchat"));
    await gone(stage.server, "juliet@localhost/cell");
    const explanation = await explain(juliet.id);
    expect(explanation.summary).toBe("juliet@localhost/cell has ended: it was not resumed in time");
    expect(explanation.rule).toBe("XEP-0198 section 5");
    expect(explanation.chain.map(({ relation, text }) => [relation, text])).toEqual([
      ["event", expect.stringMatching(/^lost its link: /)],
      ["event", expect.stringMatching(/^the deadline for resuming it has passed \(/)],
      ["with", "its last available resource left"],
    ]);
    const ofMessages = explanation.unacknowledged.filter(({ stanza }) => stanza.startsWith("message"));
    expect(ofMessages.map(({ stanza, wentTo }) => [stanza, wentTo])).toEqual([
      ["message too-late of type chat from romeo@localhost/orchard", expect.stringMatching(/^message too-late .* put aside as number 1 .* in account\/localhost\/juliet at \d+$/)],
      ["message groups of type groupchat from romeo@localhost/orchard", "answered service-unavailable to its sender, if that was still there"],
    ]);
    await romeo.close();
  }, 10_000);

  it("the server was started again, and it could not be resumed", async () => {
    const before = await loggedServer(["romeo"]);
    const romeo = await before.enter("romeo", "orchard");
    await before.settled();
    // It is left as it is: nothing more of it comes to the log.
    romeo.raw.pauseReading();
    const { store } = before.server;
    const after = await loggedServer([], { parts: { store } });
    const explanation = told(await explain("romeo@localhost/orchard", after));
    expect(explanation.summary).toBe("romeo@localhost/orchard has ended: the server was restarted");
    expect(explanation.rule).toBe("XEP-0198 section 5");
    expect(explanation.chain.at(-1)?.slice(0, 1)).toEqual(["event"]);
    romeo.cut();
    await after.server.stop();
    await before.server.stop().catch(() => {});
  });
});

describe("A session that has ended", () => {
  it("is found by its full JID, also if its stream was closed with an error first", async () => {
    const romeo = await stage.enter("romeo", "churchyard");
    romeo.send("<unknown xmlns='urn:example:nothing'/>");
    await romeo.raw.closed();
    romeo.cut();
    await gone(stage.server, "romeo@localhost/churchyard");
    await stage.settled();
    expect(await explain("romeo@localhost/churchyard")).toMatchObject({
      jid: "romeo@localhost/churchyard",
      summary: expect.stringMatching(/^romeo@localhost\/churchyard has ended: unsupported-stanza-type: /),
      rule: "RFC 6120 section 4.9",
      endedAt: expect.any(Number),
    });
  });
});
