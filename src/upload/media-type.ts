/** What a browser may be told of a file that somebody has uploaded: nothing that it would run. */

/** RFC 9110 section 8.3.1, without parameters but a charset; what is none is taken for bytes. */
export function mediaType(text: string | undefined): string {
  const given = text?.trim().toLowerCase() ?? "";
  const parts = given.length > typeCharsMax ? null : typeWithParameters.exec(given);
  if (parts === null) return unknownType;
  const charset = /; *charset="?([a-z0-9_-]{1,40})"?(?: *;|$)/.exec(given)?.[1];
  return charset === undefined ? parts[1]! : `${parts[1]}; charset=${charset}`;
}

/** A type without its parameters. */
export function withoutParameters(type: string): string {
  return type.split(";", 1)[0]!;
}

/** Characters of a type with all its parameters. */
const typeCharsMax = 256;
/** After a semicolon spaces count only where a parameter follows: the next semicolon has its own. So there is one way to read anything. */
const typeWithParameters = /^([a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64})(?: *;(?: *[a-z0-9!#$&^_.+*'-]+=(?:[a-z0-9!#$&^_.+*'-]+|"[\u0020\u0021\u0023-\u005B\u005D-\u007E]*"))?)*$/;

/**
 * What is told of the type when the file is fetched. That a page is sandboxed and saved, not shown, keeps no other page from taking a
 * script or a style from here, and pages of this very server trust what comes from it.
 */
export function toldType(type: string): string {
  return /^(?:text|application)\/(?:x-)?(?:java|ecma|live|j)script|^text\/css/.test(type) ? unknownType : type;
}

export const unknownType = "application/octet-stream";

/** Whether it may be shown where it is opened: pictures that cannot hold scripts, sound and moving pictures. */
export function isShown(type: string): boolean {
  return shownTypes.has(type) || (/^(?:audio|video)\/[a-z0-9.+-]+$/.test(type) && !type.includes("xml"));
}

const shownTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);

/** As RFC 6266 wants it; the name in ASCII for old clients, and as it is (RFC 8187). */
export function disposition(kind: "inline" | "attachment", name: string): string {
  const plain = name.replaceAll(/[^\u0020-\u007E]|["\\%]/g, "_");
  const whole = encodeURIComponent(name).replaceAll(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${kind}; filename="${plain}"; filename*=UTF-8''${whole}`;
}
