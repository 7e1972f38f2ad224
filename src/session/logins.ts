/** Logging in, as a session needs it: mechanisms for a link, exchanges that answer with events for the machine. */
import type { SessionEvent } from "../../machines/session-events.ts";
import { decodeBase64Strict, encodeBase64 } from "../auth/base64.ts";
import type { StoredCredentials } from "../auth/keys.ts";
import { offeredMechanisms, startExchange, type SaslExchange, type SaslOutcome } from "../auth/mechanism.ts";
import { PasswordChecks } from "../auth/password-checks.ts";
import type { TokenGiven } from "../auth/device-tokens.ts";
import { failure, type SaslFailure } from "../auth/exchange.ts";
import type { LoginThrottle } from "../auth/login-throttle.ts";
import { isTokenMechanism, tokenExchange } from "../auth/hashed-token.ts";
import { passwordChecksMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock, Log, Random } from "../ports.ts";
import type { Link } from "../xml/link.ts";
import { DeviceLogins, type Proof, type TokenKeeping } from "./device-logins.ts";
import type { LoginRequest } from "./login-request.ts";

export interface LoginOptions {
  readonly lookup: (host: string, username: string) => Promise<StoredCredentials | undefined>;
  /** Asked of who has proven to be the user: nobody else learns it. */
  readonly isDisabled: (host: string, username: string) => Promise<boolean>;
  readonly allowPlaintext: boolean;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes the salts of users that do not exist; the same over restarts, so that they look like users that do. */
  readonly fakeSaltKey: Uint8Array;
  /** PBKDF2 iterations of passwords that are set now. */
  readonly iterations: number;
  readonly refused: CountRefusal;
  /** Told why each login failed. */
  readonly failed: (reason: string) => void;
  readonly throttle: LoginThrottle;
  readonly tokens: TokenKeeping;
}

type Answer = Extract<SessionEvent, { type: "sasl.challenged" | "sasl.succeeded" | "sasl.failed" }>;

/** An exchange, or why there is none. */
type Begun = SaslExchange | Extract<Answer, { type: "sasl.failed" }>;

export class Logins {
  readonly #options: LoginOptions;
  readonly #passwordChecks: PasswordChecks;
  readonly #devices: DeviceLogins;

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#devices = new DeviceLogins(options.tokens, options.clock, options.random);
    this.#passwordChecks = new PasswordChecks(passwordChecksMax, () => options.refused("passwordChecksMax"));
  }

  /** In the order of preference; none without TLS, except on loopback where that is allowed, or where TLS is not to be had within the stream. */
  offered(link: Link): readonly string[] {
    return offeredMechanisms({ secure: link.secure, plaintextAllowed: this.#plaintextAllowed(link) });
  }

  /** Those that take tokens, in the order of preference. */
  tokenMechanisms(link: Link): readonly string[] {
    return this.offered(link).length === 0 ? [] : this.#devices.mechanisms(link);
  }

  /** One login of XEP-0388. `from`: the bare JID that the stream's header claims. */
  beginInline(link: Link, { host, from }: { readonly host: string; readonly from: string | null }, request: LoginRequest): Login {
    let proof: Proof = { credentials: undefined };
    const begun = this.#begunInline(link, host, request, (proven) => (proof = proven));
    const login: Login = new Login(begun, async (outcome) => {
      const admitted = await this.#admitted(host, claimedAs(outcome, host, from));
      const settled = admitted.kind === "success" ? await this.#devices.settle(link, host, request, proof, admitted) : admitted;
      const answer = this.#answer(link, host, request.mechanism, "outcome" in settled ? settled.outcome : settled);
      if (answer.type !== "sasl.succeeded" || !("outcome" in settled)) return answer;
      login.granted = { data: answer.data === "=" ? "" : answer.data, token: settled.given };
      // What goes over the wire is the host's to know.
      return { ...answer, data: null, ...(settled.device === undefined ? {} : { device: settled.device }) };
    });
    return login;
  }

  #begunInline(link: Link, host: string, request: LoginRequest, proven: (proof: Proof) => void): Begun {
    const { mechanism, malformed, token } = request;
    if (malformed !== undefined) return this.#notBegun("malformed-request", malformed);
    if (token === undefined) return this.#exchange(link, host, mechanism, (credentials) => proven({ credentials }));
    if (!this.tokenMechanisms(link).includes(mechanism)) return this.#missing(link);
    return tokenExchange(async (message) => {
      const proof = await this.#devices.prove(link, host, request, message);
      if (proof.kind === "failure") return proof;
      proven(proof);
      return { kind: "success", username: proof.username, data: proof.data };
    });
  }

  /** One login on a link to `host`. */
  begin(link: Link, host: string, mechanism: string): Login {
    return new Login(this.#exchange(link, host, mechanism), async (outcome) => this.#answer(link, host, mechanism, await this.#admitted(host, outcome)));
  }

  /** `found`: told of the keys that the password is held against. */
  #exchange(link: Link, host: string, mechanism: string, found?: (credentials: StoredCredentials | undefined) => void): Begun {
    const options = this.#options;
    const lookup = async (username: string) => {
      const credentials = await options.lookup(host, username);
      found?.(credentials);
      return credentials;
    };
    const exchange = startExchange(mechanism, {
      host,
      secure: link.secure,
      plaintextAllowed: this.#plaintextAllowed(link),
      admit: (username) => this.#throttled(link, host, username),
      lookup,
      random: options.random,
      fakeSaltKey: options.fakeSaltKey,
      iterations: options.iterations,
      passwordChecks: this.#passwordChecks,
    });
    return exchange ?? this.#missing(link);
  }

  /** Tokens are not guessed: those who have one are not asked to wait. */
  async #throttled(link: Link, host: string, username: string): Promise<SaslFailure | undefined> {
    const throttled = await this.#options.throttle.admit(link.remoteAddress, `${username}@${host}`);
    if (throttled === undefined) return undefined;
    const seconds = Math.ceil(throttled.waitMs / 1_000);
    // RFC 6120 section 6.5.11. Which limit it is would tell who guesses how to go around it.
    const text = `Too many wrong passwords came from your address, try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}`;
    return failure("temporary-auth-failure", `too many wrong passwords came from there (${throttled.limit})`, { username, text });
  }

  #missing(link: Link): Begun {
    return this.offered(link).length === 0
      ? this.#notBegun("encryption-required", "use STARTTLS first")
      : this.#notBegun("invalid-mechanism", "that mechanism is not offered here");
  }

  #notBegun(condition: SaslFailure["condition"], text: string): Begun {
    this.#options.failed(condition);
    return { type: "sasl.failed", at: 0, condition, text };
  }

  /** RFC 6120 section 6.5.2. */
  async #admitted(host: string, outcome: SaslOutcome): Promise<SaslOutcome> {
    if (outcome.kind !== "success") return outcome;
    const { username } = outcome;
    try {
      if (!(await this.#options.isDisabled(host, username))) return outcome;
    } catch (error) {
      return { kind: "failure", condition: "temporary-auth-failure", why: error instanceof Error ? error.message : String(error), username };
    }
    return { kind: "failure", condition: "account-disabled", why: "the account is disabled", text: "This account has been disabled; ask who runs the server", username };
  }

  #plaintextAllowed(link: Link): boolean {
    return link.loopback && (this.#options.allowPlaintext || !link.canStartTls);
  }

  #answer(link: Link, host: string, mechanism: string, outcome: SaslOutcome): Answer {
    const at = this.#options.clock.now();
    switch (outcome.kind) {
      case "challenge":
        return { type: "sasl.challenged", at, data: encodeBase64(outcome.data) };
      case "success":
        this.#options.throttle.succeeded(link.remoteAddress, `${outcome.username}@${host}`);
        return {
          type: "sasl.succeeded",
          at,
          username: outcome.username,
          // RFC 6120 section 6.4.6: additional data of length zero goes as "=".
          data: outcome.data === undefined ? null : encodeBase64(outcome.data) || "=",
        };
      case "failure":
        if (outcome.condition === "not-authorized" && outcome.username !== undefined && !isTokenMechanism(mechanism)) {
          this.#options.throttle.failed(link.remoteAddress, `${outcome.username}@${host}`);
        }
        this.#options.failed(outcome.reason ?? outcome.condition);
        this.#options.log[outcome.condition === "invalid-mechanism" ? "debug" : "info"](
          { host, username: outcome.username, mechanism, condition: outcome.condition, why: outcome.why, from: link.remoteAddress },
          "login failed",
        );
        return { type: "sasl.failed", at, condition: outcome.condition, text: outcome.text ?? null };
    }
  }
}

/** XEP-0388 section 2.3: whom the header of the stream claims to be, nobody else logs in as. */
function claimedAs(outcome: SaslOutcome, host: string, from: string | null): SaslOutcome {
  if (outcome.kind !== "success" || from === null || from === `${outcome.username}@${host}`) return outcome;
  return failure("invalid-authzid", `the stream's header claims ${from}`, { username: outcome.username, text: "The stream's header names another account" });
}

export class Login {
  /** What the client is told with its success, where that is not of the machine: secrets. */
  granted: { readonly data: string | null; readonly token: TokenGiven | undefined } | undefined;
  readonly #begun: Begun;
  readonly #answer: (outcome: SaslOutcome) => Promise<Answer>;

  constructor(begun: Begun, answer: (outcome: SaslOutcome) => Promise<Answer>) {
    this.#begun = begun;
    this.#answer = answer;
  }

  /** `payload` is the text of `<auth/>` or `<response/>`; "" is no data, "=" is data of length zero (RFC 6120 section 6.4.2). */
  async respond(payload: string): Promise<Answer> {
    const begun = this.#begun;
    if ("type" in begun) return begun;
    if (payload === "") return this.#answer(await begun.respond(undefined));
    const data = payload === "=" ? new Uint8Array(0) : decodeBase64Strict(payload);
    if (data === undefined) {
      return this.#answer({ kind: "failure", condition: "incorrect-encoding", why: "the payload is not base64" });
    }
    return this.#answer(await begun.respond(data));
  }
}
