import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAccountDocument, toAccountText } from "../../src/admin/formats/account-document.ts";
import { Xep0227Writer } from "../../src/admin/formats/xep-0227-write.ts";
import { loadWholeAccount } from "../../src/log/whole-account.ts";
import { backstage } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml } from "../support/xml-reader.ts";
import {
  blue, cardOf, data, dataNode, eventually, hashes, info, metadata, metadataNode, photo, pictureOf, publishAvatar, red, setCard, told,
} from "./xep-0398-setting.ts";
import { config, events, itemsIn, options, outcome, owner, publish, request, settled, startStage, type Stage } from "./xep-0163-setting.ts";

const behind = backstage();
let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ extensions: [behind.extension] });
});
afterAll(() => stage.server.stop());

const put = async (client: BoundClient, node: string, items: string, given = "") => outcome(await request(client, "set", publish(node, items, given)));

describe("XEP-0398 section 2 discovery", () => {
  it("says on the account that the server converts", async () => {
    const alice = await stage.enter(await stage.person());
    const [answer] = await alice.ask(`<iq type='get' id='d' to='${alice.bare}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    expect(showXml(answer!)).toContain("urn:xmpp:pep-vcard-conversion:0");
  });
});

describe("XEP-0398 section 3.1 from an avatar to the vCard", () => {
  it("puts the picture in, for the user and those who may have both nodes (section 7)", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob, stranger] = [await stage.appear(a), await stage.appear(b), await stage.appear(await stage.person())];
    await publishAvatar(alice, red);
    expect(await cardOf(alice)).toBe(photo(red));
    expect(await cardOf(bob, a)).toBe(photo(red));
    expect(await cardOf(stranger, a)).toBe("cancel service-unavailable");
    for (const node of [dataNode, metadataNode]) {
      expect(await cardOf(stranger, a)).toBe("cancel service-unavailable");
      await request(alice, "set", `<configure node='${node}'>${config({ access_model: "open" })}</configure>`, { xmlns: owner });
    }
    expect(await cardOf(stranger, a)).toBe(photo(red));
    await request(alice, "set", `<configure node='${dataNode}'>${config({ access_model: "whitelist" })}</configure>`, { xmlns: owner });
    expect([await cardOf(alice), await cardOf(bob, a)]).toEqual([photo(red), "cancel service-unavailable"]);
  });

  it("leaves the rest of the vCard as it is, and the picture where one was", async () => {
    const alice = await stage.appear(await stage.person());
    await setCard(alice, `<FN>Alice</FN>${photo(blue)}<TITLE>x</TITLE>`);
    await publishAvatar(alice, red);
    expect(await cardOf(alice)).toBe(`<FN>Alice</FN>${photo(red)}<TITLE>x</TITLE>`);
    await put(alice, metadataNode, metadata(""));
    expect(await cardOf(alice)).toBe("<FN>Alice</FN><TITLE>x</TITLE>");
    await setCard(alice, "<FN>Alice</FN>");
    await publishAvatar(alice, red);
    expect(await cardOf(alice)).toBe(`<FN>Alice</FN>${photo(red)}`);
  });

  it("takes the format that is in the account, the one for all clients first", async () => {
    const alice = await stage.appear(await stage.person());
    const gif = pictureOf("gif");
    const elsewhere = info(blue, "image/png", " url='https://example.org/blue.png'");
    await put(alice, dataNode, data(gif.base64, gif.hash), options({ max_items: "max" }));
    await put(alice, dataNode, data(blue.base64, blue.hash));
    await put(alice, metadataNode, metadata(elsewhere + info(gif, "image/gif"), gif.hash));
    expect(await cardOf(alice)).toBe(photo(gif, "image/gif"));
    await put(alice, dataNode, data(red.base64, red.hash));
    await put(alice, metadataNode, metadata(elsewhere + info(gif, "image/gif") + info(red), red.hash));
    expect(await cardOf(alice)).toBe(photo(red));
    await put(alice, metadataNode, metadata(elsewhere, blue.hash));
    expect(await cardOf(alice)).toBe("cancel item-not-found");
  });

  const hash = (picture: { readonly hash: string }) => picture.hash;
  it.each([
    ["has no data", [], info(red)],
    ["is data without metadata", [data(red.base64, hash(red))], undefined],
    ["is another picture than its id says", [data(blue.base64, hash(red))], info(red)],
    ["is no base64", [data("*not base64*", hash(red))], info(red)],
    ["is nothing", [data("", hash(red))], info(red)],
    ["has an element in the place of its data", [`<item id='${red.hash}'><data xmlns='urn:other'>${red.base64}</data></item>`], info(red)],
    ["has metadata that say nothing", [data(red.base64, hash(red))], "<info/><info id='../x' type='image/png'/><pointer/>"],
    ["names another id", [data(red.base64, hash(red))], info(blue)],
  ])("does not convert what %s", async (_, items, infos) => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a);
    const bob = await stage.appear(b);
    await alice.caughtUp();
    for (const each of items) expect(await put(alice, dataNode, each)).toBe("result");
    if (infos !== undefined) expect(await put(alice, metadataNode, metadata(infos, red.hash))).toBe("result");
    expect(await cardOf(alice)).toBe("cancel item-not-found");
    expect(hashes(await settled(bob)).filter((said) => said.includes(red.hash) || said.includes(blue.hash))).toEqual([]);
  });

  it("takes base64 in lines (XEP-0084 section 4.1), data that come after their metadata, and an id in capitals", async () => {
    const [a, b] = await stage.friends();
    const bob = await stage.appear(b);
    const alice = await stage.appear(a);
    await settled(bob);
    await put(alice, metadataNode, metadata(info(red), red.hash));
    await put(alice, dataNode, data(red.base64.replaceAll(/(.{5})/g, "$1\r\n\t "), red.hash));
    expect(await cardOf(alice)).toBe(photo(red));
    expect(hashes(await settled(bob)).at(-1)).toBe(`${alice.jid} ${red.hash}`);
    const id = blue.hash.toUpperCase();
    await put(alice, dataNode, data(blue.base64, id));
    await put(alice, metadataNode, metadata(info({ ...blue, hash: id }), id));
    expect(await cardOf(alice)).toBe(photo(blue));
    expect(hashes(await settled(bob)).at(-1)).toBe(`${alice.jid} ${blue.hash}`);
  });

  it.each([
    ["with empty metadata (XEP-0084 section 3.5)", publish(metadataNode, metadata("")), undefined],
    ["by retracting it", `<retract node='${metadataNode}'><item id='${red.hash}'/></retract>`, undefined],
    ["by retracting its data", `<retract node='${dataNode}'><item id='${red.hash}'/></retract>`, undefined],
    ["with the node", `<delete node='${metadataNode}'/>`, owner],
    ["with all items", `<purge node='${dataNode}'/>`, owner],
  ])("takes it away %s", async (_, content, xmlns) => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.appear(a), await stage.appear(b)];
    await setCard(alice, "<FN>Alice</FN>");
    await publishAvatar(alice, red);
    expect(await cardOf(bob, a)).toBe(`<FN>Alice</FN>${photo(red)}`);
    await settled(bob);
    expect(outcome(await request(alice, "set", content, xmlns === undefined ? {} : { xmlns }))).toBe("result");
    expect(hashes(await settled(bob))).toEqual([`${alice.jid} `]);
    expect(await cardOf(bob, a)).toBe("<FN>Alice</FN>");
  });
});

describe("XEP-0398 section 3.2 from the vCard to an avatar", () => {
  it("publishes both items, for all to see, and tells those who want to hear of it", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a);
    const bob = await stage.appear(b, [metadataNode]);
    const stranger = await stage.appear(await stage.person());
    expect(await setCard(alice, photo(red, "image/jpeg"))).toBe("result");
    const heard = await settled(bob);
    expect([told(heard), hashes(heard)]).toEqual([[`image/jpeg ${red.hash} ${red.bytes}`], [`${alice.jid} ${red.hash}`]]);
    for (const client of [bob, stranger]) {
      expect(itemsIn(await request(client, "get", `<items node='${dataNode}'/>`, { to: `${a}@localhost` }))).toEqual([`${red.hash}=${red.base64}`]);
      expect(await cardOf(client, a)).toBe(photo(red, "image/jpeg"));
    }
    const { answer } = await request(stranger, "get", `<items node='${metadataNode}'/>`, { to: `${a}@localhost` });
    const item = childOf(childOf(childOf(answer, "pubsub"), "items"), "item");
    expect([item?.attrs["id"], childOf(childOf(item, "metadata"), "info")?.attrs]).toEqual([red.hash, { id: red.hash, bytes: String(red.bytes), type: "image/jpeg" }]);
  });

  it("does nothing for the picture that is there already, whichever side it came from", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a);
    const bob = await stage.appear(b, [metadataNode]);
    await publishAvatar(alice, red);
    await settled(bob);
    for (const name of ["Alice", "Alicia"]) {
      expect(await setCard(alice, `<FN>${name}</FN>${photo(red)}`)).toBe("result");
      expect([events(await settled(bob)), await cardOf(bob, a)]).toEqual([[], `<FN>${name}</FN>${photo(red)}`]);
    }
    expect(await setCard(alice, photo(blue))).toBe("result");
    expect(told(await settled(bob))).toEqual([`image/png ${blue.hash} ${blue.bytes}`]);
  });

  it.each([["without one", "<FN>Alice</FN>", "<FN>Alice</FN>"], ["with an empty one", "<FN>Alice</FN><PHOTO><TYPE>image/png</TYPE><BINVAL/></PHOTO>", "<FN>Alice</FN>"]])(
    "disables the avatar with a vCard %s, once", async (_, card, shown) => {
      const [a, b] = await stage.friends();
      const alice = await stage.appear(a);
      const bob = await stage.appear(b, [metadataNode]);
      await setCard(alice, photo(red));
      await settled(bob);
      for (const expected of [[""], []]) {
        expect(await setCard(alice, card)).toBe("result");
        expect(told(await settled(bob))).toEqual(expected);
      }
      expect(await cardOf(alice)).toBe(shown);
    },
  );

  it.each([
    ["stands elsewhere", "<PHOTO><EXTVAL>https://example.org/a.png</EXTVAL></PHOTO>"],
    ["is no base64", "<PHOTO><TYPE>image/png</TYPE><BINVAL>iVBORw0KGgo</BINVAL></PHOTO>"],
  ])("keeps a picture that %s in the vCard alone", async (_, other) => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a);
    const bob = await stage.appear(b, [metadataNode]);
    await setCard(alice, photo(red));
    await settled(bob);
    expect(await setCard(alice, other)).toBe("result");
    const heard = await settled(bob);
    expect([told(heard), hashes(heard), await cardOf(bob, a)]).toEqual([[""], [`${alice.jid} `], other]);
    await publishAvatar(alice, blue);
    expect(await cardOf(bob, a)).toBe(photo(blue));
  });

  it("says what a picture is where the vCard does not", async () => {
    const alice = await stage.appear(await stage.person());
    for (const [start, type] of [["\xFF\xD8\xFF\xE0", "image/jpeg"], ["GIF89a", "image/gif"], ["RIFF1234WEBPVP8", "image/webp"], ["anything", "image/png"]] as const) {
      const base64 = Buffer.from(start, "latin1").toString("base64");
      await setCard(alice, `<PHOTO><TYPE>text/html</TYPE><BINVAL>${base64}</BINVAL></PHOTO>`);
      expect(await cardOf(alice)).toBe(`<PHOTO><TYPE>${type}</TYPE><BINVAL>${base64}</BINVAL></PHOTO>`);
    }
  });

  it("leaves nodes that the user has made as they are, and changes nothing at all where they take nothing", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.appear(a), await stage.appear(b)];
    await publishAvatar(alice, red, "whitelist");
    expect(await setCard(alice, `<FN>Alice</FN>${photo(blue)}`)).toBe("result");
    expect([await cardOf(alice), await cardOf(bob, a)]).toEqual([`<FN>Alice</FN>${photo(blue)}`, "<FN>Alice</FN>"]);
    await request(alice, "set", `<configure node='${metadataNode}'>${config({ publish_node_full: "reject" })}</configure>`, { xmlns: owner });
    expect(await setCard(alice, `<FN>Alicia</FN>${photo(red)}`)).toBe("cancel conflict node-full");
    expect([await cardOf(alice), itemsIn(await request(alice, "get", `<items node='${dataNode}'/>`))]).toEqual([`<FN>Alice</FN>${photo(blue)}`, [`${blue.hash}=${blue.base64}`]]);
  });

  it("keeps the order of sets that come at once, from several resources", async () => {
    const a = await stage.person();
    const clients = [await stage.appear(a, [], "one"), await stage.appear(a, [], "two")] as const;
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(clients.flatMap((client, index) => [setCard(client, `<FN>${index}</FN>${photo(index === 0 ? red : blue)}`)]));
      const card = await cardOf(clients[0]);
      expect([`<FN>0</FN>${photo(red)}`, `<FN>1</FN>${photo(blue)}`]).toContain(card);
    }
  });

  it("takes as large a picture as a stanza can hold", async () => {
    const [a, b] = await stage.friends();
    const [alice, bob] = [await stage.appear(a), await stage.appear(b)];
    const large = pictureOf("x".repeat(190_000));
    expect(await setCard(alice, photo(large))).toBe("result");
    expect(await cardOf(bob, a)).toBe(photo(large));
  });
});

describe("XEP-0398 a picture from before", () => {
  const kept = (card: string) => `<vCard xmlns="vcard-temp">${card}</vCard>`;
  const keep = (user: string, card: string) =>
    behind.withAccount(`${user}@localhost`, (step, account, house) => house.data.set(step, account, "vcard", "vcard", kept(card)));

  it("is shown as it was, and is an avatar as soon as its user comes", async () => {
    const [a, b] = await stage.friends();
    const bob = await stage.appear(b, [metadataNode]);
    await keep(a, `<FN>Alice</FN>${photo(red)}`);
    expect(await cardOf(bob, a)).toBe(`<FN>Alice</FN>${photo(red)}`);
    const alice = await stage.appear(a);
    const heard = await eventually(() => settled(bob), (came) => told(came).length > 0);
    expect(told(heard)).toEqual([`image/png ${red.hash} ${red.bytes}`]);
    expect(await eventually(() => cardOf(alice), (card) => card.startsWith("<FN>"))).toBe(`<FN>Alice</FN>${photo(red)}`);
    await put(alice, metadataNode, metadata(""));
    expect(await cardOf(bob, a)).toBe("<FN>Alice</FN>");
  });

  it("gives way to an avatar", async () => {
    const a = await stage.person();
    const hidden = await stage.enter(a);
    await keep(a, photo(red));
    await publishAvatar(hidden, blue);
    await settled(hidden);
    expect(await cardOf(hidden)).toBe(photo(blue));
    await put(hidden, metadataNode, metadata(""));
    expect(await cardOf(hidden)).toBe("cancel item-not-found");
  });

  it("or what was published as the server was killed, is told when its user comes again", async () => {
    const [a, b] = await stage.friends();
    const alice = await stage.appear(a);
    await publishAvatar(alice, red);
    await settled(alice);
    await alice.close();
    await behind.withAccount(`${a}@localhost`, (step, account, house) => {
      house.setState(step, account, "avatar", "current", { hash: blue.hash, type: "image/png", mark: "of another state" });
    });
    await stage.server.restart({ kill: true });
    const bob = await stage.appear(b);
    const again = await stage.appear(a);
    expect(await eventually(async () => hashes(await settled(bob)), (said) => said.length > 0 && said.at(-1)!.endsWith(red.hash))).toContain(`${again.jid} ${red.hash}`);
    expect(await behind.withAccount(`${a}@localhost`, (_, account) => account.state("avatar", "current"))).toMatchObject({ hash: red.hash });
  });
});

describe("XEP-0227 section 4 an exported vCard", () => {
  /** The vCard of a user in a file of this format. */
  async function exported(user: string): Promise<string | undefined> {
    const whole = await loadWholeAccount(stage.server.store, "localhost", user);
    const document = readAccountDocument(JSON.parse(toAccountText(whole!)));
    if ("problem" in document) throw new Error(document.problem);
    return /<vCard.*<\/vCard>/.exec(new Xep0227Writer().account(document).text)?.[0];
  }
  const vcard = (content: string) => `<vCard xmlns="vcard-temp">${content}</vCard>`;

  it("has the picture that contacts see, wherever that came from, and none that was taken away", async () => {
    const a = await stage.person();
    const alice = await stage.appear(a);
    await publishAvatar(alice, red);
    await settled(alice);
    expect(await exported(a)).toBe(vcard(photo(red)));
    await setCard(alice, `<FN>Alice</FN>${photo(blue, "image/gif")}<N/>`);
    await settled(alice);
    expect(await exported(a)).toBe(vcard(`<FN>Alice</FN>${photo(blue, "image/gif")}<N/>`));
    await put(alice, metadataNode, metadata(""));
    await settled(alice);
    expect(await exported(a)).toBe(vcard("<FN>Alice</FN><N/>"));
    await setCard(alice, photo(red));
    await put(alice, metadataNode, metadata(""));
    await settled(alice);
    expect(await exported(a)).toBeUndefined();
  });
});
