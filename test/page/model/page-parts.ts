/** What the store has of a browser, for tests: the real feed behind a socket that can be cut, an address bar with a history, the live clock. */
import type { Feed } from "../../../src/inspector/feed.ts";
import type { TextSocketHandler } from "../../../src/net/text-socket.ts";
import type { Entrance, FeedHandlers } from "../../../src/page/model/connection.ts";
import type { StoreParts } from "../../../src/page/model/store.ts";

export class PageParts implements StoreParts {
  /** What the server answers to who shows a token, or none. */
  entrance: (token: string | undefined) => Entrance = () => "entered";
  /** false: nobody is there. */
  reachable = true;
  readonly entered: (string | undefined)[] = [];
  readonly said: string[] = [];
  readonly history: string[];
  /** Milliseconds that each timer was set for. */
  readonly delays: number[] = [];
  readonly #feed: () => Feed;
  #cut: (() => void) | undefined;
  #changed: () => void = () => undefined;

  constructor(feed: () => Feed, fragment = "") {
    this.#feed = feed;
    this.history = [fragment];
  }

  readonly clock = {
    now: () => Date.now(),
    after: (ms: number, task: () => void) => {
      this.delays.push(ms);
      const timer = setTimeout(task, Math.min(ms, 5_000) / 100);
      return () => clearTimeout(timer);
    },
  };

  readonly address = {
    fragment: () => this.history.at(-1)!,
    replace: (fragment: string) => void this.history.splice(-1, 1, fragment),
    push: (fragment: string) => void this.history.push(fragment),
    onChanged: (changed: () => void) => void (this.#changed = changed),
  };

  enter(token: string | undefined): Promise<Entrance> {
    this.entered.push(token);
    return Promise.resolve(this.entrance(token));
  }

  connect(handlers: FeedHandlers) {
    let handler: TextSocketHandler | undefined;
    let open = true;
    const close = (code = 1006, reason = "") => {
      if (!open) return;
      open = false;
      handler?.closed();
      handlers.closed(code, reason);
    };
    this.#cut = () => close();
    queueMicrotask(() => {
      if (!this.reachable) return close();
      handlers.opened();
      this.#feed().serve({
        remoteAddress: "127.0.0.1",
        bufferedBytes: 0,
        start: (given) => void (handler = given),
        send: (text) => queueMicrotask(() => open && handlers.text(text)),
        close,
      });
    });
    return {
      send: (text: string) => {
        this.said.push(text);
        handler?.text(text);
      },
      close: () => close(1000),
    };
  }

  /** The link is lost. */
  cut(): void {
    this.#cut?.();
  }

  back(): void {
    this.history.pop();
    this.#changed();
  }

  type(fragment: string): void {
    this.history.push(fragment);
    this.#changed();
  }
}
