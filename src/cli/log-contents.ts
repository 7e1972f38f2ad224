/** What facts carried, as far as it is still kept beside the log. */
import { archiveContentKey, archiveKeyOf } from "../domain/archive-keys.ts";
import { offlineKey, offlinePrefix, type AccountFacts } from "../domain/facts.ts";
import { roomVCardKey, type RoomFacts } from "../domain/room-facts.ts";
import { heldKey, parseQueuedText, queueKey } from "../domain/session-facts.ts";
import { dataOf } from "../history/session-fold.ts";
import { contentsOf, type HistorySource } from "../history/source.ts";
import { liveClock } from "../live.ts";
import type { StoredFact } from "../ports.ts";

/** Milliseconds for which what a stream keeps is taken to be as it was. */
const againMs = 400;

export class ContentReader {
  readonly #source: HistorySource;
  readonly #streams = new Map<string, { readonly at: number; readonly contents: ReadonlyMap<string, string> }>();
  /** Of each archive what was read last. */
  readonly #archives = new Map<string, ReadonlyMap<string, string>>();

  constructor(source: HistorySource) {
    this.#source = source;
  }

  /** undefined where there is nothing, or not any more. */
  async textOf(fact: StoredFact): Promise<string | undefined> {
    switch (fact.type) {
      case "StanzaQueued": {
        const text = await this.#find(fact.stream, queueKey(dataOf(fact, "StanzaQueued").number));
        return text === undefined ? undefined : parseQueuedText(text).text;
      }
      case "StanzaHeld":
        return this.#find(fact.stream, heldKey(dataOf(fact, "StanzaHeld").number));
      case "OfflineMessageStored":
        return this.#find(fact.stream, offlineKey((fact.data as unknown as AccountFacts["OfflineMessageStored"]).number), offlinePrefix);
      case "MessageArchived":
        return this.#findArchived(fact.stream, (fact.data as unknown as AccountFacts["MessageArchived"]).id);
      case "RoomMessageArchived":
        return this.#findArchived(fact.stream, (fact.data as unknown as RoomFacts["RoomMessageArchived"]).id);
      case "VCardSet":
        return this.#find(fact.stream, roomVCardKey, roomVCardKey.slice(0, -1));
      case "SubjectSet":
        return (fact.data as unknown as RoomFacts["SubjectSet"]).stanza;
      case "OccupantEntered":
      case "OccupantShown":
        return (fact.data as unknown as RoomFacts["OccupantShown"]).presence;
      case "SubscriptionRequested":
        return (fact.data as unknown as AccountFacts["SubscriptionRequested"]).stanza;
      case "UserLeft":
        return (fact.data as unknown as AccountFacts["UserLeft"]).status || undefined;
      default:
        return undefined;
    }
  }

  /** An archive may be very long: only what follows is read with it, which is most likely to be asked for next. */
  async #findArchived(stream: string, id: string): Promise<string | undefined> {
    const key = archiveContentKey(archiveKeyOf(id) ?? id);
    const known = this.#archives.get(stream)?.get(key);
    if (known !== undefined) return known;
    for (let after = key.slice(0, -1); ; ) {
      const page = await this.#source.streamContents(stream, after);
      const last = page.at(-1)?.key;
      if (last === undefined) return undefined;
      after = last;
      if (after < key) continue;
      const contents = new Map(page.map(({ key, text }) => [key, text]));
      this.#archives.set(stream, contents);
      return contents.get(key);
    }
  }

  /** `first`: nothing that is asked for comes before it. */
  async #find(stream: string, key: string, first = ""): Promise<string | undefined> {
    const known = this.#streams.get(stream);
    const now = liveClock.now();
    // What came since is looked for; what is gone is so in vain, and not often.
    if (known !== undefined && (known.contents.has(key) || now < known.at + againMs)) return known.contents.get(key);
    const contents = await contentsOf(this.#source, stream, first);
    this.#streams.set(stream, { at: now, contents });
    return contents.get(key);
  }
}
