/**
 * Every view, by day and by night, on a desk and on a phone: each control has a name, each text can be read, nothing sticks out. With
 * SCREENSHOTS set to a folder the pictures of all of them are put there, for people to look at.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { chat, type ManagedClient } from "../../management/support.ts";
import { chromiumMissing } from "../../support/chromium.ts";
import { saslPlain, streamHeader } from "../../support/login.ts";
import { connectRaw, type RawClient } from "../../support/raw-client.ts";
import { eventually } from "./eventually.ts";
import type { InspectorPage } from "./inspector-page.ts";
import { faint, nameless, wide } from "./looking.ts";
import { browserOfFile, browserSetting } from "./setting.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/views: ${chromiumMissing}`);

const pictures = process.env["SCREENSHOTS"];
const sizes = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;

describe.skipIf(chromiumMissing !== undefined)("Every view", () => {
  const setting = browserSetting(browserOfFile());
  let raws: RawClient[] = [];
  afterEach(() => {
    for (const raw of raws) raw.destroy();
    raws = [];
  });

  describe.each(["desk", "phone"] as const)("on a %s", (size) => {
    it.each(["light", "dark"] as const)("can be read, named and seen whole, %s", async (colorScheme) => {
      const his = await people();
      const view = await setting.look({ viewport: sizes[size], colorScheme, isMobile: size === "phone", hasTouch: size === "phone", reducedMotion: "reduce" });
      const { id } = (await setting.server.sessions()).find(({ full_jid }) => full_jid === his.jid)!;
      const wrong: string[] = [];
      const check = async (name: string): Promise<void> => {
        const [names, texts, sideways] = [await nameless(view.page), await faint(view.page), await wide(view.page)];
        expect(names.seen, name).toBeGreaterThan(2);
        expect(texts.seen, name).toBeGreaterThan(8);
        for (const found of [...names.nameless, ...texts.faint, ...sideways]) wrong.push(`${name}: ${found}`);
        await picture(view, `${size}-${colorScheme}-${name}`);
      };
      await view.page.locator(".lifecycle").waitFor();
      await eventually(() => view.page.locator(".overview-number").first().innerText()).not.toBe("0");
      await check("overview");
      await view.listSessions();
      await view.page.getByRole("link", { name: his.jid }).first().waitFor();
      await check("sessions");
      await view.page.getByRole("tab", { name: "In the log" }).click();
      await view.page.getByRole("searchbox").fill(his.bare);
      await view.page.getByRole("button", { name: "Look in the log" }).click();
      await view.page.getByRole("table").waitFor();
      await check("log");
      for (const tab of ["chart", "timeline", "sequence", "session"]) {
        await view.go(`#/session/${id}/${tab}`);
        await view.slider.waitFor();
        await view.page.getByRole("tabpanel").waitFor();
        if (tab === "session") await eventually(() => view.page.locator(".document-fields").count()).toBe(2);
        // It follows what comes: the last row is in sight.
        if (tab === "timeline") await eventually(() => view.page.evaluate("inPage.belowSight('.timeline-rows')")).toBeLessThan(2);
        await check(tab);
      }
      await view.travel(5);
      await check("session-before");
      await view.go(`#/session/${id}/sequence`);
      await check("sequence-before");
      await view.go(`#/session/${id}/timeline`);
      await check("timeline-before");
      await view.timeline.nth(2).click();
      await view.page.locator(".timeline-detail").waitFor();
      await check("opened");
      await view.page.getByRole("button", { name: "Export", exact: true }).click();
      await check("export");
      await view.page.keyboard.press("Escape");
      await view.page.getByRole("button", { name: "Keys and help" }).click();
      await view.page.getByRole("dialog").waitFor();
      await check("help");
      expect(wrong).toEqual([]);
    });
  });

  /** People in many states; one of them has done everything. */
  async function people(): Promise<ManagedClient> {
    const { server, stage } = setting;
    const { romeo, juliet, mercutio, nurse } = await stage.cast("romeo", "juliet", "mercutio", "nurse");
    await stage.relate(romeo, juliet, "Both");
    const hers = await stage.resumable(juliet, "balcony", "<presence><show>chat</show></presence>");
    const his = await stage.resumable(romeo, "orchard", "<presence><priority>5</priority><status>here</status></presence>");
    await his.ask("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
    await his.ask(`<iq type='get' id='disco' to='${server.domain}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    for (const body of ["But soft,", "what light through yonder window breaks?"]) await his.ask(chat(hers.jid, body));
    await hers.ask(chat(his.jid, "Ay me!"));
    his.ack();
    await his.ask(chat(`nobody@${server.domain}`, "lost"));
    await his.vanish(server);
    await hers.ask(chat(his.jid, "O Romeo, Romeo!"));
    await his.resume();
    await his.caughtUp();
    await hers.ask(chat(his.jid, "wherefore art thou Romeo?"));
    const lost = await stage.resumable(mercutio, "tomb", "<presence/>");
    await lost.vanish(server);
    await stage.bound(nurse, "chamber");
    const raw = await connectRaw({ port: server.port });
    raw.send(streamHeader(server.domain));
    await raw.expect("</stream:features>");
    raw.send(saslPlain("tybalt", "wrong"));
    await raw.expect("</failure>");
    raws.push(raw);
    return his;
  }

  async function picture(view: InspectorPage, name: string): Promise<void> {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    await view.page.screenshot({ path: join(pictures, `${name}.png`), caret: "initial" });
  }
});
