/** The drawn session machine. */
import { packedSession } from "./packed-session.ts";
import type { Picture } from "./picture.ts";
import { unpacked } from "./unpack.ts";

export const sessionPicture: Picture = unpacked(packedSession);
