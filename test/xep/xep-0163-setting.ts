/** What the tests of personal eventing share: clients that say what they want to hear of, and requests in a few words. */
import { createHash } from "node:crypto";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { befriend } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";

export const pubsub = "http://jabber.org/protocol/pubsub";
export const owner = `${pubsub}#owner`;
export const eventing = `${pubsub}#event`;
const info = "http://jabber.org/protocol/disco#info";

export interface Stage {
  readonly server: TestServer;
  /** A new account; returns its localpart. */
  person(): Promise<string>;
  /** Two new accounts that see each other. */
  friends(): Promise<readonly [string, string]>;
  /** Connected, not available. */
  enter(user: string, resource?: string): Promise<BoundClient>;
  /** Available, as a client that wants to hear of these nodes and has been asked for it; what it was told on the way is returned. */
  appear(user: string, wanted?: readonly string[], resource?: string): Promise<BoundClient & { readonly heard: readonly Xml[] }>;
}

export async function startStage(options: TestServerOptions = {}): Promise<Stage> {
  const server = await startServer({ allowPlaintext: true, ...options });
  let people = 0;
  const stage: Stage = {
    server,
    person: async () => {
      const name = `user${++people}`;
      await server.addUser(name, "secret");
      return name;
    },
    friends: async () => {
      const pair = [await stage.person(), await stage.person()] as const;
      await befriend({ ...server, tlsPort: server.tlsPort }, ...pair);
      return pair;
    },
    enter: (user, resource = "r") => login(server, { user, resource, over: "plaintext" }),
    appear: async (user, wanted = [], resource = "r") => {
      const client = await stage.enter(user, resource);
      return Object.assign(client, { heard: await announce(client, wanted) });
    },
  };
  return stage;
}

/** Sends presence with these wishes, and answers the server's question if it has one. Returns what else came, last items included. */
export async function announce(client: Pick<BoundClient, "send" | "caughtUp">, wanted: readonly string[]): Promise<readonly Xml[]> {
  const features = wanted.map((node) => `${node}+notify`);
  client.send(presenceWith(features));
  const heard: Xml[] = [];
  for (const stanza of await client.caughtUp()) {
    const query = stanza.name === "iq" && stanza.attrs["type"] === "get" ? childOf(stanza, "query") : undefined;
    if (query?.xmlns === info) client.send(answerTo(stanza, features));
    else heard.push(stanza);
  }
  return [...heard, ...(await settled(client))];
}

/** What comes until nothing comes any more: last items are read from the disk, which no answer waits for. */
export async function settled(client: Pick<BoundClient, "caughtUp">): Promise<readonly Xml[]> {
  const heard: Xml[] = [];
  for (let quiet = 0; quiet < 3; quiet += 1) {
    const came = await client.caughtUp();
    heard.push(...came);
    if (came.length > 0) quiet = 0;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return heard;
}

export function presenceWith(features: readonly string[]): string {
  if (features.length === 0) return "<presence/>";
  const text = `client/pc//\u003c${features.toSorted().map((feature) => `${feature}<`).join("")}`;
  const ver = createHash("sha1").update(text).digest("base64");
  return `<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test' ver='${ver}'/></presence>`;
}

export function answerTo(question: Xml, features: readonly string[]): string {
  const { id, from } = question.attrs;
  const node = childOf(question, "query")?.attrs["node"];
  const of = node === undefined ? "" : ` node='${node}'`;
  return `<iq type='result' id='${id}' to='${from}'><query xmlns='${info}'${of}><identity category='client' type='pc'/>` +
    `${features.map((feature) => `<feature var='${feature}'/>`).join("")}</query></iq>`;
}

/** One request; the answer, and what else came before the server had dealt with it. */
export async function request(client: Pick<BoundClient, "ask">, type: "get" | "set", content: string, { to = "", xmlns = pubsub } = {}): Promise<{ readonly answer: Xml; readonly others: readonly Xml[] }> {
  const address = to === "" ? "" : ` to='${to}'`;
  const came = await client.ask(`<iq type='${type}' id='request'${address}><pubsub xmlns='${xmlns}'>${content}</pubsub></iq>`);
  const answer = came.find(({ name, attrs }) => name === "iq" && attrs["id"] === "request");
  if (answer === undefined) throw new Error(`no answer came: ${came.map((stanza) => showXml(stanza)).join("")}`);
  return { answer, others: came.filter((stanza) => stanza !== answer) };
}

/** `result`, or the error in words: `auth not-authorized presence-subscription-required`. */
export function outcome({ answer }: { readonly answer: Xml }): string {
  if (answer.attrs["type"] === "result") return "result";
  const error = childOf(answer, "error");
  const conditions = (error?.children ?? []).flatMap((child) => (typeof child === "string" || child.name === "text" ? [] : [conditionOf(child)]));
  return [error?.attrs["type"], ...conditions].join(" ");
}

function conditionOf({ name, attrs }: Xml): string {
  return attrs["feature"] === undefined ? name : `${name}:${attrs["feature"]}`;
}

export const item = (text: string, id?: string): string => `<item${id === undefined ? "" : ` id='${id}'`}><note xmlns='urn:test:note'>${text}</note></item>`;

export const publish = (node: string, items: string, options = ""): string => `<publish node='${node}'>${items}</publish>${options}`;

export function form(formType: string, fields: Readonly<Record<string, string | readonly string[]>>, kind = "submit"): string {
  const all = Object.entries({ FORM_TYPE: formType, ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.includes("#") ? name : `pubsub#${name}`, value])) });
  const field = ([name, value]: readonly [string, string | readonly string[]]) =>
    `<field var='${name}'>${[value].flat().map((each) => `<value>${each}</value>`).join("")}</field>`;
  return `<x xmlns='jabber:x:data' type='${kind}'>${all.map(field).join("")}</x>`;
}

export const options = (fields: Readonly<Record<string, string | readonly string[]>>): string =>
  `<publish-options>${form(`${pubsub}#publish-options`, fields)}</publish-options>`;

export const config = (fields: Readonly<Record<string, string | readonly string[]>>): string => form(`${pubsub}#node_config`, fields);

/** What was told of nodes, in a few words each: `user1@localhost tune: 1=La`, in order. */
export function events(stanzas: readonly Xml[]): readonly string[] {
  return stanzas.flatMap((stanza) => {
    const event = childOf(stanza, "event");
    const content = event?.xmlns === eventing ? event.children.find((child): child is Xml => typeof child !== "string") : undefined;
    return content === undefined ? [] : [`${stanza.attrs["from"]} ${content.attrs["node"]}: ${wordsOf(content)}${childOf(stanza, "delay") === undefined ? "" : " (late)"}`];
  });
}

function wordsOf(content: Xml): string {
  if (content.name === "subscription") return `${content.attrs["jid"]} is ${content.attrs["subscription"]}`;
  if (content.name !== "items") return content.name;
  const words = content.children.flatMap((child) => (typeof child === "string" ? [] : [child.name === "retract" ? `-${child.attrs["id"]}` : `${child.attrs["id"]}=${textOf(child)}`]));
  return words.length === 0 ? "nothing" : words.join(" ");
}

/** The items of an answer, as `id=text`. */
export function itemsIn({ answer }: { readonly answer: Xml }): readonly string[] {
  return (childOf(childOf(answer, "pubsub"), "items")?.children ?? []).map((child) => `${(child as Xml).attrs["id"]}=${textOf(child as Xml)}`);
}
