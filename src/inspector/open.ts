/** The inspector as a whole: its site on a listener, and what feeds it. */
import type { HistorySource, SessionRow } from "../history/source.ts";
import type { Clock, Ids, Log } from "../ports.ts";
import type { Observation } from "../session/observation.ts";
import { Feed } from "./feed.ts";
import { openSite, type Site, type SiteOptions } from "./site.ts";
import { StatelyFeed } from "./stately-feed.ts";

export interface InspectorOptions extends Pick<SiteOptions, "http" | "names" | "pageFolder"> {
  /** undefined while nothing lives. */
  readonly observation: () => Observation | undefined;
  readonly history: HistorySource;
  readonly hosts: readonly string[];
  readonly software: { readonly name: string; readonly version: string };
  /** Whether texts of stanzas are shown. */
  readonly bodies: boolean;
  /** false: recorded sessions alone. */
  readonly live: boolean;
  /** What was opened by name. */
  readonly opened?: readonly SessionRow[];
  /** What was seen of it, as its page is told (`FromServer`). */
  readonly recorded?: readonly string[];
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Inspector extends Site {
  /** Another observation is there: what was watched is gone. */
  newEpoch(): void;
  close(): void;
}

export function openInspector(options: InspectorOptions): Inspector {
  const { software, ...rest } = options;
  const feedOptions = { ...rest, software: software.name, version: software.version };
  const feed = new Feed(feedOptions);
  const stately = new StatelyFeed(feedOptions);
  const site = openSite({ ...rest, feed, stately });
  return {
    ...site,
    newEpoch() {
      feed.newEpoch();
      stately.newEpoch();
    },
    close() {
      feed.close();
      stately.close();
    },
  };
}
