/** Whatever clients put into whatever field: in the page it is text, and nothing but text. */
import { describe, expect, it } from "vitest";
import { chromiumMissing } from "../../support/chromium.ts";
import { saslPlain, streamHeader } from "../../support/login.ts";
import { connectRaw } from "../../support/raw-client.ts";
import { eventually } from "./eventually.ts";
import type { InspectorPage, Tab } from "./inspector-page.ts";
import { intruders, invisible } from "./looking.ts";
import { escaped, localparts, resources, stanzasWith, texts } from "./names.ts";
import { browserOfFile, type BrowserSetting, browserSetting } from "./setting.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/hostile: ${chromiumMissing}`);

const browser = browserOfFile();

/** Stands in nothing but a body. */
const secret = "parting is such sweet sorrow";

const tabs: readonly Tab[] = ["Timeline", "Sequence", "Session"];

// That nothing is asked of another place, that no dialog opens and no error is met is checked after each test by the setting itself.
describe.skipIf(chromiumMissing !== undefined)("Hostile texts in the page, with all texts shown", () => {
  const setting = browserSetting(browser, { inspector: { bodies: true } });

  it("of stanzas, in every field that has any", async () => {
    const view = await conversation(setting);
    await everywhere(view);
    // They are there, as what they are.
    expect(await detailOf(view, secret)).toContain(secret);
    expect(await detailOf(view, "gnp.exe")).toContain("\u27E8U+202E\u27E9gnp.exe");
    expect(await detailOf(view, "leak.png")).toMatch(/<img src=|&lt;img src=/);
    await isText(view);
  });

  it("of a body of 64 KB, and of names that fill a line", async () => {
    const { stage } = setting;
    const { eve, bob } = await stage.cast("eve", "bob");
    const his = await stage.bound(bob, "garden");
    const hers = await stage.bound(eve, "phone");
    const view = await setting.look();
    await view.listSessions();
    await view.openLive(hers.jid, "Timeline");
    await view.slider.waitFor();
    const long = "<marquee>&</marquee>".repeat(3_300);
    await hers.ask(`<message to='${his.jid}'><body>${escaped(long)}</body></message>`);
    await hers.ask(`<message to='${his.jid}' id='${"i".repeat(9_000)}'><${"n".repeat(500)} xmlns='x'>${"w".repeat(9_000)}</${"n".repeat(500)}></message>`);
    await eventually(() => view.timeline.locator('[data-group="message"]').count()).toBeGreaterThanOrEqual(2);
    await everywhere(view);
  });

  it("of JIDs", async () => {
    const { server, stage } = setting;
    const jids: string[] = [];
    for (const localpart of localparts) jids.push((await stage.bound(await server.addUser(localpart, "secret"), "x")).jid);
    const { eve } = await stage.cast("eve");
    for (const resource of resources) await stage.bound(eve, escaped(resource)).then(({ jid }) => jids.push(jid), () => undefined);
    expect(jids.length).toBeGreaterThan(10);
    const view = await setting.look();
    await isText(view);
    await view.listSessions();
    await view.page.getByText(/^1\d sessions$/).waitFor();
    await isText(view);
    for (const { id } of await server.sessions()) {
      await view.go(`#/session/${id}/session`);
      await view.slider.waitFor();
      await isText(view);
    }
    await view.listSessions();
    await view.page.getByRole("tab", { name: "In the log" }).click();
    await view.page.getByRole("searchbox").fill(eve);
    await view.page.getByRole("button", { name: "Look in the log" }).click();
    await view.page.getByRole("table").waitFor();
    await isText(view);
    for (const text of texts.slice(0, 2)) {
      await view.page.getByRole("searchbox").fill(text);
      await view.page.getByRole("button", { name: "Look in the log" }).click();
      await view.page.getByRole("table").waitFor({ state: "detached" });
      await isText(view);
    }
  });

  it("of streams that never log in", async () => {
    const { server } = setting;
    const view = await setting.look();
    await view.listSessions();
    await view.watchNew();
    for (const text of texts.slice(0, 4)) {
      const raw = await connectRaw({ port: server.port });
      raw.send(streamHeader(escaped(text), `version='1.0' from='${escaped(text)}' xml:lang='${escaped(text).slice(0, 30)}' id='${escaped(text)}'`));
      await raw.closed();
      raw.destroy();
    }
    const raw = await connectRaw({ port: server.port });
    raw.send(streamHeader("localhost", `version='1.0' from='${escaped(texts[0]!)}' xml:lang='en'`));
    await raw.expect("</stream:features>");
    const session = (await server.sessions()).find(({ state }) => state === "negotiating.offering");
    await view.go(`#/session/${session!.id}/timeline`);
    await view.slider.waitFor();
    raw.send(saslPlain(texts[0]!, texts[1]!));
    await raw.expect("</failure>");
    raw.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${escaped(texts[0]!)}'>AA==</auth>`);
    await raw.expect("</failure>");
    await eventually(() => view.timeline.locator('[data-group="sasl"]').count()).toBeGreaterThanOrEqual(2);
    await everywhere(view);
    await view.page.getByRole("link", { name: "Overview" }).click();
    await isText(view);
    raw.destroy();
  });
});

describe.skipIf(chromiumMissing !== undefined)("Hostile texts in the page, with texts withheld", () => {
  const setting = browserSetting(browser);

  it("are no more than their number of characters", async () => {
    const view = await conversation(setting);
    await everywhere(view);
    expect(await detailOf(view, "characters]")).toMatch(/\[\d+ characters\]/);
    await view.page.getByRole("searchbox", { name: "Search events and stanzas" }).fill(secret);
    await view.page.getByText("fits the filter").waitFor();
  });
});

/** One sends every text in every field to another one, who answers, before the eyes of the page. */
async function conversation({ stage, look }: BrowserSetting): Promise<InspectorPage> {
  const { eve, bob } = await stage.cast("eve", "bob");
  const his = await stage.bound(bob, "garden");
  const hers = await stage.resumable(eve, "phone", "<presence/>");
  const view = await look();
  await view.listSessions();
  await view.openLive(hers.jid, "Timeline");
  await view.slider.waitFor();
  for (const text of texts) for (const stanza of stanzasWith(text, his.jid)) hers.send(stanza);
  await hers.caughtUp();
  for (const text of texts) his.send(`<message to='${hers.jid}'><body>${escaped(text)}</body><x xmlns='javascript:alert(1)'>${escaped(text)}</x></message>`);
  his.send(`<message to='${hers.jid}'><body>${secret}</body></message>`);
  await his.caughtUp();
  await hers.caughtUp();
  const counts = () => view.page.locator(".timeline-count").allInnerTexts();
  await eventually(async () => (await counts()).reduce((sum, count) => sum + Number(count.replaceAll(",", "")), 0)).toBeGreaterThan(60);
  return view;
}

async function isText(view: InspectorPage): Promise<void> {
  expect([await intruders(view.page), await invisible(view.page)]).toEqual([[], []]);
}

/** Every part of the page that shows something of the session that is chosen. */
async function everywhere(view: InspectorPage): Promise<void> {
  for (const tab of tabs) {
    await view.openTab(tab);
    await view.page.getByRole("tabpanel").waitFor();
    await isText(view);
  }
  await view.openTab("Timeline");
  await view.page.getByRole("treegrid").press("Home");
  for (let index = 0; index < 10; index += 1) {
    const row = view.page.locator(`#timeline-row-${index}`);
    if ((await row.count()) === 0) break;
    await row.locator(".timeline-title").click();
    await eventually(() => row.getAttribute("aria-expanded")).toBe("true");
    await view.page.locator(".timeline-detail").waitFor();
    const cut = view.page.locator(".timeline-detail").getByRole("button", { name: /more characters/ });
    for (let times = 0; times < 6 && (await cut.count()) > 0; times += 1) await cut.first().click();
    await isText(view);
  }
}

/** What stands in the first row of those that are found, opened. */
async function detailOf(view: InspectorPage, what: string): Promise<string> {
  await view.page.getByRole("searchbox", { name: "Search events and stanzas" }).fill(what);
  await view.page.getByText(/^\d+ of \d+ rows$/).waitFor();
  const row = view.timeline.first();
  if ((await row.getAttribute("aria-expanded")) !== "true") await row.locator(".timeline-title").click();
  await eventually(() => row.getAttribute("aria-expanded")).toBe("true");
  return view.page.locator(".timeline-detail").innerText();
}
