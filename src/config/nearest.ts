/** The candidate that a mistyped name most likely means; undefined if none is near. `part` is what was mistyped of a path. */
export function nearest(name: string, candidates: Iterable<string>, part: string = name): string | undefined {
  const wanted = fold(name);
  let best: string | undefined;
  // One slip in three characters, as far as three.
  let bestDistance = Math.min(3, Math.max(1, Math.floor(fold(part).length / 3))) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, fold(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `max-bytes`, `max_bytes` and `maxBytes` are the same slip. */
function fold(name: string): string {
  return name.replaceAll(/[-_]/g, "").toLowerCase();
}

/** Insertions, deletions and replacements (Levenshtein), and two neighbours swapped, that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let distance = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        distance = Math.min(distance, before[column - 2]! + 1);
      }
      current.push(distance);
    }
    [before, above] = [above, current];
  }
  return above[b.length]!;
}
