import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultRoomConfig } from "../../src/domain/room-config.ts";
import type { RoomFacts, RoomFactType, RoomOwner } from "../../src/domain/room-facts.ts";
import { eventWords } from "../../src/history/event-words.ts";
import { mergeByPosition } from "../../src/history/merge.ts";
import { duration, ranges } from "../../src/history/plain-words.ts";
import { withhold } from "../../src/history/withheld.ts";
import { factWords } from "../../src/history/words.ts";
import type { Json, StoredFact } from "../../src/ports.ts";
import { chat } from "../management/support.ts";
import { loggedServer, type LoggedServer } from "./living.ts";

describe("Facts in words", () => {
  let stage: LoggedServer;
  let facts: readonly StoredFact[];
  beforeAll(async () => {
    stage = await loggedServer(["romeo", "juliet"]);
    const romeo = await stage.enterManaged("romeo", "orchard");
    const juliet = await stage.enter("juliet", "balcony");
    await romeo.ask("<presence><status>secret status</status></presence>");
    await romeo.ask("<presence to='juliet@localhost' type='subscribe'><status>secret request</status></presence>");
    await romeo.ask(chat("juliet@localhost", "m1").replace("<body>m1", "<body>secret body"));
    await romeo.ask("<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>secret name</FN></vCard></iq>");
    await romeo.ask("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='tybalt@localhost'/></block></iq>");
    await romeo.ask("<presence type='unavailable'><status>secret farewell</status></presence>");
    await juliet.ask("<presence/>");
    await juliet.ask(chat("romeo@localhost/orchard", "m2"));
    await Promise.all([romeo.close(), juliet.close()]);
    await stage.settled();
    facts = (await stage.all()).filter(({ stream }) => stream !== "marker" && stream !== "server");
  });
  afterAll(() => stage.server.stop());

  it("say what happened, each in one line of its own", () => {
    const words = facts.map((fact) => factWords(fact));
    for (const [index, line] of words.entries()) expect(line, facts[index]!.type).toMatch(/^[^\n]* [^\n]*$/);
    expect(words).toEqual(expect.arrayContaining([
      "the account was created",
      "its password was set",
      "romeo@localhost has logged in; the session's log begins",
      "bound the resource orchard, with a roster of 0",
      "enabled stream management, to be resumed",
      "available with priority 0",
      "contact juliet@localhost set: subscription none, asked (roster version 1)",
      "romeo@localhost asks to see its presence",
      "message m1 from romeo@localhost/orchard put aside as number 1 (to the bare JID, which has no resource with priority 0 or more: it is kept for later, or goes back to its sender as an error, RFC 6121 section 8.5.2.2)",
      "blocks tybalt@localhost",
      "its last available resource left",
      "kept messages 1 are gone: delivered, or dropped",
      expect.stringMatching(/^message m2 of type chat from juliet@localhost\/balcony queued as number \d+ \(to the full JID of a connected resource: that resource gets it, RFC 6121 section 8\.5\.3\.1\)$/),
      expect.stringMatching(/^\d+ of the client's stanzas handled so far$/),
      expect.stringMatching(/^ended: the client closed its stream; \d+ of its stanzas were handled$/),
      "the client closed its stream",
    ]));
  });

  it("tell of what happened in a room, and nothing of what was said there", () => {
    const of: { readonly [Type in RoomFactType]: Omit<RoomFacts[Type], keyof RoomOwner> } = {
      RoomCreated: { by: "romeo@localhost", config: { ...defaultRoomConfig, password: "secret word" }, locked: true },
      RoomConfigured: { changes: { membersOnly: true, password: "secret word" } },
      AffiliationSet: { jid: "juliet@localhost", affiliation: "admin", nick: "jule", reason: "secret reason" },
      OccupantEntered: { nick: "rom", jid: "romeo@localhost/orchard", role: "moderator", presence: "<presence><status>secret</status></presence>" },
      OccupantShown: { nick: "rom", jid: "romeo@localhost/orchard", presence: "<presence><status>secret</status></presence>" },
      OccupantRenamed: { nick: "rom", to: "romeo" },
      OccupantLeft: { nick: "rom", jid: "romeo@localhost/orchard" },
      RoleSet: { nick: "rom", role: "visitor" },
      SubjectSet: { nick: "rom", stanza: "<message><subject>secret</subject></message>" },
      VCardSet: { hashes: [], bytes: 7 },
      RoomMessageArchived: { id: "0kz6m9w3a-0000-x", with: "orchard@muc.localhost/rom", bytes: 7 },
      RoomArchiveTrimmed: { through: "0kz6m9w3a-0000" },
      RoomMessageRetracted: { id: "0kz6m9w3a-0000-x", by: "romeo@localhost", bytes: 7 },
      OccupantsNoted: { occupants: [{ nick: "rom", role: "visitor", presences: { "romeo@localhost/orchard": "<presence><status>secret</status></presence>" } }], forgotten: 3 },
      RoomDestroyed: { by: "romeo@localhost", reason: "secret reason" },
    };
    const told = Object.entries(of).map(([type, data]) => ({ ...facts[0]!, type, data: data as unknown as Json }));
    expect(told.map((fact) => factWords(fact))).toEqual([
      "romeo@localhost made the room; nobody else may enter until it is configured",
      "configured: membersOnly, password",
      "juliet@localhost has the affiliation admin, and the nick jule is reserved",
      "romeo@localhost/orchard entered as rom, moderator",
      "romeo@localhost/orchard shows itself anew as rom",
      "rom is romeo from now on",
      "romeo@localhost/orchard is rom no longer",
      "rom has the role visitor",
      "rom set the subject",
      "its vCard was set (7 bytes)",
      "what orchard@muc.localhost/rom said archived as 0kz6m9w3a-0000-x",
      "archived messages up to 0kz6m9w3a-0000 are not kept any more",
      "romeo@localhost took back what was archived as 0kz6m9w3a-0000-x",
      "who is in it, once more: rom",
      "romeo@localhost destroyed the room",
    ]);
    for (const fact of told) expect(JSON.stringify(withhold(fact).data), fact.type).not.toContain("secret");
  });

  it("tell of what waits until a client looks", () => {
    const held = (type: string, data: object) => factWords({ ...facts[0]!, type, data: data as Json });
    const stanza = { number: 2, kind: "message", type: "headline", id: null, from: "romeo@localhost" };
    expect([held("StanzaHeld", { ...stanza, replaces: null }), held("StanzaHeld", { ...stanza, replaces: 1 }), held("HeldStanzasReleased", { through: 2 })]).toEqual([
      "message of type headline from romeo@localhost waits as number 2 until the client looks",
      "message of type headline from romeo@localhost waits as number 2 until the client looks, in the place of number 1",
      "what waited until the client looks is delivered, up to number 2",
    ]);
  });

  it("hold nothing of what people wrote, nor does a fact that is withheld", () => {
    const texts = facts.map((fact) => factWords(fact) + JSON.stringify(withhold(fact)));
    expect(texts.filter((text) => text.includes("secret"))).toEqual([]);
    expect(facts.filter((fact) => JSON.stringify(fact).includes("secret")).map(({ type }) => type).toSorted()).toEqual(["AccountDataSet", "SubscriptionRequested", "UserLeft"]);
  });

  it("call an event or a fact of a later version by its name", () => {
    expect(eventWords({ type: "moon.rose", at: 0 } as never)).toBe("moon.rose");
    expect(factWords({ ...facts[0]!, type: "MoonRose" })).toBe("MoonRose");
  });
});

describe("Numbers in words", () => {
  it.each([[999, "999 ms"], [1_000, "1 s"], [65_000, "1 min 5 s"], [3_600_000, "1 h"], [90_061_000, "1 d 1 h"]])("a duration of %d ms is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it("neighbours are a range", () => {
    expect([ranges([]), ranges([4]), ranges([3, 1, 2, 9, 7, 8, 5])]).toEqual(["", "4", "1–3, 5, 7–9"]);
  });
});

describe("Several streams as one", () => {
  async function* of(...positions: readonly number[]): AsyncGenerator<StoredFact> {
    for (const position of positions) yield { position, stream: "s", version: 1, type: "T", v: 1, at: 0, step: "s", cause: null, data: null as Json };
  }

  it("are in the order of the log", async () => {
    const found: number[] = [];
    for await (const { position } of mergeByPosition([of(2, 5, 9), of(), of(1, 6, 7, 8), of(3, 4)])) found.push(position);
    expect(found).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
