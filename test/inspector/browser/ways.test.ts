/** Ways about: by the keyboard alone, over a restart of the server, and past the door. */
import { describe, expect, it } from "vitest";
import { FailingStore } from "../../server/failing-store.ts";
import { chromiumMissing } from "../../support/chromium.ts";
import { eventually } from "./eventually.ts";
import type { InspectorPage } from "./inspector-page.ts";
import { browserOfFile, browserSetting } from "./setting.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/ways: ${chromiumMissing}`);

const browser = browserOfFile();

describe.skipIf(chromiumMissing !== undefined)("By the keyboard alone", () => {
  const setting = browserSetting(browser);

  it("one finds a session, opens it, goes through its parts and its time, and comes back", async () => {
    const { romeo, juliet } = await setting.stage.cast("romeo", "juliet");
    const his = await setting.stage.resumable(romeo, "phone", "<presence/>");
    await setting.stage.bound(juliet, "garden");
    const view = await setting.look();
    const { keyboard } = view.page;
    await keyboard.press("/");
    await eventually(() => focus(view)).toMatch(/Search by JID/);
    await keyboard.type("romeo");
    await view.page.getByText("1 of 2 sessions").waitFor();
    await keyboard.press("ArrowDown");
    await eventually(() => focus(view)).toMatch(/Sessions that live/);
    await keyboard.press("Enter");
    await view.slider.waitFor();
    await eventually(() => view.state()).toContain("connected.");
    expect(await view.page.getByRole("heading", { level: 1 }).innerText()).toContain(his.jid);
    await keyboard.press("4");
    await view.page.locator(".document-fields").first().waitFor();
    await reach(view, /^tab Session$/);
    await keyboard.press("ArrowLeft");
    await eventually(() => focus(view)).toBe("tab Sequence");
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
    await eventually(() => view.slider.inputValue()).toBe(String((await view.length()) - 2));
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
  const setting = browserSetting(browser);

  it("says so, and what to do, and a new address shows what has come over", async () => {
    const { server, stage } = setting;
    const { romeo } = await stage.cast("romeo");
    const his = await stage.resumable(romeo, "phone", "<presence/>");
    const view = await setting.look();
    await view.listSessions();
    await view.openLive(his.jid);
    await eventually(() => view.state()).toContain("attached");
    const [witness] = setting.witnesses();
    await witness!.forgiving(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|401|403|WebSocket connection to/, async () => {
      await server.restart();
      await view.page.getByText("does not let this page in").waitFor();
      expect(await view.page.getByText("refrain inspect", { exact: true }).first().isVisible()).toBe(true);
    });
    await view.enter(server.server.inspector!.url());
    await view.listSessions();
    await view.openLive(his.jid);
    await eventually(() => view.state()).toContain("hibernating");
    await his.resume();
    await eventually(() => view.state()).toContain("attached");
    await eventually(async () => (await view.session()).fields["full_jid"]).toBe(his.jid);
  });
});

describe.skipIf(chromiumMissing !== undefined)("When the store fails and is opened again", () => {
  const store = new FailingStore();
  const setting = browserSetting(browser, { parts: { openStore: store.openStore } });

  it("goes on with what came over", async () => {
    const { stage } = setting;
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const his = await stage.resumable(romeo, "phone", "<presence/>");
    const view = await setting.look();
    await view.listSessions();
    await view.openLive(his.jid);
    await eventually(() => view.state()).toContain("attached");
    store.fails = true;
    his.send("<presence><priority>1</priority></presence>");
    await his.raw.closed();
    await eventually(() => store.opened).toBe(2);
    await eventually(() => view.state()).toContain("hibernating");
    await his.resume();
    await eventually(() => view.state()).toContain("attached");
    const hers = await stage.bound(juliet, "garden");
    await view.listSessions();
    await view.page.getByRole("link", { name: hers.jid, exact: true }).waitFor();
  });
});

describe.skipIf(chromiumMissing !== undefined)("The door", () => {
  const setting = browserSetting(browser);

  it("lets nobody in without a token, keeps no token in the address, and knows who was in", async () => {
    const { server } = setting;
    const view = await setting.look();
    const { page } = view;
    expect(new URL(page.url()).hash).toBe("#/");
    await page.reload();
    await view.isLive();
    await page.context().clearCookies();
    const [witness] = setting.witnesses();
    await witness!.forgiving(/40[13]/, async () => {
      await page.reload();
      await page.getByText("does not let this page in").waitFor();
      await page.goto("about:blank");
      await page.goto(server.server.inspector!.url().replace(/token=.{4}/, "token=AAAA"));
      await page.getByText("does not let this page in").waitFor();
      expect(page.url()).not.toContain("token");
    });
    await page.goto("about:blank");
    await view.enter(server.server.inspector!.url());
    expect(await page.evaluate("document.cookie")).toBe("");
  });

  it("leads to a page where nothing would run, even if it got in", async () => {
    const { page } = await setting.look();
    const [witness] = setting.witnesses();
    await witness!.forgiving(/Content Security Policy|requires '?Trusted|TrustedTypePolicy/i, async () => {
      const outcome = await page.evaluate(`(() => {
        const tried = (what) => { try { what(); return "done"; } catch (error) { return error.name; } };
        const script = document.createElement("script");
        const outcomes = [
          tried(() => { document.body.innerHTML = "<img src=x onerror=globalThis.ran=true>"; }),
          tried(() => { script.text = "globalThis.ran = true"; }),
          tried(() => { script.src = "/inspect/assets/x.js"; }),
          tried(() => document.body.setAttribute("onclick", "globalThis.ran = true")),
          tried(() => trustedTypes.createPolicy("own", { createHTML: (text) => text })),
        ];
        document.body.click();
        return [...outcomes, globalThis.ran === true];
      })()`);
      expect(outcome).toEqual([...Array.from({ length: 5 }, () => "TypeError"), false]);
      // What it has forbidden now is no fault of the page.
      await page.goto("about:blank");
    });
  });
});

describe.skipIf(chromiumMissing !== undefined)("The list", () => {
  const setting = browserSetting(browser);

  it("is narrowed by words, by state and from the overview, and put in order", async () => {
    const { stage, server } = setting;
    const { romeo, juliet, nurse } = await stage.cast("romeo", "juliet", "nurse");
    const his = await stage.resumable(romeo, "phone", "<presence/>");
    const hers = await stage.bound(juliet, "garden");
    const away = await stage.resumable(nurse, "kitchen", "<presence/>");
    await away.vanish(server);
    await hers.ask(`<message to='${away.jid}'><body>come</body></message>`);
    const view = await setting.look();
    await view.listSessions();
    const names = async () => view.page.locator(".sessions-name").allInnerTexts();
    await eventually(async () => (await names()).toSorted()).toEqual([his.jid, hers.jid, away.jid].toSorted());
    await view.page.getByRole("searchbox").fill("GARDEN");
    await eventually(names).toEqual([hers.jid]);
    await view.page.getByRole("searchbox").fill("");
    await view.page.getByRole("combobox", { name: "State" }).selectOption("hibernating");
    await eventually(names).toEqual([away.jid]);
    // What came to it since then, nothing of which it has acknowledged.
    await eventually(() => view.row(away.jid).locator(".sessions-cell-queue").innerText()).toBe(String(away.handled + 1));
    await view.page.getByRole("link", { name: "Overview" }).click();
    await view.page.getByRole("button", { name: /^available/ }).click();
    await eventually(async () => (await names()).toSorted()).toEqual([his.jid, away.jid].toSorted());
    await view.page.getByRole("combobox", { name: "State" }).selectOption("");
    await view.page.getByRole("columnheader", { name: "JID" }).getByRole("button").click();
    await eventually(names).toEqual([his.jid, hers.jid, away.jid].toSorted());
    await view.page.getByRole("columnheader", { name: "JID" }).getByRole("button").click();
    await eventually(names).toEqual([his.jid, hers.jid, away.jid].toSorted().toReversed());
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

/** Something that it, or a part of it, looks like only with the focus. */
const isSeen = `(() => {
  const element = document.activeElement;
  const parts = [element, ...element.querySelectorAll("*")].slice(0, 4);
  const looks = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "borderColor", "backgroundColor", "stroke", "strokeWidth", "textDecorationLine"];
  const look = () => JSON.stringify(parts.map((part) => looks.map((name) => getComputedStyle(part)[name])));
  const focused = look();
  element.blur();
  const without = look();
  element.focus({ focusVisible: true, preventScroll: true });
  return focused !== without;
})()`;
