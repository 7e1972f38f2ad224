/** Whether this server takes files, and under which address. */
import type { Clock, Ids, Log, Random } from "../ports.ts";
import { UploadFiles } from "./files.ts";
import { cleanName, pathTo } from "./place.ts";
import { Uploads, type SlotAnswer, type UploadLimits, type Wanted } from "./uploads.ts";

export interface UploadSettings extends UploadLimits {
  readonly freeBytesMin: number;
}

/** What the router's extensions see of it. */
export interface UploadSlots {
  readonly maxFileBytes: number;
  /** The addresses to put a file to, and to fetch it from. */
  slot(wanted: Wanted): { readonly put: string; readonly get: string } | Extract<SlotAnswer, { readonly refused: unknown }>;
  /** Nothing is left of what this user has put here. */
  forget(owner: string): Promise<void>;
  forgetStrangers(exists: (owner: string) => Promise<boolean>): Promise<void>;
}

export interface OpenUploads {
  readonly slots: UploadSlots;
  readonly uploads: Uploads;
  /** From now on files are reached under this address, such as `https://example.org:5280`; `host` stands for a user's own. */
  reachedAt(base: (host: string) => string): void;
}

/** Rejects with Node's error if the folder cannot be used. */
export async function openUploads(folder: string, settings: UploadSettings, parts: { readonly clock: Clock; readonly ids: Ids; readonly random: Random; readonly log: Log }): Promise<OpenUploads> {
  const files = new UploadFiles(folder, settings.freeBytesMin);
  await files.open();
  const uploads = new Uploads({ files, limits: settings, ...parts });
  uploads.start();
  let base: (host: string) => string = () => "";
  return {
    uploads,
    reachedAt: (given) => (base = given),
    slots: {
      maxFileBytes: settings.maxFileBytes,
      slot(wanted) {
        const answer = uploads.slot({ ...wanted, name: cleanName(wanted.name) });
        if ("refused" in answer) return answer;
        const host = wanted.owner.slice(wanted.owner.indexOf("@") + 1);
        const get = `${base(host)}${pathTo(answer.id, answer.name)}`;
        return { put: `${get}?slot=${answer.token}`, get };
      },
      forget: (owner) => uploads.forget(owner),
      forgetStrangers: (exists) => uploads.forgetStrangers(exists),
    },
  };
}
