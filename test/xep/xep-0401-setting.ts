/** Invitations as clients have them: the links, and what newcomers do with them. */
import type { TestServer } from "../../src/testing/start-server.ts";
import { rosterOf } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, readXml, type Xml } from "../support/xml-reader.ts";
import { command, form, sessionOf, valuesIn } from "./xep-0050-setting.ts";
import { credentials, newcomer, outcome, type Newcomer } from "./xep-0077-setting.ts";

export const inviteNode = "urn:xmpp:invite#invite";
export const createNode = "urn:xmpp:invite#create-account";
export const password = "m1cro$oft";

export interface Link {
  readonly uri: string;
  readonly token: string;
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

export function linkIn(answer: Xml): Link {
  const fields = valuesIn(answer);
  const uri = fields["uri"]?.[0] ?? "";
  return { uri, token: tokenOf(uri), fields };
}

export function tokenOf(uri: string): string {
  return /;preauth=([0-9a-f]+)/.exec(uri)?.[1] ?? "";
}

export async function inviteUser(client: BoundClient): Promise<Link> {
  return linkIn(await command(client, inviteNode));
}

export async function createAccount(client: BoundClient, fields: Readonly<Record<string, string>>): Promise<Link> {
  const begun = await command(client, createNode);
  return linkIn(await command(client, createNode, { sessionid: sessionOf(begun) }, form(fields)));
}

/** `result`, or the condition of the error. */
export async function preauth({ raw }: Pick<Newcomer, "raw">, token: string | undefined, id = "p1"): Promise<string> {
  raw.send(`<iq type='set' id='${id}'><preauth xmlns='urn:xmpp:pars:0'${token === undefined ? "" : ` token='${token}'`}/></iq>`);
  const iq = readXml(await raw.expect(new RegExp(`<iq [^>]*id="${id}"[^>]*?(?:/>|>.*?</iq>)`, "s")));
  const error = childOf(iq, "error");
  return error === undefined ? String(iq.attrs["type"]) : (error.children[0] as Xml).name;
}

/** With a token, on a stream of its own: what the registration ends with. */
export async function registerWith(server: TestServer, token: string, username: string): Promise<string> {
  const client = await newcomer(server);
  const presented = await preauth(client, token);
  const said = presented === "result" ? outcome(await client.ask("set", credentials(username, password))) : presented;
  client.raw.destroy();
  return said;
}

/** `["juliet@localhost both"]`; the client is interested from then on. */
export async function contactsOf(client: BoundClient): Promise<readonly string[]> {
  return (await rosterOf(client)).items.map(({ jid, subscription, ask }) => [jid, subscription, ask].filter((word) => word !== undefined).join(" "));
}
