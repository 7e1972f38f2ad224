/** A server whose sessions are watched, and pages that watch them. */
import type { Clock, Log } from "../../src/ports.ts";
import { Feed, type FeedOptions } from "../../src/inspector/feed.ts";
import { liveClock } from "../../src/live.ts";
import type { TestServerOptions } from "../../src/testing/start-server.ts";
import { loggedServer, type LoggedServer } from "../history/living.ts";
import { Page } from "./page.ts";

export interface Setting extends LoggedServer {
  readonly feed: Feed;
  /** What was logged, by its `event`. */
  readonly logged: readonly { readonly event?: string; readonly session?: string; readonly by?: string }[];
  /** Timers of the feed that wait. */
  readonly timers: () => number;
  open(address?: string): Page;
}

export async function watchedServer(users: readonly string[], feedOptions: Partial<FeedOptions> = {}, options: TestServerOptions = {}): Promise<Setting> {
  const logged = await loggedServer(users, options);
  const lines: object[] = [];
  const note = (fields: object): void => void lines.push(fields);
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note };
  const { clock, waiting } = countingClock();
  const feed = new Feed({
    observation: () => logged.server.server.observation,
    history: logged.source,
    hosts: [logged.server.domain],
    software: "refrain",
    version: "0.0.0",
    bodies: false,
    live: true,
    clock,
    log,
    ...feedOptions,
  });
  return {
    ...logged,
    feed,
    logged: lines,
    timers: waiting,
    open(address) {
      const page = new Page(address);
      feed.serve(page.socket);
      return page;
    },
  };
}

/** The live one with timers that run ten times as fast; it says how many of them wait. */
function countingClock(): { readonly clock: Clock; readonly waiting: () => number } {
  const waiting = new Set<object>();
  const at: Clock["at"] = (deadline, task, keepAlive) => {
    const key = {};
    waiting.add(key);
    const now = liveClock.now();
    const timer = liveClock.at(now + (deadline - now) / 10, () => {
      waiting.delete(key);
      task();
    }, keepAlive);
    return {
      cancel() {
        waiting.delete(key);
        timer.cancel();
      },
    };
  };
  return { clock: { ...liveClock, at }, waiting: () => waiting.size };
}
