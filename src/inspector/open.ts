/** The inspector as a whole: its site on a listener, and what feeds it. */
import type { Ids } from "../ports.ts";
import { Feed, type FeedOptions } from "./feed.ts";
import { peopleRoute, type PeopleOptions } from "./people.ts";
import { openSite, type Site, type SiteOptions } from "./site.ts";
import { StatelyFeed } from "./stately-feed.ts";

export interface InspectorOptions extends Pick<SiteOptions, "http" | "names" | "remote" | "pageFolder">, Omit<FeedOptions, "software" | "version" | "chat"> {
  readonly software: { readonly name: string; readonly version: string };
  readonly ids: Ids;
  /** Lets the page be a client of this server, and make two users to try with; without it, it can only look. */
  readonly chat?: Pick<PeopleOptions, "addUser" | "isUser">;
}

export interface Inspector extends Site {
  /** Another observation is there: what was watched is gone. */
  newEpoch(): void;
  close(): void;
}

export function openInspector(options: InspectorOptions): Inspector {
  const { software, chat, ...rest } = options;
  const feedOptions = { ...rest, chat: chat !== undefined, software: software.name, version: software.version };
  const feed = new Feed(feedOptions);
  const stately = new StatelyFeed(feedOptions);
  const site = openSite({ ...rest, feed, stately, ...(chat === undefined ? {} : { people: peopleRoute({ ...chat, hosts: rest.hosts, ids: rest.ids, log: rest.log }) }) });
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
