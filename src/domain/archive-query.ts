/** What is asked of an archive of messages, and what is found there (XEP-0313). */
import type { Jid } from "./jid.ts";

/** Which messages of an archive are kept: those that are both. */
export interface KeptMessages {
  /** Archived then or later, in ms since 1970. */
  readonly since?: number;
  /** Among so many of the newest. */
  readonly newest?: number;
}

/** The result set is what all of the conditions leave; the page is a part of it. */
export interface ArchiveQuery {
  /** The other side. A bare JID stands for all of its resources, a full one for itself alone (XEP-0313 section 4.1.1). */
  readonly with?: Jid;
  /** Milliseconds since 1970, both included (XEP-0313 section 4.1.2). */
  readonly start?: number;
  readonly end?: number;
  /** Neither included (XEP-0313 section 4.1.3). */
  readonly afterId?: string;
  readonly beforeId?: string;
  /** At most `archiveIdsMax`: more of them throw a RangeError. */
  readonly ids?: readonly string[];
  readonly page: ResultPage;
}

/** A page of a result set (XEP-0059 section 2). */
export interface ResultPage {
  /** From 0, which asks for the count alone. */
  readonly max: number;
  /** How many bytes the page may take, where each message takes so many besides its text. One message is in it in any case. */
  readonly room?: { readonly bytes: number; readonly besides: number };
  /** An id: what follows it. */
  readonly after?: string;
  /** An id: what comes right before it; empty: the last page. With `after` it is the first page between the two. */
  readonly before?: string;
  /** Where the page begins in the result set, from 0. Counts only without `after` and `before`. */
  readonly index?: number;
}

export interface ArchivePage {
  /** The oldest first. */
  readonly messages: readonly ArchivedMessage[];
  /** In the result set. */
  readonly count: number;
  /** Of the first message in the result set, from 0; undefined for an empty page. */
  readonly index: number | undefined;
  /** In its direction nothing of the result set comes after this page (XEP-0313 section 4.3.2). */
  readonly complete: boolean;
}

/** An id that was named, and that no message of the archive has: item-not-found (XEP-0313 sections 4.1.3 and 4.3.2). */
export interface ArchiveMissing {
  readonly missing: string;
}

export interface ArchivedId {
  readonly id: string;
  /** When it was archived: ms since 1970. Never before that of an older message, whatever the clock said. */
  readonly at: number;
}

export interface ArchivedMessage extends ArchivedId {
  /** XML text in `jabber:client`. */
  readonly text: string;
}

/** The oldest message and the newest one. */
export interface ArchiveEnds {
  readonly first: ArchivedId;
  readonly last: ArchivedId;
}
