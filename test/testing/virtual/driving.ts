/** Virtual time for tests that just await: it passes as long as something is due. */
import type { VirtualTime } from "../../../src/testing/virtual/virtual-time.ts";

/** Returns the way to end it. */
export function drive(time: VirtualTime): () => void {
  const driven = { isOver: false };
  void (async () => {
    while (!driven.isOver) if (!(await time.step())) await new Promise((resolve) => setImmediate(resolve));
  })();
  return () => {
    driven.isOver = true;
  };
}

/** What comes of a promise while time passes. Throws if nothing does. */
export async function within<Result>(time: VirtualTime, ms: number, promise: Promise<Result>): Promise<Result> {
  const state = { isSettled: false };
  const settled = () => {
    state.isSettled = true;
  };
  promise.then(settled, settled);
  await time.advance(0);
  const until = time.now() + ms;
  while (!state.isSettled && (await time.step(until)));
  await time.advance(0);
  if (!state.isSettled) throw new Error(`nothing came of it in ${ms} ms`);
  return promise;
}
