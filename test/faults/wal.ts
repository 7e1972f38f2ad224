/** SQLite's write-ahead log, as far as one has to know it to tear only what a power cut can tear (sqlite.org/fileformat.html, section 4). */

const headerBytes = 32;
const frameHeaderBytes = 24;

/** Where its last commit ends: everything up to there may have been synced and told. */
export function endOfCommits(wal: Buffer): number {
  if (wal.length < headerBytes) return 0;
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8);
  const salts = wal.subarray(16, 24);
  let end = headerBytes;
  for (let at = headerBytes; at + frameBytes <= wal.length; at += frameBytes) {
    // Of an earlier round, from there on.
    if (!wal.subarray(at + 8, at + 16).equals(salts)) break;
    if (wal.readUInt32BE(at + 4) > 0) end = at + frameBytes;
  }
  return end;
}
