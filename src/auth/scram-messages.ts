/** What a SCRAM client sends, by the grammar of RFC 5802 section 7. */
import { decodeBase64Strict } from "./base64.ts";
import { decodeUtf8 } from "./text.ts";

export interface ClientFirst {
  /** The gs2-cbind-flag; `type` is the cb-name after "p=". */
  readonly flag: { readonly kind: "n" | "y" } | { readonly kind: "p"; readonly type: string };
  readonly authzid: string | undefined;
  readonly username: string;
  readonly nonce: string;
  /** As received, with the comma that ends it. */
  readonly gs2Header: string;
  /** client-first-message-bare, as received. */
  readonly bare: string;
}

export interface ClientFinal {
  /** cbind-input. */
  readonly channelBinding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** client-final-message-without-proof, as received. */
  readonly withoutProof: string;
}

/** What of the grammar is broken, in words for the operator. */
export interface Malformed {
  readonly malformed: string;
}

export function parseClientFirst(bytes: Uint8Array): ClientFirst | Malformed {
  const text = messageText(bytes);
  if (text === undefined) return malformed("the first message is not UTF-8, or has a NUL");
  const [flag = "", authzid, ...bare] = text.split(",");
  const [named = "", nonced = "", ...extensions] = bare;

  // The flag says how to read the rest: a client may only mean SCRAM by n, y or p (RFC 5802 section 5).
  const [, letter, type] = /^(?:([ny])|p=([A-Za-z0-9.-]+))$/.exec(flag) ?? [];
  if (letter === undefined && type === undefined) return malformed("the first message begins with none of n, y, p=");
  const actAs = authzid === "" ? undefined : saslname("a=", authzid);
  if (authzid !== "" && actAs === undefined) return malformed("the authorization identity is no a=saslname");

  if (named.startsWith("m=")) return malformed(mandatory);
  const username = saslname("n=", named);
  if (username === undefined) return malformed("the user name is no n=saslname");
  const nonce = /^r=([\x21-\x2b\x2d-\x7e]+)$/.exec(nonced)?.[1];
  if (nonce === undefined) return malformed("the nonce is no r=printable");
  return (
    forbiddenExtension(extensions) ?? {
      flag: type === undefined ? { kind: letter === "y" ? "y" : "n" } : { kind: "p", type },
      authzid: actAs,
      username,
      nonce,
      gs2Header: `${flag},${authzid},`,
      bare: bare.join(","),
    }
  );
}

export function parseClientFinal(bytes: Uint8Array): ClientFinal | Malformed {
  const text = messageText(bytes);
  if (text === undefined) return malformed("the final message is not UTF-8, or has a NUL");
  const attributes = text.split(",");
  const [bound = "", nonced = "", ...extensions] = attributes.slice(0, -1);
  const proved = attributes.at(-1) ?? "";

  if (!bound.startsWith("c=")) return malformed("the final message does not begin with c=");
  const channelBinding = decodeBase64Strict(bound.slice(2));
  if (channelBinding === undefined) return malformed("the channel binding is not base64");
  if (!nonced.startsWith("r=")) return malformed("the final message has no r= after c=");
  if (!proved.startsWith("p=")) return malformed("the final message does not end with p=");
  const proof = decodeBase64Strict(proved.slice(2));
  if (proof === undefined) return malformed("the proof is not base64");
  return (
    forbiddenExtension(extensions) ?? {
      channelBinding,
      nonce: nonced.slice(2),
      proof,
      withoutProof: attributes.slice(0, -1).join(","),
    }
  );
}

function messageText(bytes: Uint8Array): string | undefined {
  const text = decodeUtf8(bytes);
  return text?.includes("\0") ? undefined : text;
}

/** RFC 5802 section 5.1: "," is sent as "=2C" and "=" as "=3D"; any other "=" is a failure. */
function saslname(prefix: "a=" | "n=", attribute: string | undefined): string | undefined {
  if (!attribute?.startsWith(prefix)) return undefined;
  const name = attribute.slice(prefix.length);
  if (name === "" || /=(?!2C|3D)/.test(name)) return undefined;
  return name.replace(/=(2C|3D)/g, (_, code) => (code === "2C" ? "," : "="));
}

/**
 * RFC 5802 section 5.1: unknown attributes are passed over, `m` is a failure; those that have a place of their own are
 * no extensions.
 */
function forbiddenExtension(extensions: readonly string[]): Malformed | undefined {
  if (extensions.some((attribute) => attribute.startsWith("m="))) return malformed(mandatory);
  return extensions.every((attribute) => /^[A-Za-z]=[^]/.test(attribute) && !/^[aceinprsv]=/.test(attribute))
    ? undefined
    : malformed("what follows is no extension, but an attribute out of its place or none at all");
}

const mandatory = "a mandatory extension, m=, which this version of SCRAM does not have";

function malformed(why: string): Malformed {
  return { malformed: why };
}
