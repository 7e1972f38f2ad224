/** About in the chat: what is typed goes where it was meant for, and what cannot be done is said, and not offered. */
import { describe, expect, it } from "vitest";
import { chromiumMissing } from "../../support/chromium.ts";
import { online, signIn } from "./chatting.ts";
import { eventually } from "./eventually.ts";
import type { InspectorPage } from "./inspector-page.ts";
import { browserOfFile, browserSetting } from "./setting.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/chat-ways: ${chromiumMissing}`);

describe.skipIf(chromiumMissing !== undefined)("The page's chat", () => {
  const setting = browserSetting(browserOfFile());
  const signedIn = async (name: string): Promise<InspectorPage> => {
    await setting.server.addUser(name, "secret");
    const view = await setting.look();
    await view.go("#/chat");
    await signIn(view, name, "secret");
    await online(view, `${name}@localhost`);
    return view;
  };

  it("takes what is typed after Chat as a message, and no letter of it as a key of the page", async () => {
    const view = await signedIn("balthasar");
    const { page } = view;
    await page.getByLabel("Somebody, or a room").fill("juliet");
    await page.getByRole("button", { name: "Chat", exact: true }).click();
    await eventually(() => focus(view)).toBe("Message");
    await page.keyboard.type("so what /1?");
    await page.keyboard.press("Enter");
    await eventually(() => page.getByRole("log").innerText()).toContain("so what /1?");
    await page.getByRole("log").focus();
    await page.keyboard.type("soc1?/");
    expect([new URL(page.url()).hash, await page.locator("dialog[open]").count()]).toEqual(["#/chat", 0]);
    // Elsewhere they are keys.
    await view.listSessions();
    await page.keyboard.press("o");
    await eventually(() => new URL(page.url()).hash).toBe("#/");
  });

  it("keeps the focus where something can be done, when what had it is gone", async () => {
    const view = await signedIn("peter");
    const { page } = view;
    await eventually(() => focus(view)).toBe("Somebody, or a room");
    await page.getByRole("button", { name: "Cut the link" }).click();
    await eventually(() => focus(view)).toBe("Resume");
    await page.keyboard.press("Enter");
    await online(view, "peter@localhost");
    await eventually(() => focus(view)).toBe("Somebody, or a room");
    await page.keyboard.type("juliet");
    await page.keyboard.press("Enter");
    await eventually(() => focus(view)).toBe("Message");
    await page.getByRole("button", { name: "Cut the link" }).click();
    await eventually(() => focus(view)).toBe("Resume");
    await page.keyboard.press("Enter");
    await eventually(() => focus(view)).toBe("Message");
    await page.getByRole("button", { name: "Sign out" }).click();
    await eventually(() => focus(view)).toBe("Sign in again");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await eventually(() => focus(view)).toBe("User");
    await signIn(view, "peter", "secret");
    await online(view, "peter@localhost");
    await page.getByRole("button", { name: "+ another" }).click();
    await eventually(() => focus(view)).toBe("User");
  });

  it("does not take the focus to whoever has put it nowhere", async () => {
    const view = await signedIn("abram");
    const { page } = view;
    await page.getByLabel("Somebody, or a room").fill("juliet");
    await page.getByRole("button", { name: "Chat", exact: true }).click();
    await eventually(() => focus(view)).toBe("Message");
    await page.locator(".chat-own p").click();
    await setting.server.server.admin.announce("A plague on both your houses");
    await page.getByRole("list", { name: "Conversations" }).getByRole("button", { name: /unread: 1/ }).waitFor();
    expect(await focus(view)).toBeUndefined();
  });

  it("says that nothing can be sent without a link, and keeps what is written until then", async () => {
    const view = await signedIn("samson");
    const { page } = view;
    await page.getByLabel("Somebody, or a room").fill("juliet");
    await page.getByRole("button", { name: "Chat", exact: true }).click();
    const box = page.getByLabel("Message");
    await box.fill("I strike quickly");
    await page.getByRole("button", { name: "Cut the link" }).click();
    await eventually(() => page.locator(".chat-ended").innerText()).toContain("Nothing can be sent until you resume.");
    expect([await box.isEditable(), await box.inputValue(), await box.getAttribute("placeholder")]).toEqual([false, "I strike quickly", "No link: resume to write"]);
    expect(await page.getByRole("button", { name: "Send" }).isEnabled()).toBe(false);
    // Nothing of it is called live meanwhile.
    await eventually(() => view.state()).toBe("connected.available+interested+hibernating");
    await eventually(() => page.locator(".session-title").innerText()).toMatch(/waits for its client; it began \d+ (ms|s) ago/);
    expect(await page.locator(".session-title-live").count()).toBe(0);
    await page.getByRole("button", { name: "Resume", exact: true }).click();
    await eventually(() => box.isEditable()).toBe(true);
    expect(await box.inputValue()).toBe("I strike quickly");
  });

  it("shows the form again after a wrong password, with the name in it and the error beside it", async () => {
    await setting.server.addUser("capulet", "secret");
    const view = await setting.look();
    const { page } = view;
    await view.go("#/chat");
    for (const wrong of ["wrong", "wrong, too"]) {
      await signIn(view, "capulet", wrong);
      await eventually(() => page.getByRole("alert").innerText()).toBe("The name or the password is wrong.");
      expect(await page.getByLabel("User").inputValue()).toBe("capulet@localhost");
      await eventually(() => focus(view)).toBe("Password");
    }
    await page.keyboard.type("secret");
    await page.keyboard.press("Enter");
    await online(view, "capulet@localhost");
    // In the place of who was refused.
    expect(await page.getByRole("navigation", { name: "Who is signed in on this page" }).getByRole("button").allInnerTexts()).toEqual(["capulet", "+ another"]);
  });

  it("offers to make whom there is not, and nobody else", async () => {
    await setting.server.addUser("romeo", "secret");
    const view = await setting.look();
    const { page } = view;
    await view.go("#/chat");
    await page.getByRole("button", { name: "Make juliet", exact: true }).click();
    await eventually(() => focus(view)).toBe("Sign in as juliet@localhost");
    await eventually(() => page.getByRole("button", { name: /^Make / }).count()).toBe(0);
    await page.getByRole("button", { name: "Sign in as juliet@localhost" }).click();
    await online(view, "juliet@localhost");
  });

  it("breaks a full JID before its resource, where one line has no room for it", async () => {
    const name = "friar-lawrence";
    await setting.server.addUser(name, "secret");
    const view = await setting.look({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    await view.go("#/chat");
    await signIn(view, name, "secret");
    await online(view, `${name}@localhost`);
    const heading = view.page.locator(".session-title h1");
    await eventually(() => heading.innerText()).toMatch(new RegExp(`^${name}@localhost/`));
    const [whole, resource] = [await heading.boundingBox(), await view.page.locator(".session-title-resource").boundingBox()];
    expect(resource!.x).toBeCloseTo(whole!.x, 0);
    expect(resource!.height).toBeLessThan(whole!.height * 0.6);
  });

  it("says why no session is shown after a restart of the server, and shows it again by the new address in the same tab", async () => {
    const { server } = setting;
    const view = await signedIn("escalus");
    const { page } = view;
    const [witness] = setting.witnesses();
    await witness!.forgiving(/./, async () => {
      await page.getByRole("button", { name: "Sign out" }).click();
      await server.restart();
      await eventually(() => page.locator(".header-connection").innerText()).toBe("no entry");
      await page.getByRole("button", { name: "Sign in again" }).click();
      await online(view, "escalus@localhost");
      await eventually(() => page.getByRole("region", { name: "Session" }).innerText()).toMatch(/does not show its sessions to this page any more.*npx refrain inspect/s);
      await view.go(new URL(server.server.inspector!.url()).hash);
      await view.isLive();
      await eventually(() => page.locator(".session-title h1").innerText()).toMatch(/^escalus@localhost\//);
      await eventually(() => view.state()).toBe("connected.available+interested+attached");
      await online(view, "escalus@localhost");
    });
  });
});

/** The name of what has the focus; undefined for the ground of the page, which has it after a click there. */
async function focus({ page }: InspectorPage): Promise<string | undefined> {
  const focused = page.locator(":focus:not(main)");
  if ((await focused.count()) === 0) return undefined;
  return focused.evaluate((element: { ariaLabel: string | null; labels?: ArrayLike<{ innerText: string }>; innerText: string }) =>
    (element.ariaLabel ?? element.labels?.[0]?.innerText ?? element.innerText).trim());
}
