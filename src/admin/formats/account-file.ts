/** A file of accounts, read as it comes: a few accounts are in memory at a time, however many there are. */

import type { ArchiveEntry } from "../api.ts";

/** `line`: where it begins in the file, from 1. */
export type FileEntry =
  /** `bytes` are those of the file; `ignored`: what of it cannot be taken over. Whether it is an account will be seen. */
  | {
      readonly kind: "account";
      readonly line: number;
      readonly bytes: number;
      readonly account: unknown;
      readonly ignored: readonly string[];
    }
  /** Messages of the archive of an account. */
  | { readonly kind: "archived"; readonly line: number; readonly jid: string; readonly messages: readonly ArchiveEntry[] }
  /** An account that cannot be read. */
  /** `archive`: it is only a message of that account's archive. */
  | { readonly kind: "failure"; readonly line: number; readonly message: string; readonly archive?: string }
  /** Something that is no account and cannot be taken over. */
  | { readonly kind: "ignored"; readonly line: number; readonly what: string };

export interface AccountFileReader {
  /** What `bytes` complete, read while it is asked for. `bytes` must not change from now on. Throws AccountFileError. */
  write(bytes: Buffer): Iterable<FileEntry>;
  /** What is left when nothing more comes. Throws AccountFileError if the file is not whole. */
  end(): Iterable<FileEntry>;
}

/** The file cannot be read on. */
export class AccountFileError extends Error {
  override readonly name = "AccountFileError";
  /** From 1. */
  readonly line: number;

  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}
