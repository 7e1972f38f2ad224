/** The right to put one file in one place, once, until a certain time: signed, so that nothing need be remembered of it. */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface Slot {
  /** Of the file: where it will be found. Nobody can guess it. */
  readonly id: string;
  /** The bare JID of who asked. */
  readonly owner: string;
  /** As it is shown to who downloads it. */
  readonly name: string;
  /** Bytes, exactly. */
  readonly size: number;
  /** The media type, as `mediaType` has it; undefined where the client named none. */
  readonly type: string | undefined;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** Text for an address: letters, digits, `-`, `_` and a dot. Only who asked for the slot is given it. */
export function signSlot(slot: Slot, key: Uint8Array): string {
  const open = Buffer.from(JSON.stringify([slot.owner, slot.size, slot.type ?? null, slot.expires])).toString("base64url");
  return `${open}.${macOf(open, slot, key)}`;
}

/** `place`: where it is used. undefined: it was not signed here, or not for this place. */
export function readSlot(token: string, place: Pick<Slot, "id" | "name">, key: Uint8Array): Slot | undefined {
  const [open = "", mac = ""] = token.split(".");
  const [expected, given] = [Buffer.from(macOf(open, place, key)), Buffer.from(mac)];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  // What is signed was made here.
  const [owner, size, type, expires] = JSON.parse(Buffer.from(open, "base64url").toString()) as [string, number, string | null, number];
  return { ...place, owner, size, type: type ?? undefined, expires };
}

function macOf(open: string, { id, name }: Pick<Slot, "id" | "name">, key: Uint8Array): string {
  return createHmac("sha256", key).update(JSON.stringify([open, id, name])).digest("base64url");
}
