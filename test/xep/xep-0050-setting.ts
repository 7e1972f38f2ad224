/** What the tests of commands share: what is sent to execute them, and the answers in a few words. */
import { expect } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";

export const commandsNamespace = "http://jabber.org/protocol/commands";

/** `more`: other attributes, such as action and sessionid. `inner`: what is within it. */
export async function command(client: BoundClient, node: string, more: Readonly<Record<string, string>> = {}, inner = "", to = "localhost"): Promise<Xml> {
  const attrs = Object.entries({ node, ...more }).map(([name, value]) => ` ${name}='${value}'`).join("");
  const answers = await client.ask(`<iq type='set' id='c' to='${to}'><command xmlns='${commandsNamespace}'${attrs}>${inner}</command></iq>`);
  const answer = answers.find(({ name, attrs }) => name === "iq" && attrs["id"] === "c");
  expect(answer?.attrs).toMatchObject({ from: to });
  return answer!;
}

export function form(fields: Readonly<Record<string, string | readonly string[]>>, type = "submit"): string {
  const xml = Object.entries(fields).map(([name, values]) => `<field var='${name}'>${[values].flat().map((value) => `<value>${value}</value>`).join("")}</field>`);
  return `<x xmlns='jabber:x:data' type='${type}'>${xml.join("")}</x>`;
}

/** Begins it and sends this form: the answer to that. */
export async function executed(client: BoundClient, node: string, fields: Readonly<Record<string, string | readonly string[]>>): Promise<Xml> {
  const begun = await command(client, node);
  return command(client, node, { sessionid: sessionOf(begun) }, form(fields));
}

export function sessionOf(answer: Xml): string {
  return childOf(answer, "command")?.attrs["sessionid"] ?? "";
}

/** `executing next [next]`, `completed info: done`, `canceled`, `error bad-request bad-action`. */
export function said(answer: Xml): string {
  if (answer.attrs["type"] === "error") {
    const error = childOf(answer, "error")!;
    return ["error", error.attrs["type"], ...children(error).map(({ name }) => name).filter((name) => name !== "text")].join(" ");
  }
  const inner = childOf(answer, "command")!;
  const offered = childOf(inner, "actions");
  const words = offered === undefined ? [] : [offered.attrs["execute"], `[${children(offered).map(({ name }) => name).join(" ")}]`];
  const notes = children(inner).filter(({ name }) => name === "note").map((note) => `${note.attrs["type"]}: ${textOf(note)}`);
  return [inner.attrs["status"], ...words, ...notes].join(" ");
}

/** The values of the fields of the form in it. */
export function valuesIn(answer: Xml): Readonly<Record<string, readonly string[]>> {
  const x = childOf(childOf(answer, "command"), "x");
  return x === undefined ? {} : valuesOfForm(x);
}

export function valuesOfForm(x: Xml): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(children(x).filter(({ name }) => name === "field").map((field) => [
    field.attrs["var"] ?? "", children(field).filter(({ name }) => name === "value").map(textOf),
  ]));
}

export function children({ children }: Xml): readonly Xml[] {
  return children.filter((child): child is Xml => typeof child !== "string");
}
