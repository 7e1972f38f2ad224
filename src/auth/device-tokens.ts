/**
 * The tokens of an account's devices (XEP-0484): what is kept of them, and what becomes of them with each login. Two a device at most, the
 * one in use and the one that was given out last (section 5.1).
 *
 * HT mechanisms need the key of a token itself, so no hash of it can take its place as with passwords. What is kept is the hash of the token,
 * which is that key, sealed with the id that the device's client tells with each login (XEP-0388 section 2.3) and that is kept nowhere:
 * whoever reads the store has neither the token nor a key to log in with.
 */
import { createHash, createHmac } from "node:crypto";
import { deviceTextCharsMax, devicesPerAccountMax, tokenRotationMs, tokenUseRecordedMs } from "../domain/limits.ts";
import type { Random } from "../ports.ts";
import { decodeBase64Strict, encodeBase64 } from "./base64.ts";
import { tokenBytes, tokenKey, tokenText, type KnownToken } from "./hashed-token.ts";

/** All of an account, by the names of its devices. Plain JSON. */
export type DeviceTokens = { readonly [device: string]: DeviceEntry };

export type DeviceEntry = {
  /** As the client says; for the user and the operator alone. */
  readonly software: string | null;
  readonly label: string | null;
  /** Of its first token, and of the last use of one that was recorded. Milliseconds since 1970. */
  readonly since: number;
  readonly seenAt: number;
  readonly current: SealedToken | null;
  /** Given out and not used yet. */
  readonly fresh: SealedToken | null;
};

type SealedToken = {
  readonly mechanism: string;
  /** base64. The salt tells tokens apart, too. */
  readonly salt: string;
  readonly sealed: string;
  readonly madeAt: number;
  readonly expiresAt: number;
  /** The highest that a client has counted to; null where none has counted. */
  readonly count: number | null;
};

/** What a client says of itself (XEP-0388 section 2.3). The id is as good as a key: it goes nowhere. */
export interface UserAgent {
  readonly id: string;
  readonly software: string | null;
  readonly label: string | null;
}

/** The name of a device: the same for ever, nobody without `key` can make it of the id, and nobody the id of it. */
export function deviceName(key: Uint8Array, host: string, username: string, id: string): string {
  return createHmac("sha256", key).update(["device", host, username, id].join("\0")).digest("hex").slice(0, 16);
}

/** What a resource has of its device: the same for the same tag, and nothing of the device's name (XEP-0386 section 3.2.1). */
export function resourcePart(device: string, tag: string): string {
  return createHash("sha256").update(["resource", device, tag].join("\0")).digest("base64url").slice(0, 12);
}

/** Those of a device that a mechanism can be used with and that are not over. */
export function usableTokens(tokens: DeviceTokens, device: string, id: string, mechanism: string, at: number): readonly KnownToken[] {
  const { fresh = null, current = null } = Object.hasOwn(tokens, device) ? tokens[device]! : {};
  return [fresh, current].flatMap((token) => {
    // XEP-0484 section 3.4: a token goes with the mechanism that it was asked for.
    if (token === null || token.mechanism !== mechanism || token.expiresAt <= at) return [];
    const key = unseal(token, id);
    return key === undefined ? [] : [{ key, mark: token.salt }];
  });
}

/** A login that is proven, and what it says of tokens. */
export interface TokenUse {
  readonly device: string;
  readonly agent: UserAgent;
  readonly at: number;
  /** The token that it was proven by, if it was one. */
  readonly used?: { readonly mark: string; readonly count: number | null; readonly invalidate: boolean } | undefined;
  /** For which mechanism a token is asked for, which this connection can do. */
  readonly wanted: string | undefined;
  readonly lifetimeMs: number;
}

export interface TokenGiven {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export type TokenOutcome =
  /** `next` undefined: nothing is to be recorded. */
  | { readonly kind: "settled"; readonly next?: DeviceTokens; readonly given?: TokenGiven }
  /** The token is not good any more: used up meanwhile, or its count was. */
  | { readonly kind: "refused"; readonly why: string };

/** What follows from a login, from what is kept at this very moment. */
export function settleTokens(tokens: DeviceTokens, use: TokenUse, random: Random): TokenOutcome {
  const { device, agent, at, used, wanted } = use;
  const before = Object.hasOwn(tokens, device) ? tokens[device]! : undefined;
  let entry = before;
  let due: string | undefined;
  if (used !== undefined) {
    const token = [before?.fresh, before?.current].find((known) => known?.salt === used.mark) ?? undefined;
    if (before === undefined || token === undefined) return { kind: "refused", why: "the token was taken back meanwhile" };
    // XEP-0484 section 3.4: who counts, counts upwards, whether or not it comes early.
    if (used.count !== null && token.count !== null && used.count <= token.count) return { kind: "refused", why: `count ${used.count} has been used` };
    const counted = { ...token, count: used.count ?? token.count };
    // XEP-0484 section 3.5: with its first use all before it are over.
    entry = token === before.fresh ? { ...before, current: counted, fresh: null } : { ...before, current: counted };
    // Section 3.6: the device is logged out, what was given out and is not used included.
    if (used.invalidate) entry = undefined;
    else if (at - token.madeAt >= Math.min(tokenRotationMs, use.lifetimeMs / 2)) due = token.mechanism;
  }
  const mechanism = wanted ?? due;
  const fresh = mechanism === undefined ? undefined : makeToken(mechanism, agent.id, at + use.lifetimeMs, at, random);
  if (fresh !== undefined) {
    entry = { since: at, current: null, ...entry, seenAt: at, software: agent.software, label: agent.label, fresh: fresh.kept };
  }
  const given = fresh === undefined ? {} : { given: fresh.given };
  if (!isWorthRecording(before, entry, at)) return { kind: "settled", ...given };
  const { [device]: _, ...others } = tokens;
  return { kind: "settled", next: kept(entry === undefined ? others : { ...others, [device]: { ...entry, seenAt: at } }, at), ...given };
}

/** Without a device, or without any. */
export function withoutDevice(tokens: DeviceTokens, device: string): DeviceTokens {
  const { [device]: _, ...others } = tokens;
  return others;
}

/** What a client says of itself, as it may be kept and shown. */
export function deviceText(text: string | null): string | null {
  const shown = text?.replace(/[\p{C}\s]+/gu, " ").trim() ?? "";
  return shown === "" ? null : [...shown].slice(0, deviceTextCharsMax).join("");
}

/** A use that changes nothing else is recorded now and then. */
function isWorthRecording(before: DeviceEntry | undefined, after: DeviceEntry | undefined, at: number): boolean {
  if (before === undefined || after === undefined) return before !== after;
  return before.fresh !== after.fresh || before.current?.salt !== after.current?.salt || before.current?.count !== after.current?.count || at - before.seenAt >= tokenUseRecordedMs;
}

/** Without devices whose tokens are all over, nor more than there may be: those that were not seen for longest go. */
function kept(tokens: DeviceTokens, at: number): DeviceTokens {
  const alive = Object.entries(tokens).filter(([, { current, fresh }]) => [current, fresh].some((token) => token !== null && token.expiresAt > at));
  return Object.fromEntries(alive.toSorted(([, one], [, other]) => other.seenAt - one.seenAt).slice(0, devicesPerAccountMax));
}

function makeToken(mechanism: string, id: string, expiresAt: number, madeAt: number, random: Random): { readonly kept: SealedToken; readonly given: TokenGiven } {
  const token = tokenText(random.bytes(tokenBytes));
  const salt = encodeBase64(random.bytes(saltBytes));
  const sealed = encodeBase64(masked(tokenKey(token), salt, id));
  return { kept: { mechanism, salt, sealed, madeAt, expiresAt, count: null }, given: { token, expiresAt } };
}

function unseal({ sealed, salt }: SealedToken, id: string): Uint8Array | undefined {
  const bytes = decodeBase64Strict(sealed);
  return bytes?.length === keyBytes ? masked(bytes, salt, id) : undefined;
}

/** Its own inverse. As long as a salt is used once, nobody learns anything of the key without the id. */
function masked(bytes: Uint8Array, salt: string, id: string): Uint8Array {
  const mask = createHmac("sha256", id).update(`seal of a token\0${salt}`).digest();
  return bytes.map((byte, at) => byte ^ mask[at]!);
}

const saltBytes = 16;
const keyBytes = 32;
