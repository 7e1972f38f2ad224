/**
 * The ids of archived messages as everybody else sees them. An id of the log tells when the message was archived, and as which one of its
 * moment; whoever observes an id must not be able to infer anything from it (XEP-0359 section 6). So they are one block each, enciphered
 * under a key of this server's own: nobody can read or make one, and the server finds the row of an id without an index.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { archiveKeyOf, countOfArchiveKey, makeArchiveKey, secretOfArchiveId, timeOfArchiveKey } from "../domain/archive-keys.ts";

export interface ArchiveIds {
  /** The id that is told of what has this id in the log. */
  toldOf(id: string): string;
  /** What it was made of, as far as it says that: the secret may have been longer. undefined as for `keyOf`. */
  idOf(told: string): string | undefined;
  /** The key that what was told so would have; undefined for what cannot have been. Whether it was is for the row with that key to say. */
  keyOf(told: string): string | undefined;
}

/** Bytes of the parts of a block: when, as which one of its moment, and what tells archives apart. */
const [timeBytes, countBytes, secretBytes] = [6, 3, 7];
const blockBytes = timeBytes + countBytes + secretBytes;
const toldForm = /^[A-Za-z0-9_-]{22}$/;

/** `key`: 16 bytes, the same for as long as the ids are to be. */
export function createArchiveIds(key: Uint8Array): ArchiveIds {
  // Every block is another one and is all that there is: this mode hides all of it, and nothing is kept from one to the next.
  const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  const decipher = createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  const open = (told: string): Buffer | undefined => (toldForm.test(told) ? decipher.update(Buffer.from(told, "base64url")) : undefined);
  const keyIn = (block: Buffer): string | undefined => makeArchiveKey(block.readUIntBE(0, timeBytes), block.readUIntBE(timeBytes, countBytes));
  return {
    toldOf(id) {
      const inner = archiveKeyOf(id);
      if (inner === undefined) throw new RangeError(`expected the id of an archived message, got ${JSON.stringify(id)}`);
      const block = Buffer.alloc(blockBytes);
      block.writeUIntBE(timeOfArchiveKey(inner), 0, timeBytes);
      block.writeUIntBE(countOfArchiveKey(inner), timeBytes, countBytes);
      Buffer.from(secretOfArchiveId(id), "base64url").copy(block, timeBytes + countBytes, 0, secretBytes);
      return cipher.update(block).toString("base64url");
    },
    keyOf(told) {
      const block = open(told);
      return block && keyIn(block);
    },
    idOf(told) {
      const block = open(told);
      const key = block && keyIn(block);
      return key === undefined ? undefined : `${key}-${block?.toString("base64url", timeBytes + countBytes)}`;
    },
  };
}
