import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml, type Xml } from "../support/xml-reader.ts";
import { ManagedClient } from "../management/support.ts";
import { blue, cardOf, dataNode, hashes, metadata, metadataNode, photo, publishAvatar, red, setCard, update } from "./xep-0398-setting.ts";
import { config, owner, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

/** Sends it; what its sender and the other are told of it. */
async function say(sender: BoundClient, other: BoundClient, content: string, to?: string): Promise<readonly (readonly string[])[]> {
  const own = await sender.ask(`<presence${to === undefined ? "" : ` to='${to}'`}>${content}</presence>`);
  return [hashes(own), hashes(await other.caughtUp())];
}
const x = (content: string) => `<x xmlns='${update}'>${content}</x>`;

/** Two who see each other, the first with this avatar. */
async function withAvatar(picture = red): Promise<{ readonly a: string; readonly b: string; readonly alice: BoundClient; readonly bob: BoundClient }> {
  const [a, b] = await stage.friends();
  const [alice, bob] = [await stage.appear(a), await stage.appear(b)];
  await publishAvatar(alice, picture);
  for (const client of [alice, bob]) await settled(client);
  return { a, b, alice, bob };
}

describe("XEP-0398 section 4 the hash of the avatar in presence", () => {
  it("is told to all who see the user as soon as the avatar changes, on behalf of each of its resources", async () => {
    const [a, b] = await stage.friends();
    const [one, two, hidden] = [await stage.appear(a, [], "one"), await stage.enter(a, "two"), await stage.enter(a, "hidden")];
    await two.ask("<presence><show>away</show><priority>-3</priority></presence>");
    const bob = await stage.appear(b);
    const stranger = await stage.appear(await stage.person());
    for (const client of [one, two]) await settled(client);
    await publishAvatar(one, red);
    const heard = await settled(bob);
    expect(hashes(heard).toSorted()).toEqual([`${one.jid} ${red.hash}`, `${two.jid} ${red.hash}`]);
    const away = heard.find(({ attrs }) => attrs["from"] === two.jid)!;
    expect(showXml(away)).toBe(`<presence from='${two.jid}' to='${bob.bare}'><show>away</show><priority>-3</priority><x xmlns='${update}'><photo>${red.hash}</photo></x></presence>`);
    expect(hashes(await settled(two)).toSorted()).toEqual([`${one.jid} ${red.hash}`, `${two.jid} ${red.hash}`]);
    expect([await settled(hidden), await settled(stranger)]).toEqual([[], []]);
    const second = await stage.server.sessions();
    expect(second.find(({ full_jid }) => full_jid === two.jid)).toMatchObject({ priority: -3 });
  });

  it("is in what follows, also for who comes later and who asks", async () => {
    const { a, b, alice, bob } = await withAvatar();
    expect(await say(alice, bob, "<show>dnd</show>")).toEqual([[`${alice.jid} ${red.hash}`], [`${alice.jid} ${red.hash}`]]);
    expect(hashes(await bob.ask(`<presence type='probe' to='${a}@localhost'/>`))).toEqual([`${alice.jid} ${red.hash}`]);
    expect(hashes((await stage.appear(b, [], "later")).heard)).toContain(`${alice.jid} ${red.hash}`);
    await alice.close();
    await settled(bob);
    const again = await stage.appear(a, [], "again");
    expect(hashes(await settled(bob))).toEqual([`${again.jid} ${red.hash}`]);
  });

  it("is in directed presence", async () => {
    const alice = await stage.appear(await stage.person());
    await publishAvatar(alice, red, "open");
    await settled(alice);
    const stranger = await stage.enter(await stage.person());
    expect(await say(alice, stranger, "", stranger.jid)).toEqual([[], [`${alice.jid} ${red.hash}`]]);
    expect(await say(alice, stranger, x("<photo/>"), stranger.jid)).toEqual([[], [`${alice.jid} `]]);
    await publishAvatar(alice, blue);
    expect(hashes(await settled(stranger))).toEqual([]);
  });

  it.each([
    ["nothing", "", red.hash],
    ["that it knows of avatars", x(""), red.hash],
    ["another hash", x(`<photo>${blue.hash}</photo>`), red.hash],
    ["this hash", x(`<photo>${red.hash}</photo>`), red.hash],
    ["several things", x(`<photo>${blue.hash}</photo>`) + x(""), red.hash],
    ["something of another specification", "<x xmlns='vcard-temp:x:other'><photo/></x>", red.hash],
    ["that there is none", x("<photo/>"), ""],
    ["that there is none, in white space", x("<photo> \n</photo>"), " \n"],
  ])("is there when the client says %s", async (_, content, expected) => {
    const { alice, bob } = await withAvatar();
    expect(await say(alice, bob, content)).toEqual([[`${alice.jid} ${expected}`], [`${alice.jid} ${expected}`]]);
  });

  it("leaves all else in it where it was", async () => {
    const { alice, bob } = await withAvatar();
    const [stanza] = await alice.ask(`<presence><status>a</status>${x("<nickname>Al</nickname><photo>1</photo>")}<priority>1</priority></presence>`);
    expect(showXml(stanza!)).toContain(`<status>a</status><x xmlns='${update}'><photo>${red.hash}</photo><nickname>Al</nickname></x><priority>1</priority>`);
    await bob.caughtUp();
    expect(hashes(await alice.ask("<presence type='unavailable'/>"))).toEqual([]);
    const left = (await bob.caughtUp()).find(({ attrs }) => attrs["type"] === "unavailable");
    expect(childOf(left, "x")).toBeUndefined();
  });

  it("is not told on behalf of a client that has said there is none, until it says something else", async () => {
    const { alice, bob } = await withAvatar();
    await say(alice, bob, x("<photo/>"));
    await publishAvatar(alice, blue);
    expect(hashes(await settled(bob))).toEqual([]);
    await alice.caughtUp();
    expect(await say(alice, bob, "")).toEqual([[`${alice.jid} ${blue.hash}`], [`${alice.jid} ${blue.hash}`]]);
    await publishAvatar(alice, red);
    expect(hashes(await settled(bob))).toEqual([`${alice.jid} ${red.hash}`]);
  });

  it("is none for a user who never had one, and empty for one who has none any more", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.appear(a), await stage.appear(b)];
    await settled(alice);
    const both = (said: string) => [[`${alice.jid} ${said}`], [`${alice.jid} ${said}`]];
    expect(await say(alice, bob, "")).toEqual(both("-"));
    expect(await say(alice, bob, x(""))).toEqual(both(""));
    expect(await say(alice, bob, x(`<photo>${red.hash}</photo>`))).toEqual(both(red.hash));
    await setCard(alice, photo(red));
    await setCard(alice, "<FN>Alice</FN>");
    await settled(bob);
    await settled(alice);
    expect(await say(alice, bob, "")).toEqual(both(""));
    expect(await say(alice, bob, x(`<photo>${red.hash}</photo>`))).toEqual(both(""));
  });

  it("is empty while not all who see the user may have the picture (section 7)", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.appear(a), await stage.appear(b)];
    await publishAvatar(alice, red, "whitelist");
    await settled(alice);
    await settled(bob);
    expect(await say(alice, bob, "")).toEqual([[`${alice.jid} `], [`${alice.jid} `]]);
    expect([await cardOf(alice), await cardOf(bob, a)]).toEqual([photo(red), "cancel service-unavailable"]);
  });

  it("is taken back as soon as not all of them may have it any more, and told again when they may", async () => {
    const { a, b, alice, bob } = await withAvatar();
    const own = (content: string) => request(alice, "set", content, { xmlns: owner });
    const access = (node: string, model: string) => own(`<configure node='${node}'>${config({ access_model: model })}</configure>`);
    const banned = (affiliation: string) => own(`<affiliations node='${metadataNode}'><affiliation jid='nobody@localhost' affiliation='${affiliation}'/></affiliations>`);
    const later = async (resource: string) => {
      const client = await stage.appear(b, [], resource);
      await client.close();
      return ofAlice(client.heard);
    };
    const ofAlice = (stanzas: readonly Xml[]) => hashes(stanzas).filter((said) => said.startsWith(`${a}@`));
    for (const [close, open] of [
      [() => access(metadataNode, "whitelist"), () => access(metadataNode, "presence")],
      [() => access(dataNode, "roster"), () => access(dataNode, "open")],
      [() => banned("outcast"), () => banned("none")],
    ] as const) {
      await close();
      expect([ofAlice(await settled(bob)), await later("then")]).toEqual([[`${alice.jid} `], [`${alice.jid} `]]);
      await open();
      expect([ofAlice(await settled(bob)), await later("now")]).toEqual([[`${alice.jid} ${red.hash}`], [`${alice.jid} ${red.hash}`]]);
    }
  });

  it("is in directed presence for those alone who may have the picture (section 7)", async () => {
    const { alice, bob } = await withAvatar();
    const stranger = await stage.appear(await stage.person());
    for (const [model, expected] of [["presence", ""], ["open", red.hash]] as const) {
      for (const node of [dataNode, metadataNode]) await request(alice, "set", `<configure node='${node}'>${config({ access_model: model })}</configure>`, { xmlns: owner });
      for (const client of [alice, bob]) await settled(client);
      expect((await say(alice, stranger, "", stranger.bare))[1]).toEqual([`${alice.jid} ${expected}`]);
      expect((await say(alice, bob, "", bob.bare))[1]).toEqual([`${alice.jid} ${red.hash}`]);
    }
  });

  it("is told once for an avatar that is published again", async () => {
    const { alice, bob } = await withAvatar();
    await publishAvatar(alice, red);
    await setCard(alice, photo(red));
    expect(hashes(await settled(bob))).toEqual([]);
    for (const picture of [blue, red, blue]) await publishAvatar(alice, picture);
    expect(hashes(await settled(bob)).at(-1)).toBe(`${alice.jid} ${blue.hash}`);
    await request(alice, "set", publish(metadataNode, metadata("")));
    expect(hashes(await settled(bob))).toEqual([`${alice.jid} `]);
  });
});

describe("XEP-0398 section 4 for a client without a link", () => {
  it("goes on behalf of it, and is there when it comes back, also after the server was killed", async () => {
    const [a, b] = await stage.friends();
    const bob = await stage.appear(b);
    const phone = await ManagedClient.login(stage.server, { user: a });
    await phone.enable();
    phone.send("<presence><show>xa</show></presence>");
    await phone.caughtUp();
    await settled(bob);
    await phone.vanish(stage.server);
    const desk = await stage.appear(a, [], "desk");
    await publishAvatar(desk, red);
    expect(hashes(await settled(bob)).filter((said) => said.startsWith(phone.jid))).toEqual([`${phone.jid} ${red.hash}`]);
    await desk.close();
    await stage.server.restart({ kill: true });
    const later = await stage.appear(b, [], "later");
    expect(hashes(later.heard)).toEqual([`${later.jid} -`, `${phone.jid} ${red.hash}`]);
    const sessions = await stage.server.sessions();
    expect(sessions.find(({ full_jid }) => full_jid === phone.jid)?.presence).toContain(`<show>xa</show><x xmlns="${update}"><photo>${red.hash}</photo></x>`);
    await phone.resume();
    await publishAvatar(await stage.enter(a, "desk"), blue);
    expect(hashes(await settled(later))).toEqual([`${phone.jid} ${blue.hash}`]);
    expect(hashes(await phone.caughtUp()).filter((said) => said.startsWith(phone.jid))).toEqual([`${phone.jid} ${red.hash}`, `${phone.jid} ${blue.hash}`]);
  });

  it("is left to a client that has said there is none, also after the server was killed", async () => {
    const [a, b] = await stage.friends();
    const phone = await ManagedClient.login(stage.server, { user: a });
    await phone.enable();
    phone.send(`<presence>${x("<photo/>")}</presence>`);
    await phone.caughtUp();
    await phone.vanish(stage.server);
    await stage.server.restart({ kill: true });
    const bob = await stage.appear(b);
    await publishAvatar(await stage.enter(a, "desk"), red);
    expect(hashes([...bob.heard, ...(await settled(bob))]).filter((said) => said.startsWith(phone.jid))).toEqual([`${phone.jid} `]);
  });
});
