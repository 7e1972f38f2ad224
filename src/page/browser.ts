/** The browser's clock and timers: the only code of the page that asks for them. */

export const browserClock = {
  /** Milliseconds since 1970. */
  now: (): number => Date.now(),
  /** Runs `task` once after `ms`; returns the way to take it back. */
  after(ms: number, task: () => void): () => void {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
} as const;

export type BrowserClock = typeof browserClock;
