/** Nicks: changing them, sharing them, those that read alike; and going (XEP-0045 sections 7.2.8, 7.6, 7.7 and 7.14). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf } from "../support/xml-reader.ts";
import { affiliate, assign, madeRoom, roomFacts } from "./facts.ts";
import { entered, errorOf, heard, itemOf, joining, leaving, newRoom, person, roomWords, said } from "./setting.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [roomFacts] });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** Romeo owns a room and is in it; juliet is in it too, and everything that was said of that is gone. */
async function pair(changes: Parameters<typeof madeRoom>[3] = {}): Promise<{ room: string; romeo: BoundClient; juliet: BoundClient }> {
  const jids = await stage.cast("romeo", "juliet");
  const [romeo, juliet] = [await person(stage, jids.romeo), await person(stage, jids.juliet)];
  const room = newRoom();
  await madeRoom(romeo, room, "romeo", changes);
  await entered(juliet, room, "juliet");
  await romeo.caughtUp();
  return { room, romeo, juliet };
}

const renaming = (room: string, nick: string, more = "", attrs = ""): string => `<presence to='${room}/${nick}' ${attrs}>${more}</presence>`;
const asked = async (client: BoundClient, text: string): Promise<readonly string[]> => (await client.ask(text)).map(roomWords);

describe("XEP-0045 section 7.6: changing nickname", () => {
  it("is told to all in two presences, of which the first has the new nick and 303", async () => {
    const { room, romeo, juliet } = await pair();
    const own = await juliet.ask(renaming(room, "oldhag", "<show>away</show>", "id='ifd1c35'"));
    expect(own.map(roomWords)).toEqual(["juliet unavailable: participant/none as oldhag [110 303]", "oldhag: participant/none [110]"]);
    expect(own.map(({ attrs }) => attrs["id"])).toEqual([undefined, "ifd1c35"]);
    const told = await romeo.caughtUp();
    expect(told.map(roomWords)).toEqual(["juliet unavailable: participant/none as oldhag [303]", "oldhag: participant/none"]);
    // What is said with it belongs to the new one.
    expect(told.map((stanza) => textOf(childOf(stanza, "show")))).toEqual(["", "away"]);
    expect(await asked(romeo, said(room, "x"))).toEqual(['romeo: "x"']);
    await juliet.ask(said(room, "y"));
    expect(await heard(romeo)).toEqual([['oldhag: "y"']]);
  });

  it("keeps the role", async () => {
    const { room, romeo, juliet } = await pair();
    await assign(romeo, room, "juliet", "moderator");
    expect((await asked(juliet, renaming(room, "jule"))).at(-1)).toBe("jule: moderator/none [110]");
  });

  it("to the nick of another, or one that is reserved, is refused with conflict; nothing has changed then", async () => {
    const { room, romeo, juliet } = await pair();
    await affiliate(romeo, room, "nurse@localhost", "member", "nurse");
    const [refused] = await juliet.ask(renaming(room, "romeo"));
    expect([errorOf(refused!), refused?.attrs["from"], childOf(refused, "error")?.attrs["type"]]).toEqual(["conflict", `${room}/romeo`, "cancel"]);
    expect(await asked(juliet, renaming(room, "nurse"))).toEqual(["error conflict"]);
    expect(await asked(juliet, said(room, "still"))).toEqual(['juliet: "still"']);
    expect(await heard(romeo)).toEqual([['juliet: "still"']]);
    // Whoever has asked in vain leaves as if it had not asked.
    await juliet.close();
    expect(await heard(romeo)).toEqual([["juliet unavailable: none/none"]]);
  });

  it("to none is refused", async () => {
    const { room, romeo, juliet } = await pair();
    expect(await asked(juliet, `<presence to='${room}'/>`)).toEqual(["error jid-malformed"]);
    expect(await asked(juliet, renaming(room, "\u2800"))).toEqual(["error jid-malformed"]);
    expect(await heard(romeo)).toEqual([[]]);
  });

  it("sets the old one free", async () => {
    const { room, romeo, juliet } = await pair();
    await juliet.ask(renaming(room, "jule"));
    await romeo.caughtUp();
    expect((await asked(romeo, renaming(room, "juliet"))).at(-1)).toBe("juliet: moderator/owner [110]");
  });

  it("by entering under another nick tells everything anew", async () => {
    const { room, romeo, juliet } = await pair();
    expect(await asked(juliet, joining(room, "jule"))).toEqual([
      "juliet unavailable: participant/none as jule [110 303]",
      "romeo: moderator/owner",
      "jule: participant/none [110 170]",
      'subject: ""',
    ]);
    expect(await heard(romeo)).toEqual([["juliet unavailable: participant/none as jule [303]", "jule: participant/none"]]);
  });
});

describe("XEP-0045 sections 7.2.8 and 14.6: nicks that read alike", () => {
  const pairs = [
    ["romeo", "Romeo"],
    ["St Peter", "St  Peter"],
    ["St Peter", "st peter "],
    ["André", "Andre\u0301"],
    ["IV", "\u2163"],
    ["romeo", "\uFF52omeo"],
    ["Ōscar", "ōscar"],
  ] as const;
  it.each(pairs)("%j and %j are one", async (one, other) => {
    const { room, romeo, juliet } = await pair();
    await romeo.ask(renaming(room, one));
    await juliet.caughtUp();
    expect(await asked(juliet, renaming(room, other))).toEqual(["error conflict"]);
    await juliet.ask(leaving(room, "juliet"));
    expect(await asked(juliet, joining(room, other))).toEqual(["error conflict"]);
  });

  it("are reserved together", async () => {
    const { room, romeo, juliet } = await pair();
    await affiliate(romeo, room, "nurse@localhost", "member", "Nurse");
    expect(await asked(juliet, renaming(room, "nurse"))).toEqual(["error conflict"]);
    await affiliate(romeo, room, "nurse@localhost", "none");
    expect((await asked(juliet, renaming(room, "nurse"))).at(-1)).toBe("nurse: participant/none [110]");
  });

  it("are no obstacle to who writes the own one otherwise", async () => {
    const { room, romeo, juliet } = await pair();
    expect(await asked(juliet, renaming(room, "Juliet"))).toEqual(["juliet unavailable: participant/none as Juliet [110 303]", "Juliet: participant/none [110]"]);
    expect(await heard(romeo)).toEqual([["juliet unavailable: participant/none as Juliet [303]", "Juliet: participant/none"]]);
    expect(await asked(romeo, renaming(room, "juliet"))).toEqual(["error conflict"]);
  });

  it("are one for another session of the same user, which is told how it is written: 210", async () => {
    const { room, juliet } = await pair();
    const laptop = await person(stage, juliet.bare, "laptop");
    expect(await entered(laptop, room, "JULIET")).toEqual(["romeo: moderator/owner", "juliet: participant/none [110 170 210]", 'subject: ""']);
    // Also when it has lost sight of the room.
    expect(await entered(laptop, room, "JULIET")).toEqual(["romeo: moderator/owner", "juliet: participant/none [110 170 210]", 'subject: ""']);
    expect(await heard(juliet)).toEqual([["juliet: participant/none [110]"]]);
  });
});

describe("XEP-0045 section 7.2.8: two sessions of a user with one nick", () => {
  async function three() {
    const { room, romeo, juliet } = await pair();
    const laptop = await person(stage, juliet.bare, "laptop");
    expect(await entered(laptop, room, "juliet")).toEqual(["romeo: moderator/owner", "juliet: participant/none [110 170]", 'subject: ""']);
    // To the others it is the same occupant, who has said something of itself.
    expect(await heard(juliet, romeo)).toEqual([["juliet: participant/none [110]"], ["juliet: participant/none"]]);
    return { room, romeo, juliet, laptop };
  }

  it("both hear what is said, and both are heard", async () => {
    const { room, romeo, juliet, laptop } = await three();
    await romeo.ask(said(room, "one"));
    await laptop.ask(said(room, "two"));
    await juliet.ask(said(room, "three"));
    const all = ['romeo: "one"', 'juliet: "two"', 'juliet: "three"'];
    expect((await heard(romeo)).flat()).toEqual(all.slice(1));
    expect((await heard(laptop)).flat()).toEqual(all.slice(2));
  });

  it("both have presence with 110, whoever of them has changed it", async () => {
    const { room, romeo, juliet, laptop } = await three();
    expect(await asked(laptop, `<presence to='${room}/juliet'><show>dnd</show></presence>`)).toEqual(["juliet: participant/none [110]"]);
    expect(await heard(juliet, romeo)).toEqual([["juliet: participant/none [110]"], ["juliet: participant/none"]]);
  });

  it("both have another nick when one of them has", async () => {
    const { room, romeo, juliet, laptop } = await three();
    const own = ["juliet unavailable: participant/none as jule [110 303]", "jule: participant/none [110]"];
    expect(await asked(laptop, renaming(room, "jule"))).toEqual(own);
    expect(await heard(juliet, romeo)).toEqual([own, ["juliet unavailable: participant/none as jule [303]", "jule: participant/none"]]);
    expect(await asked(juliet, said(room, "x"))).toEqual(['jule: "x"']);
  });

  it("one has changed it for both: the other is gone for the room, too, when its link is lost", async () => {
    const { room, romeo, juliet, laptop } = await three();
    await asked(laptop, renaming(room, "jule"));
    await juliet.close();
    await laptop.ask(leaving(room, "jule"));
    expect((await heard(romeo))[0]?.at(-1)).toBe("jule unavailable: none/none");
  });

  it("one leaves, and is told alone; the nick is free when both have left", async () => {
    const { room, romeo, juliet, laptop } = await three();
    expect(await asked(laptop, leaving(room, "juliet"))).toEqual(["juliet unavailable: none/none [110]"]);
    expect(await heard(juliet, romeo)).toEqual([[], []]);
    expect(await asked(romeo, renaming(room, "juliet"))).toEqual(["error conflict"]);
    expect(await asked(laptop, said(room, "x"))).toEqual(["error not-acceptable"]);
    await juliet.ask(leaving(room, "juliet"));
    expect(await heard(romeo)).toEqual([["juliet unavailable: none/none"]]);
  });

  it("one leaves that has spoken last: the others are shown what the other one says", async () => {
    const { room, romeo, juliet, laptop } = await three();
    await juliet.ask(`<presence to='${room}/juliet'><show>chat</show></presence>`);
    await laptop.ask(`<presence to='${room}/juliet'><show>xa</show></presence>`);
    await Promise.all([romeo.caughtUp(), juliet.caughtUp()]);
    await laptop.ask(leaving(room, "juliet"));
    const [shown, ...rest] = await romeo.caughtUp();
    expect(rest).toEqual([]);
    expect([roomWords(shown!), textOf(childOf(shown, "show")), itemOf(shown!)?.attrs["jid"]]).toEqual(["juliet: participant/none", "chat", juliet.jid]);
  });

  it("who comes later is shown what was said of it last", async () => {
    const { room, romeo, juliet } = await three();
    await juliet.ask(`<presence to='${room}/juliet'><show>chat</show></presence>`);
    const laptop = await person(stage, romeo.bare, "laptop");
    const shown = (await laptop.ask(joining(room, "romeo"))).find(({ attrs }) => attrs["from"] === `${room}/juliet`);
    expect([textOf(childOf(shown, "show")), itemOf(shown!)?.attrs["jid"]]).toEqual(["chat", juliet.jid]);
  });

  it("one nick of a user does not become another of the same", async () => {
    const { room, juliet } = await pair();
    const laptop = await person(stage, juliet.bare, "laptop");
    await entered(laptop, room, "jule");
    expect(await asked(laptop, renaming(room, "juliet"))).toEqual(["error conflict"]);
  });
});

describe("XEP-0045 section 7.7: changing availability status", () => {
  it("is told to all, with role and affiliation, and the real JID to who may see it", async () => {
    const { room, romeo, juliet } = await pair();
    await juliet.ask(`<presence to='${room}/juliet'><show>xa</show><status>gone where the goblins go</status><priority>5</priority></presence>`);
    const [shown] = await romeo.caughtUp();
    expect(["show", "status", "priority"].map((name) => textOf(childOf(shown, name)))).toEqual(["xa", "gone where the goblins go", "5"]);
    expect(itemOf(shown!)?.attrs).toEqual({ affiliation: "none", role: "participant", jid: juliet.jid });
  });
});

describe("XEP-0045 section 7.14: exiting a room", () => {
  it("is told to all with role none; to oneself with 110; with what was said at last", async () => {
    const { room, romeo, juliet } = await pair();
    const [own, ...rest] = await juliet.ask(leaving(room, "juliet", "good night"));
    expect(rest).toEqual([]);
    expect(own?.attrs).toMatchObject({ from: `${room}/juliet`, to: juliet.jid, type: "unavailable" });
    expect(roomWords(own!)).toBe("juliet unavailable: none/none [110]");
    const [told] = await romeo.caughtUp();
    expect([roomWords(told!), textOf(childOf(told, "status"))]).toEqual(["juliet unavailable: none/none", "good night"]);
    expect(itemOf(told!)?.attrs["jid"]).toBe(juliet.jid);
    expect(await asked(juliet, said(room, "x"))).toEqual(["error not-acceptable"]);
  });

  it("is done for who says goodbye to everybody, and for who closes", async () => {
    const { room, romeo, juliet } = await pair();
    await juliet.ask("<presence/>");
    await juliet.ask("<presence type='unavailable'><status>off</status></presence>");
    const [told] = await romeo.caughtUp();
    expect([roomWords(told!), textOf(childOf(told, "status"))]).toEqual(["juliet unavailable: none/none", "off"]);
    await entered(juliet, room, "juliet");
    await romeo.caughtUp();
    await juliet.close();
    expect(await heard(romeo)).toEqual([["juliet unavailable: none/none"]]);
  });

  it("is done for who has another nick by now, and was cut off", async () => {
    const { room, romeo, juliet } = await pair();
    await juliet.ask(renaming(room, "jule"));
    await romeo.caughtUp();
    await stage.kill(juliet);
    expect(await heard(romeo)).toEqual([["jule unavailable: none/none"]]);
  });

  it("ends a room that is not persistent with the last; another one stays", async () => {
    const { room, romeo, juliet } = await pair();
    await juliet.ask(leaving(room, "juliet"));
    await romeo.ask(leaving(room, "romeo"));
    expect((await entered(juliet, room, "juliet"))[0]).toBe("juliet: moderator/owner [110 170 201]");
    const kept = await pair({ persistent: true });
    await kept.juliet.ask(leaving(kept.room, "juliet"));
    await kept.romeo.ask(leaving(kept.room, "romeo"));
    expect((await entered(kept.juliet, kept.room, "juliet"))[0]).toBe("juliet: participant/none [110 170]");
  });
});

describe("XEP-0045 sections 11.1 and 18.1.2: occupants who cannot be reached", () => {
  const error = (kind: string, to: string, condition: string) =>
    `<${kind} type='error' id='e' to='${to}'><error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></${kind}>`;

  it.each(["gone", "item-not-found", "recipient-unavailable", "redirect", "remote-server-not-found", "remote-server-timeout"])(
    "are out of the room, with 333, when what they were sent comes back with %s",
    async (condition) => {
      const { room, romeo, juliet } = await pair();
      expect(await asked(juliet, error("message", room, condition))).toEqual(["juliet unavailable: none/none [110 333]"]);
      expect(await heard(romeo)).toEqual([["juliet unavailable: none/none [333]"]]);
      await entered(juliet, room, "juliet");
      expect(await asked(juliet, error("presence", `${room}/romeo`, condition))).toEqual(["juliet unavailable: none/none [110 333]"]);
    },
  );

  it("are out of the room when what an occupant has said to all comes back; not when it was said to them alone", async () => {
    const { room, romeo, juliet } = await pair();
    const back = (id: string, nick = "romeo") => error("message", `${room}/${nick}`, "item-not-found").replace("id='e'", `id='${id}'`);
    await romeo.ask(`<message type='chat' id='alone' to='${room}/juliet'><body>alone</body></message>`);
    await romeo.ask(said(room, "all", "a&amp;ll"));
    await juliet.caughtUp();
    expect(await asked(juliet, back("alone"))).toEqual([]);
    // Of the same id, but of nothing that juliet has said.
    expect(await asked(juliet, back("a&amp;ll", "juliet"))).toEqual(["error item-not-found"]);
    expect(await heard(romeo)).toEqual([["error item-not-found"]]);
    expect(await asked(juliet, back("a&amp;ll"))).toEqual(["juliet unavailable: none/none [110 333]"]);
  });

  it("are in it still when the error says something else, or is of an iq", async () => {
    const { room, juliet } = await pair();
    expect(await asked(juliet, error("message", room, "policy-violation"))).toEqual([]);
    expect(await asked(juliet, error("presence", `${room}/romeo`, "feature-not-implemented"))).toEqual([]);
    expect(await asked(juliet, error("iq", `${room}/romeo`, "item-not-found"))).toEqual([]);
    expect(await asked(juliet, said(room, "x"))).toEqual(['juliet: "x"']);
  });

  it("were in no room: nothing happens", async () => {
    const { room, romeo, juliet } = await pair();
    await juliet.ask(leaving(room, "juliet"));
    await romeo.caughtUp();
    expect(await asked(juliet, error("message", room, "gone") + error("presence", `${room}/romeo`, "gone") + error("message", `${room}/romeo`, "gone"))).toEqual([]);
    expect(await heard(romeo)).toEqual([[]]);
  });
});
