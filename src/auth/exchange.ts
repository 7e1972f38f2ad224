/** A SASL exchange as a chain of steps, whatever the mechanism (RFC 4422 section 5, RFC 6120 section 6). */
import type { SaslErrorCondition } from "../domain/errors.ts";
import type { Random, SecureLink } from "../ports.ts";
import type { StoredCredentials } from "./keys.ts";
import type { PasswordChecks } from "./password-checks.ts";

export interface SaslContext {
  /** The host that the stream is to, prepared. */
  readonly host: string;
  readonly secure: SecureLink | null;
  /** Offers mechanisms without TLS: for measurements on loopback. */
  readonly plaintextAllowed: boolean;
  /** Asked, by prepared localpart, before anything is done for whom the peer claims to be, whether there is such an account or not. A failure ends the exchange. */
  readonly admit?: (username: string) => Promise<SaslFailure | undefined>;
  /** By prepared localpart. undefined: no such account, or none that may log in with a password. */
  readonly lookup: (username: string) => Promise<StoredCredentials | undefined>;
  readonly random: Random;
  /** Secret and lasting: accounts that do not exist get their salts from it. At least 16 bytes. */
  readonly fakeSaltKey: Uint8Array;
  /** What new accounts here are given, so that accounts that do not exist look like them. 4096 if absent. */
  readonly iterations?: number;
  /** Bounds the passwords of PLAIN that are checked at the same time, over all streams of the server. No bound if absent. */
  readonly passwordChecks?: PasswordChecks;
}

export type SaslFailure = {
  readonly kind: "failure";
  readonly condition: SaslErrorCondition;
  /** English, for the person at the other end. */
  readonly text?: string;
  /** For the operator's log: never a secret, never told to the peer. */
  readonly why: string;
  /** What operators count it by, where the condition does not tell it from a wrong password. */
  readonly reason?: "channel-binding";
  /** Whom the peer claimed to be, prepared. */
  readonly username?: string;
};

export type SaslOutcome =
  | { readonly kind: "challenge"; readonly data: Uint8Array }
  /** `data`: additional data with success (RFC 6120 section 6.3.10). */
  | { readonly kind: "success"; readonly username: string; readonly data?: Uint8Array }
  | SaslFailure;

export interface SaslExchange {
  /**
   * undefined: `<auth/>` without initial response; no bytes: "=" (RFC 6120 section 6.4.2). Never rejects.
   * Not to be called again before it resolves, nor after success or failure: that fails with malformed-request.
   */
  respond(response: Uint8Array | undefined): Promise<SaslOutcome>;
}

/** What a step answers; only a challenge has a step after it. */
export type Turn = { readonly outcome: SaslOutcome; readonly next?: Step };
export type Step = (response: Uint8Array) => Turn | Promise<Turn>;

/** The exchange of a client-first mechanism (RFC 4422 section 5), which begins with `first`. */
export function clientFirstExchange(first: Step): SaslExchange {
  let begun = false;
  let next: Step | undefined = first;
  return {
    async respond(response) {
      if (!begun && response === undefined) {
        begun = true;
        // RFC 4422 section 5, item 2a: an empty challenge asks for what the client did not send at once.
        return { kind: "challenge", data: new Uint8Array() };
      }
      begun = true;
      const step = next;
      next = undefined;
      if (step === undefined) return failure("malformed-request", "a response when none was awaited");
      try {
        const turn = await step(response ?? new Uint8Array());
        next = turn.next;
        return turn.outcome;
      } catch (error) {
        // RFC 6120 section 6.5.11: the account could not be read, and the password may well be right.
        return failure("temporary-auth-failure", error instanceof Error ? error.message : String(error));
      }
    },
  };
}

export function failure(
  condition: SaslErrorCondition,
  why: string,
  more: { readonly text?: string; readonly username?: string; readonly reason?: "channel-binding" } = {},
): SaslFailure {
  return { kind: "failure", condition, why, ...more };
}

/** The end of an exchange. */
export function refuse(...reason: Parameters<typeof failure>): Turn {
  return { outcome: failure(...reason) };
}
