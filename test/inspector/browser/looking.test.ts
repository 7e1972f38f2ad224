/** That the looking finds what there is to be found: a page with one of each fault. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumMissing, launchChromium } from "../../support/chromium.ts";
import { faint, intruders, invisible, nameless, prepare, wide } from "./looking.ts";

if (chromiumMissing !== undefined) console.warn(`SKIPPED: test/inspector/browser/looking: ${chromiumMissing}`);

describe.skipIf(chromiumMissing !== undefined)("Looking at a page", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchChromium();
    const context = await browser.newContext({ viewport: { width: 390, height: 600 } });
    await prepare(context);
    page = await context.newPage();
    // So that there is an origin that is the page's own.
    await context.route("http://localhost/**", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
    await page.goto("http://localhost/inspect");
  });
  afterAll(() => browser?.close());

  it("finds faint texts on what is beneath them, in pictures too, and leaves alone what can be read", async () => {
    await page.setContent(
      "<body style='background:#fff'><p style='color:#777'>grey</p><p style='color:#767676'>dark enough</p>" +
        "<div style='background:#000'><span style='color:#fff;opacity:.3'>dimmed</span> <b style='color:#fff'>white</b></div>" +
        "<h1 style='color:#949494;font-size:30px'>large</h1><button disabled style='color:#ccc'>off</button>" +
        "<svg width=200 height=50><rect width=200 height=50 fill='#222'></rect><text x=5 y=20 fill='#333'>lost</text><text x=60 y=20 fill='#eee'>seen</text></svg>",
    );
    const found = await faint(page);
    expect(found.faint.map((text) => /"(.*)"/.exec(text)?.[1])).toEqual(["grey", "dimmed", "lost"]);
    expect(found.seen).toBe(7);
  });

  it("finds controls without a name", async () => {
    await page.setContent("<button></button><button>Go</button><input type=text><label>Name <input type=range></label><a href='#x'><svg></svg></a>");
    const found = await nameless(page);
    expect(found.nameless.map((text) => text.replace(/:.*/, ""))).toEqual(["button", "textbox", "link"]);
    expect(found.seen).toBe(5);
  });

  it("finds what is wider than the window", async () => {
    await page.setContent("<p>narrow</p>");
    expect(await wide(page)).toEqual([]);
    await page.setContent("<p class=long style='width:500px'>wide</p>");
    expect(await wide(page)).toEqual(["508 > 390", "p.long"]);
  });

  it("finds elements and attributes that text has become, and characters that nobody sees", async () => {
    await page.setContent("<p>plain</p><a href='#/sessions'>fine</a><b>fat</b>");
    expect([await intruders(page), await invisible(page)]).toEqual([[], []]);
    await page.setContent("<p onclick='1'>a</p><img alt=x><a href='javascript:1'>b</a><a href='http://evil.example/'>d</a><svg><script>1</script></svg><p>c\u202Ed</p><i title='\u2066'></i>");
    expect((await intruders(page)).length).toBe(5);
    expect((await invisible(page)).length).toBe(2);
  });
});
