/** What the tests of bookmarks share: the three places of them, in a few words each. */
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { outcome, request } from "./xep-0163-setting.ts";

export const items = "urn:xmpp:bookmarks:1";
export const list = "storage:bookmarks";

/** The content of a bookmark; `more`: other children. */
export function conference(attrs = "", children = ""): string {
  return `<conference xmlns='${items}'${attrs === "" ? "" : ` ${attrs}`}>${children}</conference>`;
}

export function add(client: BoundClient, id: string, payload = conference(), options = ""): Promise<Answer> {
  return request(client, "set", `<publish node='${items}'><item id='${id}'>${payload}</item></publish>${options}`);
}

export function remove(client: BoundClient, ...ids: readonly string[]): Promise<Answer> {
  return request(client, "set", `<retract node='${items}'>${ids.map((id) => `<item id='${id}'/>`).join("")}</retract>`);
}

export function storage(content: string): string {
  return `<storage xmlns='${list}'>${content}</storage>`;
}

export function publishList(client: BoundClient, content: string, id = "current"): Promise<Answer> {
  return request(client, "set", `<publish node='${list}'><item id='${id}'>${storage(content)}</item></publish>`);
}

interface Answer {
  readonly answer: Xml;
  readonly others: readonly Xml[];
}

/** Sets what is in private XML; `result` or the error, and what else came. */
export async function setPrivate(client: BoundClient, content: string): Promise<Answer> {
  const came = await client.ask(`<iq type='set' id='private'><query xmlns='jabber:iq:private'>${content}</query></iq>`);
  const answer = came.find(({ attrs }) => attrs["id"] === "private");
  if (answer === undefined) throw new Error("no answer came");
  return { answer, others: came.filter((stanza) => stanza !== answer) };
}

export async function privateList(client: BoundClient): Promise<readonly string[]> {
  const came = await client.ask(`<iq type='get' id='private'><query xmlns='jabber:iq:private'><storage xmlns='${list}'/></query></iq>`);
  const query = childOf(came.find(({ attrs }) => attrs["id"] === "private"), "query");
  return elementsOf(query).flatMap((element) => (element.name === "storage" ? wordsOf(element) : [`beside: ${element.name}`]));
}

export async function publishedList(client: BoundClient): Promise<readonly string[] | string> {
  const found = await request(client, "get", `<items node='${list}'/>`);
  if (outcome(found) !== "result") return outcome(found);
  return elementsOf(childOf(childOf(found.answer, "pubsub"), "items")).flatMap((item) => elementsOf(item).flatMap(wordsOf));
}

/** `room@muc name=A autojoin=true nick=B`, in order. */
export async function publishedItems(client: BoundClient): Promise<readonly string[]> {
  const { answer } = await request(client, "get", `<items node='${items}'/>`);
  return elementsOf(childOf(childOf(answer, "pubsub"), "items")).map((item) => `${item.attrs["id"]}${elementsOf(item).map((payload) => words(payload)).join("")}`);
}

/** All three of them agree; what they say. */
export async function everywhere(client: BoundClient): Promise<{ readonly items: readonly string[]; readonly private: readonly string[]; readonly list: readonly string[] | string }> {
  return { items: await publishedItems(client), private: await privateList(client), list: await publishedList(client) };
}

export function elementsOf(element: Xml | undefined): readonly Xml[] {
  return (element?.children ?? []).filter((child): child is Xml => typeof child !== "string");
}

function wordsOf(storage: Xml): readonly string[] {
  return elementsOf(storage).map((child) => (child.name === "conference" ? `${child.attrs["jid"] ?? "no jid"}${words(child)}` : `${child.name}${words(child)}`));
}

function words({ attrs, children }: Xml): string {
  const said = Object.entries(attrs).filter(([name]) => name !== "jid" && name !== "xmlns" && !name.startsWith("xmlns:")).map(([name, value]) => ` ${name}=${value}`);
  const within = children.flatMap((child) => (typeof child === "string" ? [] : [` ${child.name}=${textOf(child) || elementsOf(child).map(({ name }) => name).join()}`]));
  return [...said, ...within].join("");
}
