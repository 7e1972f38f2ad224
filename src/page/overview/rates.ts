/** What changes from one second to the next. */
import type { Totals } from "../model/contract.ts";

/** Events that machines were told in each second between two totals. None where the server has begun to count anew. */
export function toldEachSecond(totals: readonly Totals[]): readonly number[] {
  return totals.slice(1).map((now, index) => {
    const before = totals[index]!;
    const seconds = (now.at - before.at) / 1_000;
    return seconds <= 0 || now.told < before.told ? 0 : (now.told - before.told) / seconds;
  });
}
