/** The way back: places, what differs between them, sessions that have ended, and what one takes along. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from "node:fs";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { chat, gone } from "../../management/support.ts";
import { chromiumMissing } from "../../support/chromium.ts";
import { eventually } from "./eventually.ts";
import type { InspectorPage } from "./inspector-page.ts";
import { browserOfFile, browserSetting } from "./setting.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/past: ${chromiumMissing}`);
const root = fileURLToPath(new URL("../../../", import.meta.url));

describe.skipIf(chromiumMissing !== undefined)("Looking back", () => {
  const setting = browserSetting(browserOfFile());

  /** A session that was lost, resumed and has ended, opened from the log. */
  async function ended(): Promise<{ readonly view: InspectorPage; readonly jid: string; readonly id: string; readonly friend: string }> {
    const { server, stage } = setting;
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const hers = await stage.bound(juliet, "garden");
    const his = await stage.resumable(romeo, "phone", "<presence><priority>3</priority></presence>");
    const { id } = (await server.sessions()).find(({ full_jid }) => full_jid === his.jid)!;
    await hers.ask(chat(his.jid, "one"));
    await his.vanish(server);
    await his.resume();
    await his.ask("<presence type='unavailable'/>");
    await his.close();
    await gone(server, his.jid);
    const view = await setting.look();
    await view.listSessions();
    await view.page.getByRole("tab", { name: "In the log" }).click();
    await view.page.getByRole("searchbox").fill(romeo);
    await view.page.getByRole("button", { name: "Look in the log" }).click();
    await view.page.getByRole("table").getByRole("link", { name: his.jid, exact: true }).click();
    await view.slider.waitFor();
    return { view, jid: his.jid, id, friend: juliet };
  }

  it("finds a session that has ended, by its user, and tells how it ended", async () => {
    const { view, id } = await ended();
    await eventually(() => view.state()).toBe("closed");
    expect((await view.session()).lit).toEqual(["closed"]);
    expect(new URL(view.page.url()).hash).toContain(id);
    await eventually(() => view.page.locator(".session-title").innerText()).toMatch(/recorded, ended/);
    // The address alone brings another page there.
    const [page, other] = [view.page.url(), await setting.look()];
    await other.go(new URL(page).hash);
    await eventually(() => other.state()).toBe("closed");
  });

  it("dims what comes later, and tells what differs between two places", async () => {
    const { view } = await ended();
    await view.openTab("Timeline");
    const later = () => view.timeline.evaluateAll((rows) => rows.map((row) => row.getAttribute("data-later") === "true"));
    await eventually(later).not.toContain(true);
    const last = (await view.length()) - 1;
    const changed = await view.travel(0);
    expect(changed.state).not.toBe("closed");
    await eventually(later).toContain(true);
    expect((await later()).toSorted()).toEqual(await later());
    const opacity = (isLater: boolean) =>
      view.page.evaluate<string>(`getComputedStyle(document.querySelector(".timeline-row[data-later=${String(isLater)}] .timeline-title")).opacity`);
    expect(Number(await opacity(true))).toBeLessThan(Number(await opacity(false)));

    await view.openTab("Session");
    await view.page.getByRole("button", { name: "Compare with here" }).click();
    await view.travel(last);
    const rows = view.page.locator(".document-differences tbody tr");
    await eventually(() => rows.count()).toBeGreaterThan(2);
    const differences = await rows.evaluateAll((found) => found.map((row) => [...row.children].map((cell) => cell.textContent)));
    expect(differences).toContainEqual(["session.state", changed.state, "closed"]);
  });

  it("shows only the rows that are asked for", async () => {
    const { view } = await ended();
    await view.openTab("Timeline");
    const status = view.page.locator(".timeline-status");
    const all = await view.timeline.count();
    await view.page.getByRole("group", { name: "Kinds of rows" }).getByRole("button", { name: /^presence/ }).click();
    await eventually(() => status.innerText()).toMatch(/^\d+ of \d+ rows$/);
    expect(await view.timeline.locator('[data-group="presence"]').count()).toBe(0);
    await view.page.getByRole("button", { name: "Show all" }).click();
    await eventually(() => view.timeline.count()).toBe(all);
    await view.timeline.locator('.timeline-pill[data-group="presence"]').first().click();
    const groups = () => view.timeline.locator(".timeline-pill").evaluateAll((pills) => [...new Set(pills.map((pill) => pill.getAttribute("data-group")))]);
    await eventually(groups).toEqual(["presence"]);
    await view.page.getByRole("button", { name: "Show all" }).click();
    await view.page.getByRole("searchbox", { name: "Search events and stanzas" }).fill("resum");
    await eventually(() => view.timeline.count()).toBeLessThan(all);
    expect(await view.timeline.count()).toBeGreaterThan(0);
  });

  it("is taken along as JSON, as a diagram and as a test that passes", async () => {
    const { view, id, jid, friend } = await ended();
    const json = await view.export("JSON");
    expect(JSON.parse(json.text)).toMatchObject({ refrain: "session", session: { id } });
    expect(json.name).toMatch(/\.json$/);
    const diagram = await view.export("Mermaid");
    expect(diagram.text).toMatch(/^sequenceDiagram\n/);
    const hidden = await view.export("JSON", true);
    expect(JSON.parse(hidden.text)).toMatchObject({ refrain: "session" });
    for (const name of [jid, friend, friend.slice(0, friend.indexOf("@")), id]) expect(hidden.text).not.toContain(name);

    const test = await view.export("Test");
    const folder = mkdtempSync(join(tmpdir(), "refrain-exported-"));
    try {
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(join(root, "node_modules", "vitest"), join(folder, "node_modules", "vitest"), "junction");
      symlinkSync(root, join(folder, "node_modules", "refrain"), "junction");
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      writeFileSync(join(folder, test.name), test.text);
      const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
      const { stdout } = await promisify(execFile)(process.execPath, [vitest, "run", "--root", folder, "--reporter=json", "--pool=threads", "--no-isolate", "--maxWorkers=1"], {
        env: { ...process.env, VITEST: undefined },
      });
      const { numPassedTests, success } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as { readonly numPassedTests: number; readonly success: boolean };
      expect({ success, some: numPassedTests > 0 }).toEqual({ success: true, some: true });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
