/** Of a script at which the witnesses disagree, as little as still makes them: action by action, which keeps what the others say. */
import type { TestServer } from "../../../src/testing/start-server.ts";
import { byActions, Disagreement, play, type Cast } from "./story.ts";

/** Plays no more shorter scripts after this: where it is a silence that is wrong, each of them waits for it. */
const timeMaxMs = 30_000;

/** Another error is returned as it is. */
export async function minimise(server: TestServer, cast: Cast, found: unknown): Promise<unknown> {
  if (!(found instanceof Disagreement)) return found;
  let least = found;
  const until = Date.now() + timeMaxMs;
  for (let size = Math.ceil(found.actions.length / 2); ; size = Math.ceil(size / 2)) {
    const before = least;
    for (let start = 0; start < least.actions.length && Date.now() < until; ) {
      const shorter = least.actions.toSpliced(start, size);
      const still = await disagreement(server, cast, shorter);
      if (still !== undefined && still.actions.length < least.actions.length) least = still;
      else start += size;
    }
    if (Date.now() >= until || (size === 1 && least === before)) return least;
  }
}

async function disagreement(server: TestServer, cast: Cast, actions: Disagreement["actions"]): Promise<Disagreement | undefined> {
  try {
    await play(server, cast, byActions(actions));
    return undefined;
  } catch (error) {
    if (error instanceof Disagreement) return error;
    throw error;
  }
}
