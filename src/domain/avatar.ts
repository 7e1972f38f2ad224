/** The avatar of an account: the nodes in which it stands (XEP-0084), and what is known of it in memory. */
import type { Account } from "./account.ts";
import type { Json } from "./json.ts";

export const avatarDataNode = "urn:xmpp:avatar:data";
export const avatarMetadataNode = "urn:xmpp:avatar:metadata";

/** Where it is remembered with the account which picture its nodes show. */
export const avatarPlace = { space: "avatar", key: "current" } as const;

export interface KnownAvatar {
  /** SHA-1 of the picture in lower-case hexadecimal; empty: there is none. */
  readonly hash: string;
  /** Its media type; empty where there is none. */
  readonly type: string;
  /** Of which state of the nodes that was found. */
  readonly mark: string;
}

/** undefined: nobody has found out yet, or there never was one. */
export function knownAvatar(account: Account): KnownAvatar | undefined {
  return readKnownAvatar(account.state(avatarPlace.space, avatarPlace.key));
}

/** What cannot be read is not there: an import may have brought anything. */
export function readKnownAvatar(value: Json | undefined): KnownAvatar | undefined {
  const { hash, type, mark } = (typeof value === "object" ? value : undefined) as { readonly [Name in keyof KnownAvatar]?: unknown } ?? {};
  if (typeof hash !== "string" || typeof type !== "string" || typeof mark !== "string") return undefined;
  return /^(?:[0-9a-f]{40})?$/.test(hash) ? { hash, type, mark } : undefined;
}

/** Where the picture with this hash is kept. */
export function pictureItem(hash: string): { readonly space: string; readonly key: string } {
  return { space: "pep", key: `${avatarDataNode}/${hash}` };
}
