/** Questions about a page that people would ask: is every control named, can every text be read, does it fit, has anything broken in? */
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";

const inPage = fileURLToPath(new URL("in-page.js", import.meta.url));

/** For every page that the context opens from now on. */
export async function prepare(context: BrowserContext): Promise<void> {
  await context.addInitScript({ path: inPage });
}

/** What the policy of the site has forbidden. */
export const violations = (page: Page): Promise<readonly string[]> => page.evaluate("inPage.violations");

/** Elements and attributes that are none of the page's own. */
export const intruders = (page: Page): Promise<readonly string[]> => page.evaluate("inPage.intruders()");

/** Texts with characters that cannot be seen, or that turn others around. */
export const invisible = (page: Page): Promise<readonly string[]> => page.evaluate("inPage.invisible()");

/** Texts in view that stand out too little, each kind once; and how many were looked at. */
export const faint = (page: Page): Promise<{ readonly seen: number; readonly faint: readonly string[] }> => page.evaluate("inPage.faint()");

/** What makes the page scroll sideways. */
export const wide = (page: Page): Promise<readonly string[]> => page.evaluate("inPage.wide()");

const controls = new Set([
  "button", "checkbox", "combobox", "dialog", "grid", "link", "listbox", "menu", "menuitem", "menuitemcheckbox", "menuitemradio", "navigation",
  "option", "radio", "radiogroup", "searchbox", "slider", "spinbutton", "switch", "tab", "table", "tablist", "tabpanel", "textbox", "tree",
  "treeitem", "image", "img", "graphics-document",
]);

/** Controls without a name, as the browser itself tells screen readers. */
export async function nameless(page: Page): Promise<{ readonly seen: number; readonly nameless: readonly string[] }> {
  const session = await page.context().newCDPSession(page);
  try {
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    const found = nodes.filter(({ ignored, role }) => !ignored && controls.has(String(role?.value)));
    const without = found.filter(({ name }) => String(name?.value ?? "").trim() === "");
    const described = without.map(async ({ role, backendDOMNodeId }) => {
      if (backendDOMNodeId === undefined) return String(role?.value);
      const { outerHTML } = await session.send("DOM.getOuterHTML", { backendNodeId: backendDOMNodeId });
      return `${String(role?.value)}: ${outerHTML.slice(0, 160)}`;
    });
    return { seen: found.length, nameless: await Promise.all(described) };
  } finally {
    await session.detach();
  }
}
