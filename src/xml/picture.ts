/** Pictures of users, as they stand in vCards (XEP-0054) and in avatars (XEP-0084): base64 in an element. */
import { createHash } from "node:crypto";
import { vcardNamespace } from "../domain/kept-xml.ts";
import type { Element } from "./element.ts";
import { el } from "./stanza.ts";

export interface Picture {
  /** Its media type, as who published it says. */
  readonly type: string;
  /** Its bytes: RFC 4648 section 4, in one line. */
  readonly base64: string;
  /** How many bytes those are; at least one. */
  readonly bytes: number;
  /** SHA-1 of them in lower-case hexadecimal (XEP-0084 section 4.2.1, XEP-0153 section 3.1). */
  readonly hash: string;
}

/** undefined: the text is no base64, or there is nothing in it. White space is passed over (XEP-0084 section 4.1, XEP-0153 section 4.6). */
export function readPicture(text: string, type: string): Picture | undefined {
  const base64 = text.replaceAll(/[ \t\r\n]/g, "");
  const bytes = Buffer.from(base64, "base64");
  // Node reads much that is not base64; what it reads as written is what it writes back the same.
  if (bytes.length === 0 || bytes.toString("base64") !== base64) return undefined;
  return { type: isMediaType(type) ? type.toLowerCase() : typeOf(bytes), base64, bytes: bytes.length, hash: createHash("sha1").update(bytes).digest("hex") };
}

/** What the picture of a vCard is: none at all, one that is not in it or cannot be read, or this one. */
export function photoOf(card: Element): Picture | "none" | "other" {
  const photo = photosOf(card)[0];
  const text = childText(photo, "BINVAL");
  if (photo === undefined || (text.trim() === "" && childText(photo, "EXTVAL").trim() === "")) return "none";
  return readPicture(text, childText(photo, "TYPE").trim()) ?? "other";
}

/** All that can be read, where there are several of the same (XEP-0486 section 5.1). */
export function picturesOf(card: Element): readonly Picture[] {
  return photosOf(card).flatMap((photo) => readPicture(childText(photo, "BINVAL"), childText(photo, "TYPE").trim()) ?? []);
}

/**
 * The vCard with another picture where its own stands, or as the last element where it has none. null: with the place for one, and
 * undefined: without any.
 */
export function withPhoto(card: Element, picture: Picture | null | undefined): Element {
  const photos = photosOf(card);
  const photo = picture === undefined ? [] : [picture === null ? el("PHOTO") : photoElement(picture)];
  const copy = el(card.name, card.attrs as Readonly<Record<string, string>>);
  copy.children = card.children.flatMap((child) => {
    if (typeof child === "string" || !photos.includes(child)) return [child];
    return child === photos[0] ? photo : [];
  });
  if (photos.length === 0) copy.children.push(...photo);
  return copy;
}

/** XEP-0153 section 4.5. */
function photoElement({ type, base64 }: Picture): Element {
  return el("PHOTO", {}, el("TYPE", {}, type), el("BINVAL", {}, base64));
}

function photosOf(card: Element): readonly Element[] {
  return card.getChildren("PHOTO", vcardNamespace);
}

function childText(photo: Element | undefined, name: string): string {
  return photo?.getChild(name, vcardNamespace)?.getText() ?? "";
}

/** XEP-0084 section 4.2.1: a type of images or videos. */
function isMediaType(type: string): boolean {
  return /^(?:image|video)\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i.test(type);
}

/** By its first bytes. What is none of these counts as what every client can show (XEP-0084 section 4.1). */
function typeOf(bytes: Buffer): string {
  const start = bytes.toString("latin1", 0, 12);
  if (start.startsWith("\xFF\xD8\xFF")) return "image/jpeg";
  if (start.startsWith("GIF8")) return "image/gif";
  return /^RIFF[^]{4}WEBP/.test(start) ? "image/webp" : "image/png";
}
