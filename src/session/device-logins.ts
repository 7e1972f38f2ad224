/** What logins have to do with devices and their tokens (XEP-0484): a token that proves who it is, and what follows from a login for the device. */
import { deviceName, settleTokens, usableTokens, type DeviceTokens, type TokenGiven, type TokenOutcome } from "../auth/device-tokens.ts";
import { failure, type SaslFailure, type SaslOutcome } from "../auth/exchange.ts";
import { proveToken, tokenMechanisms, type TokenProof } from "../auth/hashed-token.ts";
import type { StoredCredentials } from "../auth/keys.ts";
import type { Clock, Random } from "../ports.ts";
import type { Link } from "../xml/link.ts";
import type { LoginRequest } from "./login-request.ts";

/** Where tokens are kept. */
export interface TokenKeeping {
  /** How long a token is good; 0: there are none. */
  readonly lifetimeMs: number;
  /** From which the names of devices are made: secret, and the same for ever. */
  readonly deviceKey: Uint8Array;
  read(host: string, username: string): Promise<DeviceTokens>;
  /**
   * Replaces them by what `decide` returns, from what they and the account are at that very moment; undefined leaves them. It may be called
   * more than once.
   */
  change(host: string, username: string, device: string, decide: (tokens: DeviceTokens, account: AccountNow) => DeviceTokens | undefined): Promise<void>;
}

export interface AccountNow {
  readonly credentials: StoredCredentials | undefined;
  readonly disabled: boolean;
}

/** What a login was proven by: the token with this mark, or a password that fits these keys. */
export type Proof = { readonly mark: string } | { readonly credentials: StoredCredentials | undefined };

export interface DeviceLogin {
  readonly outcome: Extract<SaslOutcome, { readonly kind: "success" }>;
  readonly device?: string;
  readonly given?: TokenGiven | undefined;
}

export class DeviceLogins {
  readonly #keeping: TokenKeeping;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(keeping: TokenKeeping, clock: Clock, random: Random) {
    this.#keeping = keeping;
    this.#clock = clock;
    this.#random = random;
  }

  /** On a link over which one may log in, in the order of preference. */
  mechanisms({ secure }: Pick<Link, "secure">): readonly string[] {
    return this.#keeping.lifetimeMs === 0 ? [] : tokenMechanisms(secure);
  }

  async prove(link: Link, host: string, { mechanism, agent }: LoginRequest, message: Uint8Array): Promise<TokenProof> {
    const { deviceKey } = this.#keeping;
    let unfit: string | undefined;
    const lookup = async (username: string) => {
      const known = await this.#keeping.read(host, username);
      if (agent === undefined) return [];
      const device = deviceName(deviceKey, host, username, agent.id);
      const usable = usableTokens(known, device, agent.id, mechanism, this.#clock.now());
      unfit = whyUnfit(known, device, mechanism, usable.length);
      return usable;
    };
    const proof = await proveToken(mechanism, { host, secure: link.secure, lookup }, message);
    return proof.kind === "failure" && proof.condition === "credentials-expired" ? { ...proof, why: unfit ?? proof.why } : proof;
  }

  /** What follows for the device that logs in: its token is used, and it is given another where that is due or asked for. */
  async settle(link: Link, host: string, request: LoginRequest, proof: Proof, outcome: DeviceLogin["outcome"]): Promise<DeviceLogin | SaslFailure> {
    const { agent, token, wantsToken } = request;
    if (agent === undefined) return { outcome };
    const { deviceKey, lifetimeMs } = this.#keeping;
    const { username } = outcome;
    const device = deviceName(deviceKey, host, username, agent.id);
    const wanted = wantsToken !== undefined && this.mechanisms(link).includes(wantsToken) ? wantsToken : undefined;
    const used = "mark" in proof && token !== undefined ? { ...token, mark: proof.mark } : undefined;
    if (wanted === undefined && used === undefined) return { outcome, device };
    const decide = (tokens: DeviceTokens, account: AccountNow): TokenOutcome =>
      holds(proof, account)
        ? settleTokens(tokens, { device, agent, at: this.#clock.now(), used, wanted, lifetimeMs }, this.#random)
        : { kind: "refused", why: "the password was changed, or the account disabled, during the login" };
    const decided: TokenOutcome[] = [];
    try {
      await this.#keeping.change(host, username, device, (tokens, account) => {
        const outcome = decide(tokens, account);
        decided.push(outcome);
        return outcome.kind === "settled" ? outcome.next : undefined;
      });
    } catch (error) {
      return failure("temporary-auth-failure", error instanceof Error ? error.message : String(error), { username });
    }
    const last = decided.at(-1);
    if (last?.kind !== "settled") return failure("credentials-expired", last?.why ?? "there is no such account any more", { username });
    return { outcome, device, given: last.given };
  }
}

/** For the log, where no token fits. A token is sealed with its device's id: with another one nobody can tell whose it is. */
function whyUnfit(tokens: DeviceTokens, device: string, mechanism: string, usable: number): string {
  if (usable > 0) return "the device has another token: this one was replaced, or was used on another connection than it is bound to";
  if (Object.hasOwn(tokens, device)) return `the device has no token for ${mechanism}: it is over, or was made for another mechanism`;
  if (Object.keys(tokens).length === 0) return "no device of this account has a token: they were taken back, or are over";
  return "no device has the user-agent id that the client gave: its token was taken back, or the client gave another id than the token was made for";
}

/** What was a good proof a moment ago is none of who has the account now. Whether a token is good still is looked at with the tokens. */
function holds(proof: Proof, { credentials, disabled }: AccountNow): boolean {
  return !disabled && ("mark" in proof || JSON.stringify(proof.credentials) === JSON.stringify(credentials));
}
