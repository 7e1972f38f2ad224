/**
 * Uploaded files on the disk: `ID` holds the bytes and `ID.json` what is known of them. A file is there once both are, and durable then;
 * what an interrupted upload has left is removed at the next start.
 */
import { constants, createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { z } from "zod";
import { uploadsUnderWayMax } from "../domain/limits.ts";

export interface UploadedFile {
  readonly id: string;
  /** A bare JID. */
  readonly owner: string;
  readonly name: string;
  readonly size: number;
  /** A media type. */
  readonly type: string;
  /** When it came, ms since 1970. */
  readonly at: number;
}

/** What an owner's files take. */
export interface UsedRoom {
  readonly bytes: number;
  readonly files: number;
}

/** Why a file was not taken. */
export class UploadError extends Error {
  override readonly name = "UploadError";
  readonly code: "too-long" | "too-short" | "exists" | "busy" | "forgotten" | "disk-full";

  constructor(code: UploadError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const recordSchema = z.object({ owner: z.string(), name: z.string(), size: z.int().min(0), type: z.string(), at: z.int() });
/** Files that are looked at together when the folder is opened. */
const openedAtOnce = 64;
const partSuffix = ".part";
const recordSuffix = ".json";

export class UploadFiles {
  readonly #folder: string;
  readonly #freeBytesMin: number;
  readonly #known = new Map<string, UploadedFile>();
  readonly #used = new Map<string, UsedRoom>();
  /** What is being put, and is still wanted. */
  readonly #underWay = new Map<string, UploadedFile>();

  /** `freeBytesMin`: what has to be left on the disk. */
  constructor(folder: string, freeBytesMin: number) {
    this.#folder = folder;
    this.#freeBytesMin = freeBytesMin;
  }

  /** Makes the folder, or learns what is in it. Rejects with Node's error. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const names = new Set(await readdir(this.#folder));
    const ids = [...names].filter((name) => names.has(`${name}${recordSuffix}`));
    for (let from = 0; from < ids.length; from += openedAtOnce) {
      const files = await Promise.all(ids.slice(from, from + openedAtOnce).map((id) => this.#read(id)));
      for (const file of files) if (file !== undefined) this.#add(file);
    }
    for (const name of names) {
      const id = name.replace(/\.(?:json|part)$/, "");
      if (isOurs(name) && !this.#known.has(id)) await rm(join(this.#folder, name), { force: true });
    }
  }

  get(id: string): UploadedFile | undefined {
    return this.#known.get(id);
  }

  all(): Iterable<UploadedFile> {
    return this.#known.values();
  }

  /** Those on their way included. */
  usedBy(owner: string): UsedRoom {
    return this.#used.get(owner) ?? { bytes: 0, files: 0 };
  }

  /** Whether a file is in `usedBy`. */
  counts(id: string): boolean {
    return this.#known.has(id) || this.#underWay.has(id);
  }

  /** Takes a file of exactly `size` bytes; it is durable when this resolves. Rejects with UploadError, or with what `pieces` throws; nothing is left then. */
  async put(file: UploadedFile, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const { id, size } = file;
    if (this.counts(id)) throw new UploadError("exists", "this slot was used");
    if ([...this.#underWay.values()].filter(({ owner }) => owner === file.owner).length >= uploadsUnderWayMax) {
      throw new UploadError("busy", `you put ${uploadsUnderWayMax} files already: this one can come when one of them has`);
    }
    this.#underWay.set(id, file);
    this.#count(file, 1);
    const [whole, part, record] = ["", partSuffix, recordSuffix].map((suffix) => join(this.#folder, `${id}${suffix}`)) as [string, string, string];
    try {
      await this.#requireRoom();
      await writeExactly(part, size, this.#wanted(id, pieces));
      await writeDurably(record, JSON.stringify(recordOf(file)));
      await rename(part, whole);
      await syncFolder(this.#folder);
      if (!this.#underWay.delete(id)) throw forgotten();
      this.#known.set(id, file);
    } catch (error) {
      await Promise.all([part, whole, record].map((path) => rm(path, { force: true })));
      if (this.#underWay.delete(id)) this.#count(file, -1);
      throw error;
    }
  }

  /** What this owner has on its way is not taken: its `put` rejects. */
  giveUp(owner: string): void {
    for (const [id, file] of this.#underWay) {
      if (file.owner !== owner) continue;
      this.#underWay.delete(id);
      this.#count(file, -1);
    }
  }

  /** Bytes from `start` through `end`, both included. */
  read({ id }: UploadedFile, start: number, end: number): Readable {
    return createReadStream(join(this.#folder, id), { start, end });
  }

  async remove(file: UploadedFile): Promise<void> {
    const { id } = file;
    if (!this.#known.delete(id)) return;
    this.#count(file, -1);
    // The record last: without the bytes it is removed at the next start, and bytes without it too.
    await rm(join(this.#folder, id), { force: true });
    await rm(join(this.#folder, `${id}${recordSuffix}`), { force: true });
  }

  /** For the whole of all that is on its way, though some of it may be on the disk already. */
  async #requireRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    const coming = [...this.#underWay.values()].reduce((sum, { size }) => sum + size, 0);
    if (bavail * bsize - coming < this.#freeBytesMin) throw new UploadError("disk-full", "the server has no room for files now");
  }

  async #read(id: string): Promise<UploadedFile | undefined> {
    try {
      return { id, ...recordSchema.parse(JSON.parse(await readFile(join(this.#folder, `${id}${recordSuffix}`), "utf8"))) };
    } catch {
      return undefined;
    }
  }

  #add(file: UploadedFile): void {
    this.#known.set(file.id, file);
    this.#count(file, 1);
  }

  #count({ owner, size }: UploadedFile, difference: 1 | -1): void {
    const { bytes, files } = this.usedBy(owner);
    if (files + difference > 0) this.#used.set(owner, { bytes: bytes + size * difference, files: files + difference });
    else this.#used.delete(owner);
  }

  async *#wanted(id: string, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const piece of pieces) {
      if (!this.#underWay.has(id)) throw forgotten();
      yield piece;
    }
  }
}

const forgotten = (): UploadError => new UploadError("forgotten", "the user whose file this was has no account any more");

/** Whether a name is one that this folder makes: others are left alone. */
function isOurs(name: string): boolean {
  return /^[A-Za-z0-9_-]{22}(?:\.json|\.part)?$/.test(name);
}

function recordOf({ owner, name, size, type, at }: UploadedFile): Omit<UploadedFile, "id"> {
  return { owner, name, size, type, at };
}

async function writeExactly(path: string, size: number, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    let bytes = 0;
    for await (const piece of pieces) {
      bytes += piece.byteLength;
      if (bytes > size) throw new UploadError("too-long", `the file is longer than the ${size} bytes that the slot is for`);
      await handle.writeFile(piece);
    }
    if (bytes < size) throw new UploadError("too-short", `the file has ${bytes} bytes, the slot is for ${size}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where a folder cannot be synced it need not be. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
