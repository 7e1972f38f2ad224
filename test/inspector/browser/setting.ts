/** A server with its inspector, people on it, and a browser that looks at it and is watched itself. */
import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { createHistoryAdmin } from "../../../src/admin/history-admin.ts";
import type { HistorySource } from "../../../src/history/source.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../../src/testing/start-server.ts";
import { ManagedStage } from "../../management/support.ts";
import { launchChromium, nothingHappened, Witness } from "../../support/chromium.ts";
import { InspectorPage } from "./inspector-page.ts";
import { prepare, violations } from "./looking.ts";

export interface BrowserSetting {
  readonly server: TestServer;
  readonly stage: ManagedStage;
  /** The server's log, read as the command line reads it. */
  readonly source: HistorySource;
  /** A new page in a context of its own, let in by the server's own address. 1280 to 800 if nothing else is said. */
  look(options?: BrowserContextOptions): Promise<InspectorPage>;
  /** What went wrong in the pages of the test, until now. */
  witnesses(): readonly Witness[];
}

/** One browser for all tests of a file. Pages share nothing of it: each has a context of its own. */
export function browserOfFile(): () => Browser {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  return () => browser;
}

/** After each test it is checked that nothing went wrong in any page that the test did not forgive. */
export function browserSetting(browser: () => Browser, options: TestServerOptions = {}): BrowserSetting {
  let server: TestServer;
  let stage: ManagedStage;
  let open: { readonly context: BrowserContext; readonly witness: Witness }[] = [];

  beforeAll(async () => {
    server = await startServer({ allowPlaintext: true, http: true, ...options });
    stage = new ManagedStage(server);
  });
  afterEach(async () => {
    const closing = open;
    open = [];
    stage.clear();
    for (const { context, witness } of closing) {
      const forbidden = await Promise.all(context.pages().map(violations));
      await context.close();
      expect.soft({ ...witness.report, forbidden: forbidden.flat() }).toEqual({ ...nothingHappened, forbidden: [] });
    }
  });
  afterAll(() => server?.stop());

  return {
    get server() {
      return server;
    },
    get stage() {
      return stage;
    },
    get source() {
      return createHistoryAdmin({ store: server.store, hosts: [server.domain] });
    },
    async look(options = {}) {
      const url = server.server.inspector?.url();
      if (url === undefined) throw new Error("the server has no inspector");
      const context = await browser().newContext({ viewport: { width: 1280, height: 800 }, ...options });
      context.setDefaultTimeout(10_000);
      await prepare(context);
      open.push({ context, witness: new Witness(context, new URL(url).origin) });
      const page = new InspectorPage(await context.newPage());
      await page.enter(url);
      return page;
    },
    witnesses: () => open.map(({ witness }) => witness),
  };
}
