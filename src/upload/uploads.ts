/** Who may put which file where: slots, quotas, and how long files are kept (XEP-0363). */
import type { Clock, Ids, Log, Random, Timer } from "../ports.ts";
import type { UploadFiles, UploadedFile } from "./files.ts";
import { mediaType } from "./media-type.ts";
import { signSlot, readSlot, type Slot } from "./slot.ts";

export interface UploadLimits {
  readonly maxFileBytes: number;
  /** Of all files of one user, and how many they are at most. */
  readonly quotaBytes: number;
  readonly quotaFiles: number;
  /** 0: for ever. */
  readonly keepDays: number;
  /** Slots that one user is given in a minute. */
  readonly slotsPerMinute: number;
}

export interface UploadsOptions {
  readonly files: UploadFiles;
  readonly limits: UploadLimits;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly log: Log;
}

export interface Wanted {
  readonly owner: string;
  readonly name: string;
  readonly size: number;
  readonly type: string | undefined;
}

export type SlotAnswer =
  | { readonly id: string; readonly name: string; readonly token: string }
  | { readonly refused: "too-large" | "quota-bytes" | "quota-files" }
  /** `until`: ms since 1970. */
  | { readonly refused: "too-often"; readonly until: number };

/** How long a slot can be used (XEP-0363 section 8 recommends about 300 s), in ms. */
export const slotMs = 300_000;
const minute = 60_000;
const day = 86_400_000;
/** Between two looks for files that are kept no longer. */
const sweepMs = 3_600_000;

export class Uploads {
  readonly limits: UploadLimits;
  readonly #options: UploadsOptions;
  /** Slots are for minutes, so none need to outlive the process. */
  readonly #key: Uint8Array;
  /** By owner: slots that were given and may still be used, by file. */
  readonly #promised = new Map<string, Map<string, { readonly size: number; readonly givenAt: number }>>();
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: UploadsOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.#key = options.random.bytes(32);
  }

  /** Begins to remove what is kept no longer. */
  start(): void {
    const { clock } = this.#options;
    this.#timer = clock.at(clock.now() + sweepMs, () => void this.sweep().finally(() => this.#isOver || this.start()));
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  slot({ owner, name, size, type }: Wanted): SlotAnswer {
    const { clock, ids, files } = this.#options;
    const { maxFileBytes, quotaBytes, quotaFiles, slotsPerMinute } = this.limits;
    const now = clock.now();
    if (size > maxFileBytes) return { refused: "too-large" };
    const promised = this.#promisedTo(owner, now);
    const recent = [...promised.values()].filter(({ givenAt }) => givenAt > now - minute);
    const oldest = recent[0];
    if (oldest !== undefined && recent.length >= slotsPerMinute) return { refused: "too-often", until: oldest.givenAt + minute };
    const reserved = [...promised].flatMap(([id, slot]) => (files.counts(id) ? [] : [slot.size]));
    const used = files.usedBy(owner);
    const bytes = reserved.reduce((sum, size) => sum + size, used.bytes + size);
    if (bytes > quotaBytes) return { refused: "quota-bytes" };
    if (used.files + reserved.length >= quotaFiles) return { refused: "quota-files" };
    const id = ids.next();
    promised.set(id, { size, givenAt: now });
    this.#promised.set(owner, promised);
    // What a client may say besides would make the address too long.
    const known = type === undefined || type === "" ? undefined : mediaType(type);
    return { id, name, token: signSlot({ id, owner, name, size, type: known, expires: now + slotMs }, this.#key) };
  }

  /** undefined: it is not for this place, of another time, or of an account that was deleted. */
  read(token: string, place: Pick<Slot, "id" | "name">): Slot | undefined {
    const slot = readSlot(token, place, this.#key);
    if (slot === undefined || slot.expires < this.#options.clock.now()) return undefined;
    return this.#promised.get(slot.owner)?.has(slot.id) === true ? slot : undefined;
  }

  /** Rejects with UploadError, or with what `pieces` throws. */
  async put(slot: Slot, type: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const { id, owner, name, size } = slot;
    const { files, clock } = this.#options;
    await files.put({ id, owner, name, size, type, at: clock.now() }, pieces);
  }

  /** undefined: there is none, or none any more. */
  find(id: string, name: string): UploadedFile | undefined {
    const file = this.#options.files.get(id);
    return file === undefined || file.name !== name || this.#isOld(file) ? undefined : file;
  }

  open(file: UploadedFile, start: number, end: number): ReturnType<UploadFiles["read"]> {
    return this.#options.files.read(file, start, end);
  }

  /** Nothing is left of what this user has put here, and what is on its way does not arrive. */
  async forget(owner: string): Promise<void> {
    this.#promised.delete(owner);
    this.#options.files.giveUp(owner);
    await this.#remove((file) => file.owner === owner);
  }

  /** The same for all whom `exists` does not know: accounts that were deleted while no server ran. */
  async forgetStrangers(exists: (owner: string) => Promise<boolean>): Promise<void> {
    const owners = new Set([...this.#options.files.all()].map(({ owner }) => owner));
    for (const owner of owners) if (!(await exists(owner))) await this.forget(owner);
  }

  /** Removes what is kept no longer. */
  async sweep(): Promise<void> {
    await this.#remove((file) => this.#isOld(file));
    const now = this.#options.clock.now();
    for (const owner of this.#promised.keys()) if (this.#promisedTo(owner, now).size === 0) this.#promised.delete(owner);
  }

  #isOld({ at }: UploadedFile): boolean {
    return this.limits.keepDays > 0 && at + this.limits.keepDays * day < this.#options.clock.now();
  }

  async #remove(isGone: (file: UploadedFile) => boolean): Promise<void> {
    const { files, log } = this.#options;
    for (const file of [...files.all()].filter(isGone)) {
      await files.remove(file).catch((err: unknown) => log.error({ err, id: file.id }, "an uploaded file could not be removed; look at the disk"));
    }
  }

  /** Slots that can still be used, or that count for the last minute. */
  #promisedTo(owner: string, now: number): Map<string, { readonly size: number; readonly givenAt: number }> {
    const promised = this.#promised.get(owner) ?? new Map<string, { readonly size: number; readonly givenAt: number }>();
    for (const [id, { givenAt }] of promised) if (givenAt + slotMs < now) promised.delete(id);
    return promised;
  }
}

