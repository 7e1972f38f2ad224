/** Private messages whose readers' clients never had them: who wrote one is told (XEP-0198 section 4, XEP-0045 section 7.5). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { HandClock } from "../management/clock.ts";
import { gone, ManagedStage, type ManagedClient } from "../management/support.ts";
import { showXml, type Xml } from "../support/xml-reader.ts";
import { block } from "./blocking.ts";
import { entered, errorOf, heard, joining, leaving, newRoom, opened, said } from "./setting.ts";

const resumptionMs = 600_000;
const clock = new HandClock();
let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, session: { resumptionMs, silenceMs: 86_400_000 }, parts: { clock } });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** Romeo and Juliet are in a room; nick and all, what was said of that is gone. */
async function two() {
  const jids = await stage.cast("romeo", "juliet");
  const [romeo, juliet] = [await stage.resumable(jids.romeo), await stage.resumable(jids.juliet)];
  const room = newRoom();
  await opened(romeo, room, "romeo");
  await entered(juliet, room, "juliet");
  await heard(romeo, juliet);
  return { room, jids, romeo, juliet };
}

const whisper = (to: string, body: string, attrs = "type='chat'"): string => `<message ${attrs} to='${to}' id='${body}'><body>${body}</body></message>`;
const errors = (stanzas: readonly Xml[]): readonly string[] =>
  stanzas.filter(({ attrs }) => attrs["type"] === "error").map((stanza) => `${stanza.attrs["id"]} from ${stanza.attrs["from"]?.split("/")[1]}: ${errorOf(stanza)}`);

/** The time of everybody who has lost the link is over. */
async function expired(...clients: readonly ManagedClient[]): Promise<void> {
  clock.forward(resumptionMs + 60_001);
  for (const { jid } of clients) await gone(server, jid);
}

describe("XEP-0198 section 4: a private message of a room that is not acknowledged when the session ends", () => {
  it("goes back to the session that sent it, from the address in the room that it was sent to", async () => {
    const { room, romeo, juliet } = await two();
    await juliet.vanish(server);
    await romeo.ask(whisper(`${room}/juliet`, "one") + whisper(`${room}/juliet`, "two", ""));
    await expired(juliet);
    const told = await romeo.caughtUp();
    expect(errors(told)).toEqual(["one from juliet: service-unavailable", "two from juliet: service-unavailable"]);
    const error = told.find(({ attrs }) => attrs["type"] === "error")!;
    expect(error.attrs).toEqual({ type: "error", id: "one", from: `${room}/juliet`, to: romeo.jid });
    expect(showXml(error)).not.toContain(juliet.bare);
  });

  it("is neither given to another resource of the reader, nor kept for it", async () => {
    const { room, romeo, juliet, jids } = await two();
    const desk = await stage.resumable(jids.juliet, "desk");
    await desk.ask("<presence/>");
    await juliet.vanish(server);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    await expired(juliet);
    expect(errors(await romeo.caughtUp())).toHaveLength(1);
    expect((await desk.caughtUp()).filter(({ name }) => name === "message")).toEqual([]);
    const later = await stage.resumable(jids.juliet, "later");
    expect((await later.ask("<presence/>")).filter(({ name }) => name === "message")).toEqual([]);
  });

  it("does not go back if it was acknowledged, and what the room says to all never does", async () => {
    const { room, romeo, juliet } = await two();
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    expect((await juliet.caughtUp()).map(({ attrs }) => attrs["id"])).toEqual(["one"]);
    juliet.ack();
    await juliet.caughtUp();
    await juliet.vanish(server);
    await romeo.ask(said(room, "to all"));
    await expired(juliet);
    expect(errors(await romeo.caughtUp())).toEqual([]);
  });

  it("goes back although the server was killed meanwhile: while the client was away, and the moment after it was sent", async () => {
    const { room, romeo, juliet } = await two();
    await juliet.vanish(server);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    await server.restart({ kill: true });
    await romeo.resume();
    await romeo.ask(whisper(`${room}/juliet`, "two"));
    await server.restart({ kill: true });
    await romeo.resume();
    await expired(juliet);
    expect(errors(await romeo.caughtUp())).toEqual(["one from juliet: service-unavailable", "two from juliet: service-unavailable"]);
  });

  it("goes back from the nick that it was sent to, whoever has that by now", async () => {
    const { room, romeo, juliet } = await two();
    const tybalt = await stage.resumable((await stage.cast("tybalt")).tybalt);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    await juliet.ask(joining(room, "jule"));
    await entered(tybalt, room, "juliet");
    await juliet.vanish(server);
    await heard(romeo, tybalt);
    await expired(juliet);
    expect(errors(await romeo.caughtUp())).toEqual(["one from juliet: service-unavailable"]);
    expect(errors(await tybalt.caughtUp())).toEqual([]);
  });

  it("waits in the queue of a sender who is away, too, and ends there", async () => {
    const { room, romeo, juliet } = await two();
    await juliet.vanish(server);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    clock.forward(resumptionMs / 2);
    await romeo.vanish(server);
    clock.forward(resumptionMs / 2 + 60_000);
    await gone(server, juliet.jid);
    await romeo.resume();
    expect(errors(await romeo.caughtUp())).toEqual(["one from juliet: service-unavailable"]);
    await romeo.vanish(server);
    await expired(romeo);
    const again = await stage.resumable(romeo.bare);
    expect((await again.ask("<presence/>")).filter(({ name }) => name === "message")).toEqual([]);
  });

  it("reaches a sender who has left the room, and nobody who has taken the sender's nick", async () => {
    const { room, romeo, juliet } = await two();
    const tybalt = await stage.resumable((await stage.cast("tybalt")).tybalt);
    await juliet.vanish(server);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    await romeo.ask(leaving(room, "romeo"));
    await entered(tybalt, room, "romeo");
    await tybalt.caughtUp();
    await expired(juliet);
    expect(errors(await romeo.caughtUp())).toEqual(["one from juliet: service-unavailable"]);
    expect(errors(await tybalt.caughtUp())).toEqual([]);
  });

  it("goes nowhere where both ended with a message of the other", async () => {
    const { room, romeo, juliet } = await two();
    await juliet.ask(whisper(`${room}/romeo`, "two"));
    await juliet.vanish(server);
    romeo.send(whisper(`${room}/juliet`, "one"));
    await romeo.vanish(server);
    await expired(romeo, juliet);
    for (const { bare } of [romeo, juliet]) {
      const again = await stage.resumable(bare);
      expect((await again.ask("<presence/>")).filter(({ name }) => name === "message")).toEqual([]);
    }
  });

  it("that several sessions of an occupant were given goes back when the last of them ends without it, and not if one has it", async () => {
    const { room, romeo, juliet, jids } = await two();
    const desk = await stage.resumable(jids.juliet, "desk");
    await entered(desk, room, "juliet");
    await heard(romeo, juliet);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    await desk.caughtUp();
    desk.ack();
    await desk.caughtUp();
    await juliet.vanish(server);
    await expired(juliet);
    expect(errors(await romeo.caughtUp())).toEqual([]);
    await desk.vanish(server);
    await romeo.ask(whisper(`${room}/juliet`, "two"));
    await server.restart({ kill: true });
    await romeo.resume();
    await expired(desk);
    expect(errors(await romeo.caughtUp())).toEqual(["two from juliet: service-unavailable"]);
  });

  it("does not come back to who has blocked the reader since (XEP-0191 section 3.3)", async () => {
    const { room, romeo, juliet } = await two();
    await juliet.vanish(server);
    await romeo.ask(whisper(`${room}/juliet`, "one"));
    await romeo.ask(block(`${room}/juliet`));
    await expired(juliet);
    expect(errors(await romeo.caughtUp())).toEqual([]);
  });
});

describe("XEP-0191 section 3.3: a private message to an occupant who has blocked the writer", () => {
  it("is answered as by the occupant's server: service-unavailable, not in the name of the room", async () => {
    const { room, romeo, juliet } = await two();
    await juliet.ask(block(`${room}/romeo`));
    const [error, ...more] = await romeo.ask(whisper(`${room}/juliet`, "one"));
    expect(more).toEqual([]);
    expect(error?.attrs).toEqual({ type: "error", id: "one", from: `${room}/juliet`, to: romeo.jid });
    expect(showXml(error!)).not.toContain(" by=");
    expect(errorOf(error!)).toBe("service-unavailable");
    expect((await juliet.caughtUp()).filter(({ name }) => name === "message")).toEqual([]);
  });
});
