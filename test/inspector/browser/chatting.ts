/** What people do in the page's chat. */
import { eventually } from "./eventually.ts";
import type { InspectorPage } from "./inspector-page.ts";

export async function signIn({ page }: InspectorPage, name: string, password: string): Promise<void> {
  await page.getByLabel("User").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Resolves when this one is. */
export async function online({ page }: InspectorPage, jid: string): Promise<void> {
  await eventually(() => page.locator(".chat-own").innerText()).toMatch(new RegExp(`${jid}\\s+online`));
}

/** Goes to a conversation. */
export async function open({ page }: InspectorPage, jid: string): Promise<void> {
  await page.getByRole("list", { name: "Conversations" }).getByRole("button", { name: jid }).click();
}

/** Goes to another one of those who are signed in on the page. */
export async function person({ page }: InspectorPage, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Who is signed in on this page" }).getByRole("button", { name: new RegExp(`^${name}\\b(?!-)`) }).click();
}

export async function say({ page }: InspectorPage, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}
