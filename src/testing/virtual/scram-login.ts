/** A client's side of SCRAM (RFC 5802 section 3), at once and always the same: for clients in virtual time. It shares nothing with `auth/`. */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

export type ScramMechanism = "SCRAM-SHA-1" | "SCRAM-SHA-256" | "SCRAM-SHA-1-PLUS" | "SCRAM-SHA-256-PLUS";

export interface ScramLoginOptions {
  readonly mechanism: ScramMechanism;
  /** The localpart. */
  readonly username: string;
  readonly password: string;
  /** Printable ASCII without commas: another one for each login. */
  readonly nonce: string;
  /** For -PLUS: `tls-exporter` or `tls-server-end-point`, with its bytes (RFC 5802 section 6). */
  readonly channelBinding?: { readonly type: string; readonly data: Uint8Array };
}

export class ScramLogin {
  readonly mechanism: ScramMechanism;
  readonly #options: ScramLoginOptions;
  readonly #hash: "sha1" | "sha256";
  #verifier: string | undefined;

  constructor(options: ScramLoginOptions) {
    this.mechanism = options.mechanism;
    this.#options = options;
    this.#hash = options.mechanism.startsWith("SCRAM-SHA-256") ? "sha256" : "sha1";
    if (options.mechanism.endsWith("-PLUS") !== (options.channelBinding !== undefined)) {
      throw new Error(`${options.mechanism}: a channel binding goes with -PLUS, and only with it`);
    }
  }

  /** What goes into `<auth/>`, base64. */
  get initial(): string {
    return encode(this.#gs2Header + this.#bare);
  }

  /** What goes into `<response/>`, base64. Throws if the challenge is none, or no answer to this nonce. */
  respond(challenge: string): string {
    const serverFirst = decode(challenge);
    const { password, nonce, channelBinding } = this.#options;
    const r = attribute(serverFirst, "r");
    if (!r.startsWith(nonce) || r === nonce) throw new Error(`SCRAM: the server's nonce does not begin with this one's: ${serverFirst}`);
    const salted = saltedPassword(this.#hash, password, attribute(serverFirst, "s"), Number(attribute(serverFirst, "i")));
    const binding = Buffer.concat([Buffer.from(this.#gs2Header), channelBinding?.data ?? new Uint8Array(0)]).toString("base64");
    const withoutProof = `c=${binding},r=${r}`;
    const text = `${this.#bare},${serverFirst},${withoutProof}`;
    const clientKey = this.#mac(salted, "Client Key");
    const signature = this.#mac(createHash(this.#hash).update(clientKey).digest(), text);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!));
    this.#verifier = this.#mac(this.#mac(salted, "Server Key"), text).toString("base64");
    return encode(`${withoutProof},p=${proof.toString("base64")}`);
  }

  /** Whether what came with `<success/>` shows that the server knows the password's keys. */
  isVerified(success: string): boolean {
    return this.#verifier !== undefined && decode(success) === `v=${this.#verifier}`;
  }

  get #gs2Header(): string {
    const { channelBinding } = this.#options;
    return channelBinding === undefined ? "n,," : `p=${channelBinding.type},,`;
  }

  /** RFC 5802 section 5.1: "," and "=" in names are written in another way. */
  get #bare(): string {
    const { username, nonce } = this.#options;
    return `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  }

  #mac(key: Uint8Array, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}

function attribute(message: string, name: string): string {
  const found = message.split(",").find((part) => part.startsWith(`${name}=`));
  if (found === undefined) throw new Error(`SCRAM: the server sent no ${name}=: ${message}`);
  return found.slice(2);
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

/** RFC 5802 section 5.1 lets clients keep it: it is nearly all of the work. */
const known = new Map<string, Buffer>();
const knownMax = 1_000;

function saltedPassword(hash: "sha1" | "sha256", password: string, salt: string, iterations: number): Buffer {
  const key = JSON.stringify([hash, password, salt, iterations]);
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = pbkdf2Sync(password, Buffer.from(salt, "base64"), iterations, hash === "sha1" ? 20 : 32, hash);
  if (known.size >= knownMax) known.clear();
  known.set(key, made);
  return made;
}
