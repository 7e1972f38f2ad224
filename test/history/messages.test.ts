import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tellStory, type MessageStory } from "../../src/history/message-story.ts";
import { MessageTrace, type MessageQuery } from "../../src/history/message-trace.ts";
import { everyFact } from "../../src/history/source.ts";
import { chat, gone } from "../management/support.ts";
import { loggedServer, type LoggedServer } from "./living.ts";

let stage: LoggedServer;
beforeAll(async () => {
  stage = await loggedServer(["romeo", "juliet", "nurse"]);
});
afterAll(() => stage.server.stop());

async function storyOf(query: MessageQuery): Promise<MessageStory> {
  await stage.settled();
  const trace = new MessageTrace(query);
  for await (const fact of everyFact(stage.source)) trace.take(fact);
  return tellStory(query, trace.passages, trace.facts, trace.others);
}

const told = ({ passages }: MessageStory) => passages.map(({ owner, where, events, outcome }) => [owner, where, events.map(({ what }) => what).join(" "), outcome]);

describe("Where a message went", () => {
  it("is the queue of the session that it was delivered to, by a rule, from a session, until its client acknowledges it", async () => {
    const romeo = await stage.enterManaged("romeo");
    const juliet = await stage.enterManaged("juliet");
    await juliet.ask("<presence/>");
    await romeo.ask(chat("juliet@localhost", "first"));
    await juliet.caughtUp();
    expect(told(await storyOf({ id: "first" }))).toEqual([["juliet@localhost/phone", "queue", "", "waiting"]]);
    juliet.ack();
    await juliet.caughtUp();
    const story = await storyOf({ id: "first" });
    expect(told(story)).toEqual([["juliet@localhost/phone", "queue", "acknowledged", "acknowledged"]]);
    expect(story.summary).toBe("first: juliet@localhost/phone: its client has it");
    expect(story.passages[0]).toMatchObject({ kind: "message", type: "chat", from: "romeo@localhost/phone", sender: romeo.id, why: "message chat, bareSome: mostAvailable" });
    expect(story.passages[0]!.lines[0]!.text).toMatch(
      /^message of type chat from romeo@localhost\/phone into the queue of juliet@localhost\/phone as number \d+ \(session [\w-]{22}\), sent by session [\w-]{22}: to the bare JID, which has a resource with priority 0 or more: the resources with the highest priority get it, RFC 6121 section 8\.5\.2\.1$/,
    );
    await Promise.all([romeo.close(), juliet.close()]);
  });

  it("is the client that resumed, to which it was sent again", async () => {
    const romeo = await stage.enter("romeo");
    const juliet = await stage.enterManaged("juliet");
    await juliet.ask("<presence/>");
    await juliet.vanish(stage.server);
    await romeo.ask(chat("juliet@localhost", "away"));
    await juliet.resume();
    await juliet.caughtUp();
    juliet.ack();
    await juliet.caughtUp();
    expect(told(await storyOf({ id: "away" }))).toEqual([["juliet@localhost/phone", "queue", "resent acknowledged", "acknowledged"]]);
    await romeo.ask(chat("juliet@localhost", "cut"));
    await juliet.vanish(stage.server);
    await juliet.resume({ h: juliet.handled });
    expect(told(await storyOf({ id: "cut" }))).toEqual([["juliet@localhost/phone", "queue", "hibernated resent", "waiting"]]);
    await Promise.all([romeo.close(), juliet.close()]);
    await gone(stage.server, "juliet@localhost/phone");
  });

  it("is another place when the session ends without an acknowledgement: storage first, then the next client", async () => {
    const romeo = await stage.enter("romeo");
    const juliet = await stage.enterManaged("juliet");
    await juliet.ask("<presence/>");
    await romeo.ask(chat("juliet@localhost", "late"));
    await juliet.close();
    await gone(stage.server, "juliet@localhost/phone");
    const waiting = await storyOf({ id: "late" });
    expect(told(waiting)).toEqual([
      ["juliet@localhost/phone", "queue", "session-over", "given-on"],
      ["juliet@localhost", "offline", "", "kept"],
    ]);
    expect(waiting.passages[0]!.lines.at(-1)!.text).toBe(
      `the session is over, and its client has not acknowledged it: it went on at ${waiting.passages[1]!.position}`,
    );
    const tablet = await stage.enterManaged("juliet", "tablet");
    await tablet.ask("<presence/>");
    await tablet.settled();
    tablet.ack();
    await tablet.caughtUp();
    const story = await storyOf({ id: "late" });
    expect(told(story)).toEqual([
      ["juliet@localhost/phone", "queue", "session-over", "given-on"],
      ["juliet@localhost", "offline", "removed", "given-on"],
      ["juliet@localhost/tablet", "queue", "acknowledged", "acknowledged"],
    ]);
    expect(story.summary).toBe("late: juliet@localhost/tablet: its client has it");
    await Promise.all([romeo.close(), tablet.close()]);
    await gone(stage.server, "juliet@localhost/tablet");
  });

  it("is not known where a session does not count stanzas, and that is said", async () => {
    const romeo = await stage.enter("romeo");
    const juliet = await stage.enter("juliet");
    await juliet.ask("<presence/>");
    await romeo.ask(chat("juliet@localhost", "traceless"));
    const none = await storyOf({ id: "traceless" });
    expect([none.passages, none.summary]).toEqual([[], "the log knows nothing of a stanza with the id traceless"]);
    expect(none.remarks.join()).toContain("a session that does not count stanzas (XEP-0198) leaves no trace");
    await juliet.ask("<presence type='unavailable'/>");
    await romeo.ask(chat("juliet@localhost", "kept"));
    await juliet.ask("<presence/>");
    await juliet.settled();
    await juliet.settled();
    const kept = await storyOf({ id: "kept" });
    expect(told(kept)).toEqual([["juliet@localhost", "offline", "removed", "delivered-or-dropped"]]);
    expect(kept.remarks.join()).toContain("leaves no trace");
    await Promise.all([romeo.close(), juliet.close()]);
  });

  it("is back at its sender as an error, where nobody takes it", async () => {
    const romeo = await stage.enterManaged("romeo");
    await romeo.ask("<iq type='get' id='asked' to='juliet@localhost/nowhere'><ping xmlns='urn:xmpp:ping'/></iq>");
    const story = await storyOf({ id: "asked" });
    expect(told(story)).toEqual([["romeo@localhost/phone", "queue", "", "waiting"]]);
    expect(story.passages[0]).toMatchObject({ kind: "iq", type: "error", from: "juliet@localhost/nowhere" });
    expect(story.summary).toBe("asked: an error for romeo@localhost/phone: in its queue, not acknowledged yet");
    await romeo.close();
  });

  it("is looked for by who sent it and who was to have it, errors the other way round", async () => {
    const [romeo, nurse, juliet] = [await stage.enterManaged("romeo"), await stage.enter("nurse"), await stage.enterManaged("juliet")];
    await juliet.ask("<presence/>");
    for (const client of [romeo, nurse]) await client.ask(chat("juliet@localhost", "same"));
    await romeo.ask("<iq type='get' id='same' to='juliet@localhost/nowhere'><ping xmlns='urn:xmpp:ping'/></iq>");
    const senders = async (query: Omit<MessageQuery, "id">) => (await storyOf({ id: "same", ...query })).passages.map(({ from, type }) => `${from} ${type}`);
    const [ofRomeo, ofNurse, error] = ["romeo@localhost/phone chat", "nurse@localhost/phone chat", "juliet@localhost/nowhere error"];
    expect(await senders({})).toEqual([ofRomeo, ofNurse, error]);
    expect(await senders({ from: "romeo@localhost" })).toEqual([ofRomeo, error]);
    expect(await senders({ from: "nurse@localhost/phone" })).toEqual([ofNurse]);
    expect(await senders({ from: "nurse@localhost/tablet" })).toEqual([]);
    expect(await senders({ to: "juliet@localhost" })).toEqual([ofRomeo, ofNurse, error]);
    expect(await senders({ to: "juliet@localhost/phone" })).toEqual([ofRomeo, ofNurse]);
    expect(await senders({ from: "romeo@localhost", to: "romeo@localhost" })).toEqual([]);
    expect((await storyOf({ id: "same", from: "romeo@localhost", to: "nurse@localhost" })).summary).toBe(
      "same: nothing from romeo@localhost and for nurse@localhost, but the log has the id 3 times for others; leave out --from and --to to see all",
    );
    expect((await storyOf({ id: "other", to: "nurse@localhost" })).summary).toBe("the log knows nothing of a stanza with the id other");
    await Promise.all([romeo.close(), nurse.close(), juliet.close()]);
  });
});
