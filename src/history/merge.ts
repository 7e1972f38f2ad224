/** Several streams as one: their facts in the order in which they were recorded. */
import type { StoredFact } from "../ports.ts";

/** Each source is in order of position already. */
export async function* mergeByPosition(sources: readonly AsyncIterable<StoredFact>[]): AsyncGenerator<StoredFact> {
  const heads = (await Promise.all(sources.map(firstOf))).filter((head) => head !== undefined).toSorted(byPosition);
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

async function firstOf(source: AsyncIterable<StoredFact>): Promise<Head | undefined> {
  const rest = source[Symbol.asyncIterator]();
  const first = await rest.next();
  return first.done === true ? undefined : { fact: first.value, rest };
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
