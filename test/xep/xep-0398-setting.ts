/** What the tests of avatars share: pictures, and what clients are told of them on either side. */
import { createHash } from "node:crypto";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { options, outcome, publish, request } from "./xep-0163-setting.ts";

export const dataNode = "urn:xmpp:avatar:data";
export const metadataNode = "urn:xmpp:avatar:metadata";
export const update = "vcard-temp:x:update";

export interface TestPicture {
  readonly base64: string;
  readonly hash: string;
  readonly bytes: number;
}

export function pictureOf(text: string): TestPicture {
  const bytes = Buffer.from(`\x89PNG\r\n\x1A\n${text}`, "latin1");
  return { base64: bytes.toString("base64"), hash: createHash("sha1").update(bytes).digest("hex"), bytes: bytes.length };
}

export const red = pictureOf("red");
export const blue = pictureOf("blue");

export const data = (base64: string, id: string) => `<item id='${id}'><data xmlns='${dataNode}'>${base64}</data></item>`;
export const info = ({ hash, bytes }: TestPicture, type = "image/png", more = "") => `<info id='${hash}' bytes='${bytes}' type='${type}'${more}/>`;
export const metadata = (infos: string, id = "") => `<item${id === "" ? "" : ` id='${id}'`}><metadata xmlns='${metadataNode}'>${infos}</metadata></item>`;

/** As a client does it (XEP-0084 section 3); the outcomes of both. */
export async function publishAvatar(client: BoundClient, picture: TestPicture, access?: string): Promise<readonly string[]> {
  const chosen = access === undefined ? "" : options({ access_model: access });
  return [
    outcome(await request(client, "set", publish(dataNode, data(picture.base64, picture.hash), chosen))),
    outcome(await request(client, "set", publish(metadataNode, metadata(info(picture), picture.hash), chosen))),
  ];
}

/** Asks again and again: what is published is read from the disk before it is told. */
export async function eventually<Found>(look: () => Promise<Found>, isRight: (found: Found) => boolean): Promise<Found> {
  for (let tries = 0; ; tries += 1) {
    const found = await look();
    if (isRight(found) || tries === 400) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function ask(client: BoundClient, type: "get" | "set", card: string, to?: string): Promise<Xml> {
  const came = await client.ask(`<iq type='${type}' id='card'${to === undefined ? "" : ` to='${to}'`}>${card}</iq>`);
  return came.find(({ attrs }) => attrs["id"] === "card")!;
}

/** `result`, or the error in words. */
export async function setCard(client: BoundClient, content: string): Promise<string> {
  return outcome({ answer: await ask(client, "set", `<vCard xmlns='vcard-temp'>${content}</vCard>`) });
}

/** What is in the vCard, as one text; the condition where there is none. */
export async function cardOf(client: BoundClient, user?: string): Promise<string> {
  const answer = await ask(client, "get", "<vCard xmlns='vcard-temp'/>", user === undefined ? undefined : `${user}@localhost`);
  const card = childOf(answer, "vCard");
  return card === undefined ? outcome({ answer }) : card.children.map((child) => (typeof child === "string" ? child : showXml(child, "vcard-temp"))).join("");
}

export const photo = ({ base64 }: TestPicture, type = "image/png") => `<PHOTO><TYPE>${type}</TYPE><BINVAL>${base64}</BINVAL></PHOTO>`;

/** Of each available presence: who sent it, and the hash in it; `-`: nothing is said of avatars, `?`: no more than that the client knows of them. */
export function hashes(stanzas: readonly Xml[]): readonly string[] {
  return stanzas.flatMap((stanza) => {
    if (stanza.name !== "presence" || stanza.attrs["type"] !== undefined) return [];
    const updates = stanza.children.filter((child): child is Xml => typeof child !== "string" && child.name === "x" && child.xmlns === update);
    const said = updates.map((x) => {
      const photo = childOf(x, "photo");
      return photo === undefined ? "?" : textOf(photo);
    });
    return [`${stanza.attrs["from"]} ${updates.length === 0 ? "-" : said.join("+")}`];
  });
}

/** What is told of an avatar's metadata: the formats in it, `type id`, and of each where it is, if that is elsewhere. */
export function told(stanzas: readonly Xml[]): readonly string[] {
  return stanzas.flatMap((stanza) => {
    const items = childOf(childOf(stanza, "event"), "items");
    const found = items?.attrs["node"] === metadataNode ? childOf(childOf(items, "item"), "metadata") : undefined;
    if (found === undefined) return [];
    return [found.children.flatMap((child) => (typeof child === "string" ? [] : [`${child.attrs["type"]} ${child.attrs["id"]} ${child.attrs["bytes"]}`])).join(", ")];
  });
}
