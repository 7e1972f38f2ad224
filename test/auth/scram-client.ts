/** A SCRAM client written from RFC 5802 alone; it shares nothing with src/auth. */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

export type Hash = "sha1" | "sha256";

export interface Client {
  readonly hash: Hash;
  readonly username: string;
  readonly password: string;
  readonly nonce: string;
  /** With its last comma. "n,," unless given. */
  readonly gs2Header?: string;
  readonly channelBinding?: Uint8Array | undefined;
  /** Each "x=value". */
  readonly firstExtensions?: readonly string[];
  readonly finalExtensions?: readonly string[];
}

/** The parts of a final message, so that a test can change one of them before it is joined. */
export interface Final {
  readonly c: string;
  readonly r: string;
  readonly extensions: readonly string[];
  readonly p: string;
}

export function firstMessage(client: Client): string {
  return (client.gs2Header ?? "n,,") + bare(client);
}

export function finalParts(
  client: Client,
  serverFirst: string,
): { readonly final: Final; readonly verifier: string } {
  const r = attribute(serverFirst, "r");
  if (!r.startsWith(client.nonce) || r === client.nonce) throw new Error("the server added nothing to the nonce");
  const salt = Buffer.from(attribute(serverFirst, "s"), "base64");
  const salted = hi(client, salt, Number(attribute(serverFirst, "i")));
  const input = [Buffer.from(client.gs2Header ?? "n,,"), client.channelBinding ?? Buffer.alloc(0)];
  const c = Buffer.concat(input).toString("base64");
  const extensions = client.finalExtensions ?? [];
  const auth = [bare(client), serverFirst, `c=${c}`, `r=${r}`, ...extensions].join(",");
  const mac = (key: Buffer, text: string) => createHmac(client.hash, key).update(text).digest();
  const clientKey = mac(salted, "Client Key");
  const signature = mac(createHash(client.hash).update(clientKey).digest(), auth);
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!));
  return {
    final: { c, r, extensions, p: proof.toString("base64") },
    verifier: mac(mac(salted, "Server Key"), auth).toString("base64"),
  };
}

export function finalMessage(final: Final): string {
  return [`c=${final.c}`, `r=${final.r}`, ...final.extensions, `p=${final.p}`].join(",");
}

export function attribute(message: string, name: string): string {
  const found = message.split(",").find((part) => part.startsWith(`${name}=`));
  if (found === undefined) throw new Error(`no ${name}= in ${message}`);
  return found.slice(2);
}

function bare(client: Client): string {
  const name = client.username.replaceAll("=", "=3D").replaceAll(",", "=2C");
  return [`n=${name}`, `r=${client.nonce}`, ...(client.firstExtensions ?? [])].join(",");
}

const salted = new Map<string, Buffer>();

/** RFC 5802 section 5.1 lets clients keep it. */
function hi(client: Client, salt: Buffer, iterations: number): Buffer {
  const key = JSON.stringify([client.hash, client.password, salt.toString("hex"), iterations]);
  const bytes = client.hash === "sha1" ? 20 : 32;
  const known = salted.get(key) ?? pbkdf2Sync(client.password, salt, iterations, bytes, client.hash);
  salted.set(key, known);
  return known;
}
