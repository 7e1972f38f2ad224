/** The facts of an account's life, and the names of the streams that facts are in. */

/** Each fact of an account with the shape of its data. Hosts and usernames are prepared already (RFC 7622). */
export interface AccountFacts {
  readonly AccountCreated: { readonly host: string; readonly username: string };
  /**
   * The stored keys were replaced, or removed with the account. The keys themselves are the fact's secret, beside the log:
   * they are always kept under this type, so that there is one value to replace and to erase.
   */
  readonly PasswordChanged: { readonly host: string; readonly username: string; readonly removed: boolean };
  readonly AccountDeleted: { readonly host: string; readonly username: string };
}

export type AccountFactType = keyof AccountFacts;

/** The current version of the shape of each fact's data. */
export const accountFactVersions = {
  AccountCreated: 1,
  PasswordChanged: 1,
  AccountDeleted: 1,
} as const satisfies Record<AccountFactType, number>;

/** The stream of all that binds an account. Throws if a name is empty or holds "/", which no prepared host or username can. */
export function accountStream(host: string, username: string): string {
  return `account/${streamPart(host)}/${streamPart(username)}`;
}

/** The stream of one session. `id` comes from Ids. */
export function sessionStream(host: string, id: string): string {
  return `session/${streamPart(host)}/${streamPart(id)}`;
}

function streamPart(name: string): string {
  if (name === "" || name.includes("/")) throw new TypeError(`a stream name needs a part without "/", got ${JSON.stringify(name)}`);
  return name;
}
