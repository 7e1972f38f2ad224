/** A secret of the server itself, made at its first start and kept beside the log. */
import { hkdfSync } from "node:crypto";
import { serverStream as stream } from "../domain/facts.ts";
import type { Clock, Ids, Random, Store } from "../ports.ts";

const type = "FakeSaltKeyMade";

/** The key from which accounts that do not exist get their salts: the same for ever, so that they look like accounts that do. */
export async function fakeSaltKey(
  store: Store,
  { clock, ids, random }: { readonly clock: Clock; readonly ids: Ids; readonly random: Random },
): Promise<Uint8Array> {
  const known = await store.secret(stream, type);
  if (typeof known === "string") return Buffer.from(known, "base64");
  const key = random.bytes(32);
  const secret = Buffer.from(key).toString("base64");
  await store.append(stream, "any", [{ type, v: 1, at: clock.now(), step: ids.next(), cause: null, data: {}, secret }]);
  return key;
}

/** A key for another purpose, 16 bytes: whoever learns it, or what is made with the secret itself, learns nothing of the other (RFC 5869). */
export function keyFor(purpose: string, secret: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "", purpose, 16));
}
