/** Places in a session's stream. */
import type { HistorySource } from "../history/source.ts";

/**
 * The version of the last fact of a stream before a time (ms since 1970), 0 for none, where facts are in the order of their times.
 * Looks at a few pages, however long the stream is.
 */
export async function versionBefore(source: HistorySource, stream: string, time: number): Promise<number> {
  let known = 0;
  let leap = 0;
  /** The end was not leapt over yet: the leaps grow. */
  let growing = true;
  for (;;) {
    const page = await source.streamFacts(stream, known + leap);
    const later = page.findIndex(({ at }) => at >= time);
    if (later > 0) return page[later - 1]!.version;
    if (later === -1 && page.length > 0) {
      known = page.at(-1)!.version;
      leap = growing ? Math.max(2 * leap, page.length) : Math.floor(leap / 2);
    } else if (leap === 0) {
      return known;
    } else {
      growing = false;
      leap = Math.floor(leap / 2);
    }
  }
}
