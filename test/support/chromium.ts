/** Debian's Chromium without a window, and what it does that a page of ours never may. */
import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const executable = "/usr/bin/chromium";

/** Why the tests with a browser cannot run; undefined if they can. Said aloud by whoever skips them. */
export const chromiumMissing: string | undefined = existsSync(executable) ? undefined : `${executable} is missing: apt-get install chromium`;

/** Names resolve to nothing but this machine, so that a request to anywhere else fails as well as being seen. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: executable,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    ],
  });
}

/** Everything that went wrong in the pages of one context. */
export class Witness {
  /** Requests and WebSockets to anywhere but the own origin. */
  readonly elsewhere: string[] = [];
  /** Errors on the console, exceptions that nobody caught, pages that broke down. */
  readonly errors: string[] = [];
  readonly dialogs: string[] = [];
  /** Windows that were opened, and places that the page was sent to. */
  readonly departures: string[] = [];
  readonly #context: BrowserContext;
  /** What is expected to go wrong now, as while a server is away. */
  #forgiving: RegExp | undefined;

  constructor(context: BrowserContext, origin: string) {
    this.#context = context;
    const socketOrigin = origin.replace(/^http/, "ws");
    const isOwn = (url: string) => [origin, socketOrigin].some((own) => url === own || url.startsWith(`${own}/`)) || /^(blob:|about:blank$)/.test(url);
    context.on("request", (request) => {
      if (!isOwn(request.url())) this.elsewhere.push(`${request.method()} ${request.url()}`);
    });
    context.on("page", (page) => this.#attend(page, isOwn));
  }

  async #opened(page: Page): Promise<void> {
    this.departures.push(`opened ${page.url()}`);
  }

  #attend(page: Page, isOwn: (url: string) => boolean): void {
    if (this.#context.pages().length > 1 && this.#context.pages()[0] !== page) void this.#opened(page);
    page.on("websocket", (socket) => {
      if (!isOwn(socket.url())) this.elsewhere.push(`WebSocket ${socket.url()}`);
    });
    page.on("framenavigated", (frame) => {
      if (!isOwn(frame.url())) this.departures.push(frame.url());
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.#report(message.text());
    });
    page.on("pageerror", (error) => this.#report(error.stack ?? String(error)));
    page.on("crash", () => this.#report("the page broke down"));
    page.on("dialog", (dialog) => {
      this.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
  }

  #report(text: string): void {
    if (this.#forgiving?.test(text) !== true) this.errors.push(text);
  }

  /** Errors that match are no news while `work` goes on. */
  async forgiving(what: RegExp, work: () => Promise<void>): Promise<void> {
    this.#forgiving = what;
    try {
      await work();
    } finally {
      this.#forgiving = undefined;
    }
  }

  /** All of it, by kind: for one comparison with `nothing`. */
  get report(): typeof nothingHappened {
    const { elsewhere, errors, dialogs, departures } = this;
    return { elsewhere, errors, dialogs, departures };
  }
}

export const nothingHappened: Readonly<Record<"elsewhere" | "errors" | "dialogs" | "departures", readonly string[]>> = {
  elsewhere: [],
  errors: [],
  dialogs: [],
  departures: [],
};
