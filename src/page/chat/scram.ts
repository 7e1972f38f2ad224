/** The client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677), by the browser's own cryptography. No channel binding: a page cannot see its TLS. */

export interface Scram {
  /** What is said first. */
  readonly first: string;
  /** The answer to what the server says first. Rejects with ScramError. */
  answer(serverFirst: string): Promise<string>;
  /** Whether what the server says last proves that it knows the keys of the password, too; not before `answer`. */
  proves(serverFinal: string): boolean;
}

/** The server does not keep to the mechanism; the message is for people. */
export class ScramError extends Error {
  override readonly name = "ScramError";
}

/** RFC 7677 section 4 asks for as many at least; with more than the most that this server can be set to, a browser would only look dead. */
const iterationsMin = 4_096;
const iterationsMax = 1_000_000;

/** `nonce`: printable, without commas, new each time. */
export function scram(username: string, password: string, nonce: string): Scram {
  const header = "n,,";
  const bare = `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  let signature: string | undefined;
  return {
    first: header + bare,

    async answer(serverFirst) {
      const [, whole, salt, count] = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,8})(?:,|$)/.exec(serverFirst) ?? [];
      if (whole === undefined || salt === undefined) throw new ScramError("the server's challenge is none of SCRAM");
      if (!whole.startsWith(nonce) || whole === nonce) throw new ScramError("the server's challenge is not for this login");
      const iterations = Number(count);
      if (iterations < iterationsMin || iterations > iterationsMax) throw new ScramError(`the server asks for ${iterations} iterations, expected ${iterationsMin}–${iterationsMax}`);
      const withoutProof = `c=${btoa(header)},r=${whole}`;
      const message = bytesOf(`${bare},${serverFirst},${withoutProof}`);
      const salted = await saltedPassword(password, bytesIn(salt), iterations);
      const clientKey = await hmac(salted, bytesOf("Client Key"));
      const storedKey = new Uint8Array(await crypto.subtle.digest("SHA-256", clientKey));
      const clientSignature = await hmac(storedKey, message);
      signature = base64(await hmac(await hmac(salted, bytesOf("Server Key")), message));
      return `${withoutProof},p=${base64(clientKey.map((byte, index) => byte ^ clientSignature[index]!))}`;
    },

    proves: (serverFinal) => signature !== undefined && /^v=([^,]+)/.exec(serverFinal)?.[1] === signature,
  };
}

type Bytes = Uint8Array<ArrayBuffer>;

/** RFC 8265 section 4.2.2, for what this server takes for a password: it refuses those that mean another one in another form. */
async function saltedPassword(password: string, salt: Bytes, iterations: number): Promise<Bytes> {
  const prepared = password.replaceAll(/\p{Zs}/gu, " ").normalize("NFC");
  const key = await crypto.subtle.importKey("raw", bytesOf(prepared), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, 256));
}

async function hmac(key: Bytes, message: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}

function bytesOf(text: string): Bytes {
  return new TextEncoder().encode(text);
}

function bytesIn(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new ScramError("the server's salt is not base64");
  }
}

function base64(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes));
}

/** SASL data of a text (RFC 6120 section 6.4.2). */
export function saslData(text: string): string {
  return base64(bytesOf(text));
}

/** Throws ScramError. */
export function saslText(data: string): string {
  return new TextDecoder().decode(bytesIn(data));
}
