/** Addresses of a component as occupants of rooms (XEP-0045), and what is left of them when it goes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { ManagedStage } from "../management/support.ts";
import { heard, instant, joining, newRoom, opened, person, roomWords, said } from "../muc/setting.ts";
import { Component, secret, words } from "./setting.ts";

let server: TestServer;
let stage: ManagedStage;
let bridge: Component;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, components: [{ domain: "bridge.localhost", secret }] });
  stage = new ManagedStage(server);
});
beforeEach(async () => (bridge = await Component.connect(server, "bridge.localhost")));
afterEach(() => {
  stage.clear();
  bridge.cut();
});
afterAll(() => server.stop());

/** As one of its addresses. */
const as = (jid: string, xml: string): string => xml.replace(/^<\w+/, `$& from='${jid}'`);
const ann = "ann@bridge.localhost/irc";

async function romeoInRoom() {
  const { romeo: jid } = await stage.cast("romeo");
  const [romeo, room] = [await person(stage, jid), newRoom()];
  await opened(romeo, room, "romeo");
  return { romeo, room };
}

describe("XEP-0045 an address of a component in a room", () => {
  it("enters, is given what is said, says something itself, and leaves", async () => {
    const { romeo, room } = await romeoInRoom();
    expect((await bridge.ask(as(ann, joining(room, "ann")))).map(roomWords)).toEqual(["romeo: moderator/owner", "ann: participant/none [110 170]", 'subject: ""']);
    expect(await heard(romeo)).toEqual([["ann: participant/none"]]);
    await romeo.ask(said(room, "hello"));
    const [given] = await bridge.caughtUp();
    expect([roomWords(given!), words(given!)]).toEqual(['romeo: "hello"', `message groupchat ${room}/romeo → ${ann}`]);
    expect((await bridge.ask(as(ann, said(room, "hi")))).map(roomWords)).toEqual(['ann: "hi"']);
    expect(await heard(romeo)).toEqual([['ann: "hi"']]);
    await romeo.ask(`<message type='chat' to='${room}/ann' id='w'><body>psst</body></message>`);
    expect((await bridge.caughtUp()).map(roomWords)).toEqual(['romeo: "psst"']);
    expect((await bridge.ask(as(ann, `<presence type='unavailable' to='${room}/ann'/>`))).map(roomWords)).toEqual(["ann unavailable: none/none [110]"]);
    expect(await heard(romeo)).toEqual([["ann unavailable: none/none"]]);
  });

  it("is asked by others, and answers (section 17.4)", async () => {
    const { romeo, room } = await romeoInRoom();
    await bridge.ask(as(ann, joining(room, "ann")));
    await romeo.caughtUp();
    await romeo.ask(`<iq type='get' id='v' to='${room}/ann'><query xmlns='jabber:iq:version'/></iq>`);
    const [asked] = await bridge.caughtUp();
    expect(words(asked!)).toBe(`iq get ${room}/romeo → ${ann}`);
    await bridge.ask(as(ann, `<iq type='result' id='${asked!.attrs["id"]}' to='${room}/romeo'><query xmlns='jabber:iq:version'/></iq>`));
    expect((await romeo.caughtUp()).map(words)).toEqual([expect.stringMatching(new RegExp(`^iq result ${room}/ann → `))]);
  });

  it("can make a room of its own, and is many: each address one occupant", async () => {
    const room = newRoom();
    await bridge.ask(as(ann, joining(room, "ann")));
    await bridge.ask(as(ann, instant(room)));
    const others = Array.from({ length: 20 }, (_, index) => as(`u${index}@bridge.localhost`, joining(room, `u${index}`)));
    await bridge.ask(others.join(""));
    const given = (await bridge.ask(as(ann, said(room, "all")))).map(roomWords);
    expect(given).toEqual(Array.from({ length: 21 }, () => 'ann: "all"'));
  });

  it("is gone when the component is, with status 333, and can come back", async () => {
    const { romeo, room } = await romeoInRoom();
    await bridge.ask(as(ann, joining(room, "ann")) + as("bob@bridge.localhost", joining(room, "bob")));
    await romeo.caughtUp();
    bridge.cut();
    expect([roomWords(await romeo.next()), roomWords(await romeo.next())]).toEqual(["ann unavailable: none/none [333]", "bob unavailable: none/none [333]"]);
    bridge = await Component.connect(server, "bridge.localhost");
    expect((await bridge.ask(as(ann, joining(room, "ann")))).map(roomWords).slice(0, 2)).toEqual(["romeo: moderator/owner", "ann: participant/none [110 170]"]);
  });

  it("is gone before the component that takes the place of another is greeted: that one is told of nobody", async () => {
    const { romeo, room } = await romeoInRoom();
    await bridge.ask(as(ann, joining(room, "ann")));
    await romeo.caughtUp();
    bridge = await Component.connect(server, "bridge.localhost");
    expect(await bridge.caughtUp()).toEqual([]);
    expect(await heard(romeo)).toEqual([["ann unavailable: none/none [333]"]]);
  });

  it("is no ghost after the server was killed", async () => {
    const { romeo: jid } = await stage.cast("romeo");
    const [romeo, room] = [await stage.resumable(jid), newRoom()];
    await romeo.ask(joining(room, "romeo"));
    await romeo.ask(instant(room));
    await bridge.ask(as(ann, joining(room, "ann")));
    await romeo.ask("<presence/>");
    await server.restart({ kill: true });
    await romeo.resume();
    const told = (await romeo.ask(said(room, "anybody?"))).map(roomWords);
    expect(told.filter((word) => word.startsWith("ann unavailable"))).toEqual(["ann unavailable: none/none"]);
    expect(told.at(-1)).toBe('romeo: "anybody?"');
  });
});
