/** The inspector's page as its users have it: what it shows, and ways to go about in it. All that depends on how it is drawn stands here. */
import type { Locator, Page } from "playwright-core";
import { eventually } from "./eventually.ts";

export type Tab = "Statechart" | "Timeline" | "Sequence" | "Session";

export class InspectorPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** With the token in its fragment. Resolves when the page is let in and knows of the server. */
  async enter(url: string): Promise<void> {
    await this.page.goto(url);
    await this.isLive();
  }

  async isLive(): Promise<void> {
    await this.page.locator(".header-connection-open").waitFor();
  }

  async listSessions(): Promise<void> {
    await this.page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Sessions" }).click();
  }

  /** Sessions that begin from now on are seen from their first byte. */
  async watchNew(): Promise<void> {
    await this.page.getByRole("checkbox", { name: "watch new sessions" }).check();
  }

  /** The rows of the list that are drawn, by the text of their first cell. */
  row(jid: string): Locator {
    return this.page.getByRole("grid", { name: "Sessions that live" }).getByRole("row").filter({ has: this.page.getByRole("link", { name: jid, exact: true }) });
  }

  /** Opens a session of the list by a click on its name, and its part. */
  async openLive(jid: string, tab: Tab = "Session"): Promise<void> {
    await this.page.getByRole("link", { name: jid, exact: true }).first().click();
    await this.openTab(tab);
  }

  async openTab(tab: Tab): Promise<void> {
    await this.page.getByRole("tab", { name: tab, exact: true }).click();
  }

  /** The address of the view, as somebody gives it to somebody else. */
  async go(fragment: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
  }

  /** What is shown of the session that is looked at, all of one moment. */
  async session(): Promise<ShownSession> {
    return this.page.evaluate<ShownSession>("inPage.session()");
  }

  async state(): Promise<string> {
    return (await this.session()).state;
  }

  get slider(): Locator {
    return this.page.getByRole("slider", { name: "Place in the recording" });
  }

  /** How many entries there are. */
  async length(): Promise<number> {
    return Number(await this.slider.getAttribute("max")) + 1;
  }

  /** Goes to an entry, from 0. */
  async travel(index: number): Promise<Place> {
    await this.slider.fill(String(index));
    await eventually(async () => (await this.place()).index).toBe(index);
    return this.place();
  }

  async place(): Promise<Place> {
    return this.page.evaluate<Place>("inPage.place()");
  }

  /** The rows of the timeline that are drawn. */
  get timeline(): Locator {
    return this.page.locator(".timeline-row");
  }

  /** Titles of the rows that are drawn. */
  async titles(): Promise<readonly string[]> {
    return this.timeline.locator(".timeline-title").allInnerTexts();
  }

  /** Saves an export, and returns its name and text. */
  async export(format: "JSON" | "Mermaid" | "Test", pseudonyms = false): Promise<{ readonly name: string; readonly text: string }> {
    const { page } = this;
    const panel = page.getByRole("group", { name: "Export of this session" });
    if (!(await panel.isVisible())) await page.getByRole("button", { name: "Export", exact: true }).click();
    await panel.getByRole("checkbox", { name: "Pseudonyms" }).setChecked(pseudonyms);
    const [download] = await Promise.all([page.waitForEvent("download"), panel.getByRole("button", { name: `Download as ${format}` }).click()]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    return { name: download.suggestedFilename(), text: Buffer.concat(chunks).toString("utf8") };
  }
}

export interface ShownSession {
  /** The whole state in the head of the session. */
  readonly state: string;
  /** The states that are lit in the statechart, parents included, in order. */
  readonly lit: readonly string[];
  /** The transitions in the statechart that were just taken, in words. */
  readonly taken: readonly string[];
  /** What the documented session says, and what lies beneath: values by name, without notes; null for nil. */
  readonly fields: Readonly<Record<string, string | null>>;
}

/** What the slider stands at. */
export interface Place {
  readonly index: number;
  /** In the log; null for what is not there. */
  readonly position: number | null;
  readonly event: string;
  /** null while it is not known. */
  readonly state: string | null;
}
