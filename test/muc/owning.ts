/** What the tests of owners and of service discovery share: forms that are read and sent, and what is asked of a room. */
import { expect } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { mucNamespace, ownerNamespace } from "./setting.ts";

export const info = "http://jabber.org/protocol/disco#info";
export const items = "http://jabber.org/protocol/disco#items";
export const configType = `${mucNamespace}#roomconfig`;
/** The names of the form's fields without what most of them begin with. */
export const field = (name: string): string => (name === "maxhistoryfetch" ? "muc#maxhistoryfetch" : `muc#roomconfig_${name}`);

export const elementsOf = (parent: Xml | undefined, name: string): readonly Xml[] =>
  (parent?.children ?? []).filter((child): child is Xml => typeof child !== "string" && child.name === name);

/** The one iq that came; nothing else may have. */
export async function answerTo(client: BoundClient, text: string): Promise<Xml> {
  const [answer, ...more] = await client.ask(text);
  expect(more).toEqual([]);
  expect(answer?.name).toBe("iq");
  return answer!;
}

export const discover = (xmlns: string, to: string, node = "", inner = ""): string => `<iq type='get' id='d' to='${to}'><query xmlns='${xmlns}' ${node}>${inner}</query></iq>`;

/** The features that a service or a room has. */
export async function featuresAt(client: BoundClient, to: string): Promise<readonly string[]> {
  return elementsOf(childOf(await answerTo(client, discover(info, to)), "query"), "feature").map(({ attrs }) => attrs["var"]!);
}

/** The values of a form's fields, by their names. */
export function valuesOf(form: Xml | undefined): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(elementsOf(form, "field").map((field) => [field.attrs["var"]!, elementsOf(field, "value").map(textOf)]));
}

export const askForm = (room: string): string => `<iq type='get' id='form' to='${room}'><query xmlns='${ownerNamespace}'/></iq>`;

/** The form that an owner is given. */
export async function formOf(client: BoundClient, room: string): Promise<Xml> {
  const answer = await answerTo(client, askForm(room));
  expect(answer.attrs).toMatchObject({ type: "result", id: "form", from: room });
  return childOf(childOf(answer, "query"), "x")!;
}

export const owning = (room: string, inner: string): string => `<iq type='set' id='own' to='${room}'><query xmlns='${ownerNamespace}'>${inner}</query></iq>`;

/** A form with these fields, by their short names. */
export function submitting(room: string, fields: Readonly<Record<string, string | readonly string[]>>, formType = configType): string {
  const all = [["FORM_TYPE", [formType]] as const, ...Object.entries(fields).map(([name, values]) => [field(name), typeof values === "string" ? [values] : values] as const)];
  const xml = all.map(([name, values]) => `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join("")}</field>`).join("");
  return owning(room, `<x xmlns='jabber:x:data' type='submit'>${xml}</x>`);
}

export const cancelling = (room: string): string => owning(room, "<x xmlns='jabber:x:data' type='cancel'/>");
