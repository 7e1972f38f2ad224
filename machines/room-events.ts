/** What a room is told of, and what it asks for: closed sets, plain JSON. Who it was stays with whoever tells of it. */

type Told<Type extends string> = { readonly type: Type };

export type RoomEvent =
  /** One more session is in it (XEP-0045 section 7.2). */
  | Told<"occupant.entered">
  /** A session of those that were in it is so no more: by itself, by somebody else, or for it is gone (XEP-0045 sections 7.14, 8.2, 9.1 and 11.1). */
  | Told<"occupant.left">
  /** Its owner has said how it is to be (XEP-0045 sections 10.1 and 10.2). */
  | (Told<"room.configured"> & { readonly persistent: boolean })
  /** Its owner does not want it any more (XEP-0045 section 10.9). */
  | Told<"room.destroyed">;

export type RoomEffect =
  /** Nothing is kept of it, nor of what was said in it: its name is free. */
  | Told<"forget.room">;
