import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseJid } from "../../src/domain/jid.ts";
import { contactPast } from "../../src/history/contact-past.ts";
import { arrange } from "../support/contacts.ts";
import { type BoundClient, login } from "../support/login.ts";
import { loggedServer, type LoggedServer } from "./living.ts";

let stage: LoggedServer;
beforeAll(async () => {
  stage = await loggedServer(["romeo", "juliet", "nurse"]);
});
afterAll(() => stage.server.stop());

const jid = (text: string) => parseJid(text)!;
const [romeoJid, julietJid] = [jid("romeo@localhost"), jid("juliet@localhost")];

describe("Since when two users see each other", () => {
  it("is told by the facts that led there, and where it began", async () => {
    const [romeo, juliet, nurse] = await Promise.all(["romeo", "juliet", "nurse"].map((user) => login(stage.server, { user, resource: "phone", over: "plaintext" }))) as
      [BoundClient, BoundClient, BoundClient];
    const nothing = await contactPast(stage.source, romeoJid, julietJid);
    expect(nothing).toMatchObject({ account: "romeo@localhost", contact: "juliet@localhost", since: null, facts: [] });

    await arrange(romeo, nurse, "Both");
    await arrange(romeo, juliet, "Both");
    await juliet.ask("<presence/>");
    await juliet.ask("<presence><show>away</show></presence>");
    await romeo.ask("<iq type='set' id='n'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='Love'/></query></iq>");
    const end = await stage.settled();

    const romeos = await contactPast(stage.source, romeoJid, julietJid);
    expect(romeos.facts.map(({ state }) => state).filter((state) => state !== null)).toEqual(["NoneOut", "To", "ToIn", "Both"]);
    expect(romeos.facts.every(({ text }) => text.includes("juliet@localhost"))).toBe(true);
    const changed = romeos.facts.findLast(({ state }) => state !== null)!;
    expect(romeos.since).toEqual({ position: changed.position, at: changed.at, state: "Both", stateName: "Both" });
    // What changed no subscription came after.
    expect(romeos.facts.at(-1)!.position).toBeGreaterThan(changed.position);
    expect(romeos.facts.at(-1)!.position).toBeLessThan(end);

    const juliets = await contactPast(stage.source, julietJid, romeoJid);
    expect(juliets.since).toMatchObject({ state: "Both" });
    const [session] = await stage.sessionsOf("juliet");
    const first = (await stage.facts(`session/localhost/${session!.id}`)).find(({ data }) => JSON.stringify(data).includes("presence.changed"))!;
    expect(juliets.available).toEqual([{ jid: "juliet@localhost/phone", session: session!.id, position: first.position, at: first.at }]);

    await romeo.ask("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='juliet@localhost'/></block></iq>");
    await juliet.ask("<presence type='unavailable'/>");
    await stage.settled();
    const blocked = await contactPast(stage.source, romeoJid, julietJid);
    expect([romeos.facts.at(-1)!.blocks, blocked.facts.at(-1)]).toMatchObject([false, { blocks: true, text: "blocks juliet@localhost", state: null }]);
    expect((await contactPast(stage.source, julietJid, romeoJid)).available).toEqual([]);
    await Promise.all([romeo.close(), juliet.close(), nurse.close()]);
  });
});
