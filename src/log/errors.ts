/** What a store can refuse or suffer. */

/** The stream is not where the writer believed: another append came first. Read again and decide again. */
export class ConcurrencyError extends Error {
  override readonly name = "ConcurrencyError";
  readonly stream: string;
  readonly expected: number;
  /** The version that the stream has. */
  readonly actual: number;

  constructor(stream: string, expected: number, actual: number) {
    super(`${stream}: expected version ${expected}, it is at ${actual}`);
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A commit failed. What it held may or may not be on the disk; this store answers nothing any more and must be opened anew. */
export class StoreFailedError extends Error {
  override readonly name = "StoreFailedError";
}

/** The store was closed before the call. */
export class StoreClosedError extends Error {
  override readonly name = "StoreClosedError";

  constructor() {
    super("the store is closed");
  }
}

/** The copy was not made, and nothing is left of it. The message names the file, what is wrong and what to do. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

export type StoreOpenCode =
  | "folder" // missing, not a folder, or not writable
  | "unwritable" // the file cannot be read and written
  | "not-a-database"
  | "damaged"
  | "foreign" // an SQLite database of another program
  | "newer" // written by a later refrain
  | "lost-database" // a write-ahead log without its database
  | "locked"
  | "projection" // a read model cannot be built from the facts
  | "no-driver"
  | "failed";

/** The file cannot be used. It was left as it is. The message names the file, what is wrong and what to do. */
export class StoreOpenError extends Error {
  override readonly name: string = "StoreOpenError";
  readonly code: StoreOpenCode;
  readonly file: string;

  constructor(code: StoreOpenCode, file: string, message: string) {
    super(message);
    this.code = code;
    this.file = file;
  }
}

/** Another refrain holds the file. */
export class StoreLockedError extends StoreOpenError {
  override readonly name = "StoreLockedError";

  constructor(file: string) {
    super(
      "locked",
      file,
      `${file}: another refrain process has it open; stop that process, or give this one a data folder of its own ` +
        "(the lock ends with the process that holds it, however that ends)",
    );
  }
}
