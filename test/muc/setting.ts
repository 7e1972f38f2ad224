/** What the tests of rooms share: people in a room, and what they are told in a few words. */
import { expect } from "vitest";
import { inWords, type Stage } from "../presence/support.ts";
import type { ManagedStage } from "../management/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";

export const mucNamespace = "http://jabber.org/protocol/muc";
export const userNamespace = `${mucNamespace}#user`;
export const adminNamespace = `${mucNamespace}#admin`;
export const ownerNamespace = `${mucNamespace}#owner`;

let rooms = 0;

/** The JID of a room that nobody has made. */
export function newRoom(domain = "muc.localhost"): string {
  return `room-${++rooms}@${domain}`;
}

/** Presence by which somebody enters. `inner`: what is within `<x/>`. */
export const joining = (room: string, nick: string, inner = "", more = ""): string =>
  `<presence to='${room}/${nick}'><x xmlns='${mucNamespace}'>${inner}</x>${more}</presence>`;

export const leaving = (room: string, nick: string, status = ""): string =>
  `<presence type='unavailable' to='${room}/${nick}'>${status === "" ? "" : `<status>${status}</status>`}</presence>`;

export const said = (room: string, body: string, id = body): string => `<message type='groupchat' to='${room}' id='${id}'><body>${body}</body></message>`;

/** Section 10.1.2: an instant room. */
export const instant = (room: string): string =>
  `<iq type='set' id='instant' to='${room}'><query xmlns='${ownerNamespace}'><x xmlns='jabber:x:data' type='submit'/></query></iq>`;

/** Section 10.2: a form with these fields. */
export const configured = (room: string, fields: Readonly<Record<string, string>>): string => {
  const all = { FORM_TYPE: `${mucNamespace}#roomconfig`, ...fields };
  const xml = Object.entries(all).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`).join("");
  return `<iq type='set' id='configure' to='${room}'><query xmlns='${ownerNamespace}'><x xmlns='jabber:x:data' type='submit'>${xml}</x></query></iq>`;
};

/** Somebody who is logged in, without presence, under this resource. */
export async function person(stage: Stage | ManagedStage, bareJid: string, resource = "phone"): Promise<BoundClient> {
  return stage.enter(bareJid, resource);
}

/** Any client that asks and reads. */
export type RoomClient = Pick<BoundClient, "ask" | "caughtUp">;

/** Makes a room by entering it, and opens it; what was said of that is gone. */
export async function opened(owner: RoomClient, room: string, nick: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
  await owner.ask(joining(room, nick));
  const answer = await owner.ask(Object.keys(fields).length === 0 ? instant(room) : configured(room, fields));
  expect(answer.find(({ name }) => name === "iq")?.attrs).toMatchObject({ type: "result" });
}

/** Enters; what it is told is returned in words. */
export async function entered(client: RoomClient, room: string, nick: string, inner = ""): Promise<readonly string[]> {
  return (await client.ask(joining(room, nick, inner))).map(roomWords);
}

export const statusCodes = (stanza: Xml): readonly string[] =>
  (userPart(stanza)?.children ?? []).flatMap((child) => (typeof child !== "string" && child.name === "status" ? [child.attrs["code"] ?? ""] : []));

export function userPart(stanza: Xml): Xml | undefined {
  return stanza.children.find((child): child is Xml => typeof child !== "string" && child.name === "x" && child.xmlns === userNamespace);
}

export function itemOf(stanza: Xml): Xml | undefined {
  return childOf(userPart(stanza), "item");
}

/**
 * `nick: moderator/owner [110 201]`, `nick unavailable: none/member [307]`, `nick: "hello"`, `subject: ""`, `error conflict`: presence and
 * messages of a room, with role and affiliation.
 */
export function roomWords(stanza: Xml): string {
  const from = stanza.attrs["from"] ?? "";
  const nick = from.includes("/") ? from.slice(from.indexOf("/") + 1) : "";
  if (stanza.attrs["type"] === "error") return `error ${errorOf(stanza)}`;
  if (stanza.name === "presence") {
    const item = itemOf(stanza);
    if (item === undefined) return inWords(stanza);
    const codes = statusCodes(stanza);
    const { role, affiliation, nick: newNick } = item.attrs;
    const gone = stanza.attrs["type"] === "unavailable" ? " unavailable" : "";
    return `${nick}${gone}: ${role}/${affiliation}${newNick === undefined ? "" : ` as ${newNick}`}${codes.length === 0 ? "" : ` [${codes.join(" ")}]`}`;
  }
  if (stanza.name === "message") {
    const [body, subject] = [childOf(stanza, "body"), childOf(stanza, "subject")];
    const delayed = childOf(stanza, "delay") === undefined ? "" : " (delayed)";
    if (body !== undefined) return `${nick}: "${textOf(body)}"${delayed}`;
    if (subject !== undefined) return `${nick === "" ? "" : `${nick} `}subject: "${textOf(subject)}"${delayed}`;
  }
  return inWords(stanza);
}

export function errorOf(stanza: Xml): string {
  const error = childOf(stanza, "error");
  const condition = (error?.children ?? []).find((child): child is Xml => typeof child !== "string" && child.name !== "text");
  return condition?.name ?? "";
}

/** What has come to each since the last look. Who has acted comes first. */
export async function heard(...clients: readonly RoomClient[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const client of clients) all.push((await client.caughtUp()).map(roomWords));
  return all;
}
