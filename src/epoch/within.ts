import type { Clock, Timer } from "../ports.ts";

/** Whether it settles within so many milliseconds. Rejects if it does so in time. Keeps the process alive until then. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = clock.at(clock.now() + ms, () => resolve(false), true);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    timer?.cancel();
  }
}
