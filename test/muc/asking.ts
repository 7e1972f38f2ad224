/** What the tests of roles and affiliations share: a room with people in it, what is asked of it, and the answers in a few words. */
import { expect } from "vitest";
import type { RoomConfig } from "../../src/domain/room-config.ts";
import type { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { madeRoom } from "./facts.ts";
import { adminNamespace, entered, errorOf, heard, itemOf, newRoom, person, roomWords, type RoomClient } from "./setting.ts";

export interface Scene<Name extends string> {
  readonly room: string;
  /** By their names, which are their nicks too. The first one owns the room. */
  readonly jids: Readonly<Record<Name, string>>;
  readonly clients: Readonly<Record<Name, BoundClient>>;
}

/** A room that the first of them has made, with all of them in it; what they were told of that is gone. */
export async function inRoom<Name extends string>(stage: Stage, config: Partial<RoomConfig>, ...names: readonly [Name, ...Name[]]): Promise<Scene<Name>> {
  const jids = await stage.cast(...names);
  const room = newRoom();
  const clients: Partial<Record<Name, BoundClient>> = {};
  for (const [index, name] of names.entries()) {
    const client = await person(stage, jids[name]);
    clients[name] = client;
    if (index === 0) await madeRoom(client, room, name, config);
    else expect(await entered(client, room, name)).not.toContainEqual(expect.stringContaining("error"));
  }
  await heard(...Object.values<BoundClient>(clients as Record<Name, BoundClient>));
  return { room, jids, clients: clients as Record<Name, BoundClient> };
}

export const setItems = (room: string, items: string): string => `<iq type='set' id='set' to='${room}'><query xmlns='${adminNamespace}'>${items}</query></iq>`;
export const getItems = (room: string, what: string): string => `<iq type='get' id='get' to='${room}'><query xmlns='${adminNamespace}'><item ${what}/></query></iq>`;

export const toRole = (nick: string, role: string, reason = ""): string => `<item nick='${nick}' role='${role}'>${because(reason)}</item>`;
export const toAffiliation = (jid: string, affiliation: string, reason = "", more = ""): string => `<item jid='${jid}' affiliation='${affiliation}' ${more}>${because(reason)}</item>`;

const because = (reason: string): string => (reason === "" ? "" : `<reason>${reason}</reason>`);

/** `result` and `error forbidden` for answers, and what rooms say otherwise; with reason and actor where there are some. */
export function words(stanza: Xml): string {
  if (stanza.name === "iq") return stanza.attrs["type"] === "error" ? `error ${errorOf(stanza)}` : "result";
  const item = itemOf(stanza);
  const [reason, actor] = [textOf(childOf(item, "reason")), childOf(item, "actor")?.attrs["nick"]];
  return `${roomWords(stanza)}${reason === "" ? "" : ` because ${reason}`}${actor === undefined ? "" : ` by ${actor}`}`;
}

/** Sends it and returns what came of it to the sender. */
export async function asked(client: RoomClient, text: string): Promise<readonly string[]> {
  return (await client.ask(text)).map(words);
}

export async function told(...clients: readonly RoomClient[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const client of clients) all.push((await client.caughtUp()).map(words));
  return all;
}

/** The items of a list, as XML; or the error. */
export async function listed(client: RoomClient, room: string, what: string): Promise<readonly string[]> {
  const answer = (await client.ask(getItems(room, what))).find(({ name }) => name === "iq")!;
  if (answer.attrs["type"] === "error") return [`error ${errorOf(answer)}`];
  const query = childOf(answer, "query");
  expect(query?.xmlns).toBe(adminNamespace);
  return (query?.children ?? []).map((child) => (typeof child === "string" ? child : showXml(child, adminNamespace)));
}
