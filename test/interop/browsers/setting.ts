/** People before browsers, each with a network of their own, on a web site that the server lets in. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { startServer, type TestServer } from "../../../src/testing/index.ts";
import { launchChromium, Witness } from "../../support/chromium.ts";
import { layCable, type Cable } from "./cable.ts";
import { openSite, type Files, type Site } from "./site.ts";

export const password = "correct horse";

export type Way = "WebSocket" | "BOSH";

/** What browsers say of a network that is not there. */
const noNetwork = /net::ERR_|WebSocket|Websocket|Failed to fetch|isTrusted|status:? 0|error 0 happened|Event$/;

export class Person {
  readonly page: Page;
  readonly #cable: Cable;
  readonly #context: BrowserContext;
  readonly #witness: Witness;
  readonly #tls: boolean;

  constructor(page: Page, cable: Cable, witness: Witness, tls: boolean) {
    [this.page, this.#cable, this.#context, this.#witness, this.#tls] = [page, cable, page.context(), witness, tls];
  }

  /** Where the server is, for this one. */
  service(way: Way): string {
    const s = this.#tls ? "s" : "";
    return way === "BOSH" ? `http${s}://localhost:${this.#cable.port}/http-bind` : `ws${s}://localhost:${this.#cable.port}/xmpp-websocket`;
  }

  /** While `work` goes on there is no network: what was open is lost, and the browser says that it is offline. */
  async withoutNetwork(work: () => Promise<void>, isBack: () => Promise<void>): Promise<void> {
    await this.#witness.forgiving(noNetwork, async () => {
      await this.#context.setOffline(true);
      this.#cable.pull();
      await work();
      this.#cable.plug();
      await this.#context.setOffline(false);
      await isBack();
    });
  }

  /** For people to look at, if they say where to: REFRAIN_TEST_PICTURES. */
  async picture(name: string): Promise<void> {
    const folder = process.env["REFRAIN_TEST_PICTURES"];
    if (folder !== undefined) await this.page.screenshot({ path: `${folder}/${name.replaceAll(/\W+/g, "-")}.png` });
  }
}

export interface BrowsersSetting {
  readonly server: TestServer;
  /** Before the web site's first page. */
  person(): Promise<Person>;
}

export interface BrowsersOptions {
  /** Errors that match are the client's own. */
  readonly forgives?: RegExp;
  /** The server has TLS (wss and https), and its certificate, which is signed by itself, is let through. Default: false. */
  readonly tls?: boolean;
}

/** `names` get accounts with the password that all tests use. Nothing is started if `isSkipped`. */
export function browsersSetting(names: readonly string[], files: Files, isSkipped: boolean, { forgives, tls = false }: BrowsersOptions = {}): BrowsersSetting {
  let [browser, site, server] = [] as unknown as [Browser, Site, TestServer];
  let open: { readonly context: BrowserContext; readonly cable: Cable; readonly witness: Witness }[] = [];

  beforeAll(async () => {
    if (isSkipped) return;
    [browser, site] = await Promise.all([launchChromium(), openSite(files)]);
    server = await startServer({ http: true, httpTls: tls, origins: [site.origin], session: { resumptionMs: 30_000 } });
    for (const name of names) await server.addUser(name, password);
  });
  afterEach(async () => {
    const closing = open;
    open = [];
    for (const { context, cable, witness } of closing) {
      await context.close();
      await cable.remove();
      expect.soft({ errors: witness.errors.filter((error) => forgives?.test(error) !== true), dialogs: witness.dialogs }).toEqual({ errors: [], dialogs: [] });
    }
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await site?.close();
  });

  return {
    get server() {
      return server;
    },
    async person() {
      const [context, cable] = await Promise.all([browser.newContext({ viewport: { width: 1280, height: 800 }, ignoreHTTPSErrors: tls }), layCable(server.httpPort)]);
      context.setDefaultTimeout(10_000);
      const witness = new Witness(context, site.origin);
      open.push({ context, cable, witness });
      const page = await context.newPage();
      await page.goto(site.origin);
      return new Person(page, cable, witness, tls);
    },
  };
}
