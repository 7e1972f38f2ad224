/** The tables of the file, and how to know that a file is ours. */

/** "rfrn", in the header of the file (sqlite.org/fileformat.html, section 1.3.16). */
export const applicationId = 0x7266726e;

/** user_version of the file. A change of the tables raises it and brings the way from the one before. */
export const schemaVersion = 2;

/** What version 2 has beside version 1. See `schema`. */
export const tablesOf2 = `
  CREATE TABLE content (
    stream TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (stream, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE forgotten (stream TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE shape (type TEXT NOT NULL, v INTEGER NOT NULL, PRIMARY KEY (type, v)) STRICT, WITHOUT ROWID;
`;

/**
 * fact: the log. AUTOINCREMENT, so that no position is ever given twice. projection: all read models, in the order of the keys' UTF-8
 * bytes (collation BINARY). checkpoint: the last fact that a read model holds. secret: what must never be in the log. content: what is
 * kept beside the log until it is erased. forgotten: the last version of a stream whose last facts were forgotten, so that it is not
 * given twice. shape: the versions of facts that the log holds, so that nobody has to look at all of them.
 */
export const schema = `
  CREATE TABLE fact (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    v INTEGER NOT NULL,
    at INTEGER NOT NULL,
    step TEXT NOT NULL,
    cause TEXT,
    data TEXT NOT NULL,
    UNIQUE (stream, version)
  ) STRICT;
  CREATE TABLE projection (
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE checkpoint (name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE secret (
    stream TEXT NOT NULL,
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (stream, type)
  ) STRICT, WITHOUT ROWID;
  ${tablesOf2}
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;
