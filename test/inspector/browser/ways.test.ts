/** Ways about: by the keyboard alone, over a restart of the server, and past the door. */
import { describe, expect, it } from "vitest";
import { chromiumMissing } from "../../support/chromium.ts";
import type { InspectorPage } from "./inspector-page.ts";
import { browserSetting } from "./setting.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/ways: ${chromiumMissing}`);

describe.skipIf(chromiumMissing !== undefined)("By the keyboard alone", () => {
  const setting = browserSetting();

  it("one finds a session, opens it, goes through its parts and its time, and comes back", async () => {
    const { romeo, juliet } = await setting.stage.cast("romeo", "juliet");
    const his = await setting.stage.resumable(romeo, "phone", "<presence/>");
    await setting.stage.bound(juliet, "garden");
    const view = await setting.look();
    const { keyboard } = view.page;
    await keyboard.press("/");
    await expect.poll(() => focus(view)).toMatch(/Search by JID/);
    await keyboard.type("romeo");
    await view.page.getByText("1 of 2 sessions").waitFor();
    await keyboard.press("ArrowDown");
    await expect.poll(() => focus(view)).toMatch(/Sessions that live/);
    await keyboard.press("Enter");
    await view.slider.waitFor();
    await expect.poll(() => view.state()).toContain("connected.");
    expect(await view.page.getByRole("heading", { level: 1 }).innerText()).toContain(his.jid);
    await keyboard.press("4");
    await view.page.locator(".document-fields").first().waitFor();
    await reach(view, /^tab Session$/);
    await keyboard.press("ArrowLeft");
    await expect.poll(() => focus(view)).toBe("tab Sequence");
    await keyboard.press("ArrowLeft");
    await view.timeline.first().waitFor();
    await reach(view, /What happened, in order/);
    await keyboard.press("Home");
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await view.page.locator(".timeline-detail").waitFor();
    await reach(view, /Place in the recording/);
    await keyboard.press("End");
    await keyboard.press("ArrowLeft");
    await expect.poll(() => view.slider.inputValue()).toBe(String((await view.length()) - 2));
    await keyboard.press("?");
    await view.page.getByRole("dialog", { name: "Keys" }).waitFor();
    await keyboard.press("Escape");
    await view.page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "hidden" });
    await keyboard.press("o");
    await view.page.locator(".lifecycle").waitFor();
    expect(await view.page.title()).toMatch(/^Overview/);
  });

  it("the focus is seen wherever it is, and leaves no control out", async () => {
    const { romeo } = await setting.stage.cast("romeo");
    const his = await setting.stage.resumable(romeo, "phone", "<presence/>");
    const view = await setting.look();
    await view.listSessions();
    await view.openLive(his.jid, "Timeline");
    await view.timeline.first().waitFor();
    await view.page.getByRole("link", { name: "Go to the content" }).focus();
    const [seen, unseen]: [string[], string[]] = [[], []];
    for (let steps = 0; steps < 80; steps += 1) {
      await view.page.keyboard.press("Tab");
      const at = await focus(view);
      if (at === "" || seen.includes(at)) break;
      seen.push(at);
      if (!(await view.page.evaluate<boolean>(isSeen))) unseen.push(at);
    }
    expect(unseen).toEqual([]);
    expect(seen.join("\n")).toMatch(/link Overview[\s\S]*button Export[\s\S]*tab Timeline[\s\S]*What happened, in order[\s\S]*Place in the recording/);
  });
});

describe.skipIf(chromiumMissing !== undefined)("When the server goes away", () => {
  const setting = browserSetting();

  it("says so, and what to do, and a new address shows what has come over", async () => {
    const { server, stage } = setting;
    const { romeo } = await stage.cast("romeo");
    const his = await stage.resumable(romeo, "phone", "<presence/>");
    const view = await setting.look();
    await view.listSessions();
    await view.openLive(his.jid);
    await expect.poll(() => view.state()).toContain("attached");
    const [witness] = setting.witnesses();
    await witness!.forgiving(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|401|403|WebSocket connection to/, async () => {
      await server.restart();
      await view.page.getByText("does not let this page in").waitFor();
      expect(await view.page.getByText("refrain inspect", { exact: true }).first().isVisible()).toBe(true);
    });
    await view.enter(server.server.inspector!.url());
    await view.listSessions();
    await view.openLive(his.jid);
    await expect.poll(() => view.state()).toContain("hibernating");
    await his.resume();
    await expect.poll(() => view.state()).toContain("attached");
    await expect.poll(async () => (await view.session()).fields["full_jid"]).toBe(his.jid);
  });
});

/** Role and name of what has the focus, as far as a test needs them. */
async function focus(view: InspectorPage): Promise<string> {
  return view.page.evaluate<string>(`(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return "";
    const role = element.getAttribute("role") ?? { A: "link", BUTTON: "button" }[element.tagName] ?? element.tagName.toLowerCase();
    const name = element.getAttribute("aria-label") ?? element.innerText ?? "";
    return (role + " " + name).trim().slice(0, 120);
  })()`);
}

/** Goes on by Tab until it is there. */
async function reach(view: InspectorPage, what: RegExp): Promise<void> {
  for (let steps = 0; steps < 80; steps += 1) {
    if (what.test(await focus(view))) return;
    await view.page.keyboard.press("Tab");
  }
  throw new Error(`80 times Tab do not lead to ${String(what)}`);
}

/** An outline, a shadow or a border that it has only with the focus. */
const isSeen = `(() => {
  const element = document.activeElement;
  const look = () => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor, stroke, textDecorationLine } = getComputedStyle(element);
    const around = [element, ...element.querySelectorAll("*")].slice(0, 4).map((one) => { const { outlineStyle, outlineWidth, stroke, strokeWidth } = getComputedStyle(one); return [outlineStyle, outlineWidth, stroke, strokeWidth].join(); });
    return JSON.stringify([outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow, borderColor, backgroundColor, stroke, textDecorationLine, around]);
  };
  const focused = look();
  element.blur();
  const without = look();
  element.focus({ focusVisible: true, preventScroll: true });
  return focused !== without;
})()`;
