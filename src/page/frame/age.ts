import { duration } from "../../history/plain-words.ts";

/** From `since` to `now`, in the two largest units; whole seconds, and none before it began, for two clocks never agree. */
export function age(since: number, now: number): string {
  const ms = now - since;
  return ms < 1_000 ? "0 s" : duration(ms);
}
