/** Where the admin socket of a data folder is. */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** sun_path holds 104 bytes on the BSDs and macOS, 108 on Linux; one of them ends the name. */
const pathBytesMax = 103;

export interface SocketPath {
  readonly path: string;
  /** In a folder where others can write: whoever connects makes sure whose socket it is. */
  readonly shared: boolean;
}

/** The same for every way of writing the same folder. */
export function adminSocketPath(dataDir: string, platform: NodeJS.Platform = process.platform): SocketPath {
  const folder = realPath(dataDir);
  const name = `refrain-${createHash("sha256").update(folder).digest("hex").slice(0, 32)}`;
  if (platform === "win32") return { path: `\\\\.\\pipe\\${name}`, shared: false };
  const path = join(folder, "admin.sock");
  if (Buffer.byteLength(path) <= pathBytesMax) return { path, shared: false };
  return { path: join(tmpdir(), `${name}.sock`), shared: true };
}

function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
}
