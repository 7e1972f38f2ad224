/** What a browser may be told of a file that somebody has uploaded: nothing that it would run. */

/** RFC 9110 section 8.3.1, without parameters but a charset; anything else is taken for bytes. */
export function mediaType(text: string | undefined): string {
  const plain = text?.trim().toLowerCase() ?? "";
  return /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}(?:; ?charset=[a-z0-9_-]{1,40})?$/.test(plain) ? plain : unknownType;
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
