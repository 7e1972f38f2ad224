/** Accounts whole, out of a server and into one: the same in a running server and on a store that is opened for it. */
import { deriveCredentials, type StoredCredentials } from "../auth/keys.ts";
import { AccountSource } from "../log/account-source.ts";
import { AccountExistsError, type Accounts, NoSuchAccountError } from "../log/accounts.ts";
import { loadWholeAccount } from "../log/whole-account.ts";
import type { Random, Store } from "../ports.ts";
import { parseAccount, parseUser, requireHost } from "./account-admin.ts";
import { type AccountEntry, accountEntriesMax, type AccountPiece, type AccountTransfer, type ImportFailure } from "./api.ts";
import { AdminError } from "./errors.ts";
import { type AccountDocument, readAccountDocument, toAccountText, unfinishedPlace } from "./formats/account-document.ts";
import { toCredentials, toFacts } from "./formats/account-facts.ts";

export interface AccountTransferOptions {
  readonly store: Store;
  readonly accounts: Accounts;
  /** The configured domains, prepared. */
  readonly hosts: readonly string[];
  readonly random: Random;
  /** PBKDF2 iterations of passwords that come in clear. */
  readonly iterations: number;
  /** Messages that are kept for a user who is not there. */
  readonly offlineMessagesMax: number;
}

/** The operations as functions, so that they can be spread into a larger API. */
export function createAccountTransfer(options: AccountTransferOptions): AccountTransfer {
  const { store, accounts, hosts, random, iterations, offlineMessagesMax } = options;
  const source = new AccountSource(store);
  const load = async (host: string, username: string): Promise<AccountPiece[]> => {
    const whole = await loadWholeAccount(store, host, username);
    return whole === undefined ? [] : toPieces(whole.account.bare, toAccountText(whole));
  };

  const create = async (value: unknown): Promise<void> => {
    const document = readAccountDocument(value);
    if ("problem" in document) throw new AdminError("request-malformed", `${jidOf(value)}: ${document.problem}`);
    const owner = parseAccount(document.jid, hosts);
    const { domain: host, local: username } = owner;
    // Before the work of deriving keys; `createWith` decides.
    if (await accounts.exists(host, username)) {
      if (document.archive === true && (await isUnfinished(host, username))) return;
      throw exists(host, username);
    }
    const facts = toFacts(document, owner, offlineMessagesMax);
    const credentials = await credentialsOf(document);
    await accounts.createWith({ host, username, credentials }, facts).catch((error: unknown) => {
      throw error instanceof AccountExistsError ? exists(host, username) : error;
    });
  };

  /** Its import was broken off, and goes on. */
  const isUnfinished = async (host: string, username: string): Promise<boolean> =>
    (await source.value(host, username, unfinishedPlace.space, unfinishedPlace.key)) === true;

  const credentialsOf = async (document: AccountDocument): Promise<StoredCredentials> => {
    if (document.password === undefined) return toCredentials(document);
    try {
      return await deriveCredentials(document.password, random, iterations);
    } catch (error) {
      // Its messages name the password's fault, never the password.
      if (error instanceof RangeError) throw new AdminError("password-unusable", `${document.jid}: ${error.message}`);
      throw error;
    }
  };

  return {
    async accountExport(text) {
      const { domain, local } = parseUser(text, hosts);
      const pieces = await load(domain, local);
      if (pieces.length === 0) throw new AdminError("account-unknown", new NoSuchAccountError(domain, local).message);
      return pieces;
    },

    async accountsExport({ domain, after: last }) {
      const host = domain === undefined ? undefined : requireHost(domain, hosts);
      const user = last === undefined ? undefined : parseUser(last, hosts);
      const after = user === undefined ? undefined : { host: user.domain, username: user.local };
      const pieces: AccountPiece[] = [];
      let chars = 0;
      for (let next = after; chars < pageCharsMax; ) {
        const page = await accounts.list(host, { ...(next === undefined ? {} : { after: next }), limit: loadedTogether });
        const loaded = await Promise.all(page.map(({ host, username }) => load(host, username)));
        for (const piece of loaded.flat()) {
          pieces.push(piece);
          chars += piece.text.length;
        }
        if (page.length < loadedTogether) break;
        next = page.at(-1);
      }
      return pieces;
    },

    async accountsImport(entries) {
      if (entries.length > accountEntriesMax) {
        throw new AdminError("request-malformed", `accounts: expected at most ${accountEntriesMax}, got ${entries.length}`);
      }
      const failures: ImportFailure[] = [];
      const one = async ({ line, account }: AccountEntry): Promise<void> => {
        try {
          await create(account);
        } catch (error) {
          if (!(error instanceof AdminError)) throw error;
          failures.push({ line, message: error.message });
        }
      };
      await Promise.all(entries.map(one));
      return { created: entries.length - failures.length, failures: failures.toSorted((a, b) => a.line - b.line) };
    },
  };
}

/** A page of an export ends with the account that passes it. */
const pageCharsMax = 524_288;
/** Accounts whose rows are asked for at the same time. */
const loadedTogether = 16;
/** No line of the admin socket is long because an account is large. */
const pieceCharsMax = 65_536;

function toPieces(jid: string, text: string): AccountPiece[] {
  const pieces: AccountPiece[] = [];
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + pieceCharsMax, text.length);
    // Half a surrogate pair would not survive UTF-8.
    if (to < text.length && /[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to += 1;
    pieces.push({ jid, text: text.slice(from, to) });
    from = to;
  }
  return pieces;
}

/** For a message: whose document it is, if that can be seen. */
function jidOf(value: unknown): string {
  const jid = typeof value === "object" && value !== null ? (value as { readonly jid?: unknown }).jid : undefined;
  return typeof jid === "string" ? jid : "no account";
}

function exists(host: string, username: string): AdminError {
  return new AdminError("account-exists", `${username}@${host}: there is such an account already; it stays as it is`);
}
