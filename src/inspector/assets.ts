/** The files of the built page, in memory, each as it is and compressed. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

export interface Asset {
  readonly type: string;
  /** Its name changes with what it holds, so that it can be kept for ever. */
  readonly hashed: boolean;
  /** As one that accepts these encodings (RFC 9110 section 12.5.3) wants it. */
  encoded(accepted: string | undefined): Promise<Encoded>;
}

export interface Encoded {
  readonly encoding: "br" | "gzip" | undefined;
  readonly bytes: Uint8Array;
}

export interface Page {
  readonly index: Asset;
  /** By their paths below `assets/`. */
  readonly assets: ReadonlyMap<string, Asset>;
}

/** Where the build of this package puts it. */
export function builtPage(): string {
  return join(dirname(createRequire(import.meta.url).resolve("refrain/package.json")), "dist", "page");
}

/** undefined if it was not built. What the folder holds later on is not looked at: only these files are ever served. */
export function readPage(folder: string): Page | undefined {
  const index = join(folder, "index.html");
  if (!existsSync(index)) return undefined;
  const assets = join(folder, "assets");
  const names = existsSync(assets) ? readdirSync(assets).filter((name) => statSync(join(assets, name)).isFile()) : [];
  return {
    index: assetOf(index, false),
    assets: new Map(names.map((name) => [name, assetOf(join(assets, name), true)])),
  };
}

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  json: "application/json",
  png: "image/png",
};

function assetOf(file: string, hashed: boolean): Asset {
  const bytes = readFileSync(file);
  // Compressed when it is first asked for: most starts of a server show the page to nobody.
  const br = once(() => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  const gz = once(() => promisify(gzip)(bytes, { level: 9 }));
  return {
    type: types[file.slice(file.lastIndexOf(".") + 1)] ?? "application/octet-stream",
    hashed,
    async encoded(accepted = "") {
      const encodings = accepted.split(",").map((item) => item.trim().toLowerCase()).filter((item) => !/;\s*q=0(\.0*)?$/.test(item));
      const takes = (name: string) => encodings.some((item) => item.split(";")[0] === name);
      if (takes("br")) return { encoding: "br", bytes: await br() };
      if (takes("gzip")) return { encoding: "gzip", bytes: await gz() };
      return { encoding: undefined, bytes };
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
