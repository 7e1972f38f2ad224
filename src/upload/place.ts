/** The address of a file: `/upload/ID/NAME`. The name is for people; on the disk there is the id alone. */

/** UTF-8 bytes of a name. */
const nameBytesMax = 255;

/** UTF-16 units of a name that are looked at: its beginning, and its end for the ending. */
const beginningChars = 512;
const endingChars = 16;

/** The last part of what a client calls its file, without what no file's name should have; never empty. */
export function cleanName(text: string): string {
  const last = text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\")) + 1);
  const name = last.length > beginningChars ? last.slice(0, beginningChars - endingChars) + last.slice(-endingChars) : last;
  const clean = name.normalize("NFC").replaceAll(unwanted, "").replaceAll(loneSurrogates, "_").replace(/^[. ]+/, "").replace(/[. ]+$/, "");
  const dot = clean.lastIndexOf(".");
  const ending = dot > 0 && clean.length - dot <= endingChars ? clean.slice(dot) : "";
  let stem = clean.slice(0, clean.length - ending.length);
  while (Buffer.byteLength(stem + ending) > nameBytesMax) stem = stem.slice(0, -1).replace(/[\uD800-\uDBFF]$/, "");
  return stem === "" ? "file" : `${stem}${ending}`;
}

/** Control characters, and those that turn the direction of text: what is shown as `photo.exe.png` should end so. */
const unwanted = /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g;
const loneSurrogates = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

export function pathTo(id: string, name: string): string {
  return `/upload/${id}/${encodeURIComponent(name)}`;
}

/** Of the path that was asked for, percent-encoded. undefined: no such place can be. */
export function pathOf(path: string): { readonly id: string; readonly name: string } | undefined {
  const parts = /^\/upload\/([A-Za-z0-9_-]{22})\/([^/]+)$/.exec(path);
  if (parts === null) return undefined;
  try {
    return { id: parts[1]!, name: decodeURIComponent(parts[2]!) };
  } catch {
    return undefined;
  }
}
