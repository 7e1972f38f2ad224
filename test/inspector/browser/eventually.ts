import { expect } from "vitest";

/** `expect.poll` with the patience that a busy machine needs: the list comes once a second, and a browser shares the processor with all other tests. */
export function eventually<Value>(look: () => Value): ReturnType<typeof expect.poll<Awaited<Value>>> {
  return expect.poll(look as () => Awaited<Value>, { timeout: 10_000, interval: 20 });
}
