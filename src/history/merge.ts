/** Several streams as one: their facts in the order in which they were recorded. */
import type { StoredFact } from "../ports.ts";

/** Each source is in order of position already. */
export async function* mergeByPosition(sources: readonly AsyncIterable<StoredFact>[]): AsyncGenerator<StoredFact> {
  const heads: Head[] = [];
  // One after the other: a user may have had thousands of sessions, and nobody shall have to hold as many answers ready at once.
  for (const source of sources) heads.push(...(await firstOf(source)));
  heads.sort(byPosition);
  for (let first = heads.shift(); first !== undefined; first = heads.shift()) {
    yield first.fact;
    const next = await first.rest.next();
    if (next.done === true) continue;
    const head = { fact: next.value, rest: first.rest };
    heads.splice(placeOf(head, heads), 0, head);
  }
}

interface Head {
  readonly fact: StoredFact;
  readonly rest: AsyncIterator<StoredFact>;
}

/** None of an empty source. */
async function firstOf(source: AsyncIterable<StoredFact>): Promise<readonly Head[]> {
  const rest = source[Symbol.asyncIterator]();
  const first = await rest.next();
  return first.done === true ? [] : [{ fact: first.value, rest }];
}

function byPosition(a: Head, b: Head): number {
  return a.fact.position - b.fact.position;
}

/** How many of `heads`, which are in order, come before `head`. */
function placeOf(head: Head, heads: readonly Head[]): number {
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byPosition(heads[middle]!, head) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
