/** What tests of archives share: a client that asks its archive, and what it is told as values. */
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import type { BoundClient } from "../support/login.ts";

export const mam = "urn:xmpp:mam:2";

export interface Asked {
  /** Each field's values; one value or several. */
  readonly form?: Readonly<Record<string, string | readonly string[]>>;
  /** What is in the `<set/>`; undefined: there is none. */
  readonly set?: string;
  readonly queryid?: string;
  readonly flip?: boolean;
}

export interface Told {
  readonly messages: readonly ToldMessage[];
  readonly first: string | undefined;
  readonly index: number | undefined;
  readonly last: string | undefined;
  readonly count: number | undefined;
  readonly complete: boolean;
  /** Instead of all that. */
  readonly error: string | undefined;
}

export interface ToldMessage {
  readonly id: string;
  readonly queryid: string | undefined;
  /** As it was written. */
  readonly stamp: string;
  readonly message: Xml | undefined;
  readonly body: string;
}

export const page = (content: string) => `<set xmlns='http://jabber.org/protocol/rsm'>${content}</set>`;

export function queryText({ form, set, queryid, flip = false }: Asked): string {
  const fields = Object.entries(form ?? {}).map(([name, value]) => {
    const values = typeof value === "string" ? [value] : value;
    return `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join("")}</field>`;
  });
  const type = `<field var='FORM_TYPE' type='hidden'><value>${mam}</value></field>`;
  const x = form === undefined ? "" : `<x xmlns='jabber:x:data' type='submit'>${type}${fields.join("")}</x>`;
  const id = queryid === undefined ? "" : ` queryid='${queryid}'`;
  return `<query xmlns='${mam}'${id}>${x}${set === undefined ? "" : page(set)}${flip ? "<flip-page/>" : ""}</query>`;
}

let requests = 0;

/** Sends a request to the client's own archive and returns what comes with its answer, which is the last of it. */
export async function request(client: BoundClient, payload: string, type: "get" | "set" = "set", to?: string): Promise<{ readonly before: readonly Xml[]; readonly answer: Xml }> {
  const id = `request-${++requests}`;
  client.send(`<iq type='${type}' id='${id}'${to === undefined ? "" : ` to='${to}'`}>${payload}</iq>`);
  const before: Xml[] = [];
  for (;;) {
    const element = await client.next();
    if (element.name === "iq" && element.attrs["id"] === id) return { before, answer: element };
    before.push(element);
  }
}

/** Asks the client's own archive, or that of a room. */
export async function ask(client: BoundClient, asked: Asked = {}, room?: string): Promise<Told> {
  const { before, answer } = await request(client, queryText(asked), "set", room);
  const messages = before.flatMap((element) => toldMessage(element) ?? []);
  const set = childOf(childOf(answer, "fin"), "set");
  const [first, last, count] = ["first", "last", "count"].map((name) => childOf(set, name));
  const index = first?.attrs["index"];
  return {
    messages,
    first: first && textOf(first),
    index: index === undefined ? undefined : Number(index),
    last: last && textOf(last),
    count: count === undefined ? undefined : Number(textOf(count)),
    complete: childOf(answer, "fin")?.attrs["complete"] === "true",
    error: conditionOf(answer),
  };
}

/** The condition of an error, alone. */
export function conditionOf(stanza: Xml): string | undefined {
  const error = childOf(stanza, "error");
  return error?.children.map((child) => (child as Xml).name).find((name) => name !== "text");
}

export function toldMessage(element: Xml): ToldMessage | undefined {
  const result = childOf(element, "result");
  if (element.name !== "message" || result?.xmlns !== mam) return undefined;
  const forwarded = childOf(result, "forwarded");
  const message = childOf(forwarded, "message");
  const delay = childOf(forwarded, "delay");
  return {
    id: result.attrs["id"] ?? "", queryid: result.attrs["queryid"], stamp: delay?.attrs["stamp"] ?? "", message, body: textOf(childOf(message, "body")),
  };
}

/** Everything, read forward in pages of this many. */
export async function all(client: BoundClient, asked: Asked = {}, max = 100): Promise<readonly ToldMessage[]> {
  const found: ToldMessage[] = [];
  for (let after = ""; ; ) {
    const told = await ask(client, { ...asked, set: `<max>${max}</max>${after}` });
    found.push(...told.messages);
    if (told.complete) return found;
    after = `<after>${told.last!}</after>`;
  }
}

export const bodiesOf = (messages: readonly ToldMessage[]): readonly string[] => messages.map(({ body }) => body);

/** The id under which a message says that this account has it. */
export function stanzaIdBy(message: Xml | undefined, by: string): string | undefined {
  const isOurs = (child: Xml | string): child is Xml =>
    typeof child !== "string" && child.name === "stanza-id" && child.xmlns === "urn:xmpp:sid:0" && child.attrs["by"] === by;
  const ids = message?.children.filter(isOurs) ?? [];
  if (ids.length > 1) throw new Error(`there are ${ids.length} ids by ${by}`);
  return ids[0]?.attrs["id"];
}
