/** Logging in, as a session needs it: mechanisms for a link, exchanges that answer with events for the machine. */
import type { SessionEvent } from "../../machines/session-events.ts";
import { decodeBase64Strict, encodeBase64 } from "../auth/base64.ts";
import type { StoredCredentials } from "../auth/keys.ts";
import { offeredMechanisms, startExchange, type SaslExchange, type SaslOutcome } from "../auth/mechanism.ts";
import { PasswordChecks } from "../auth/password-checks.ts";
import type { Clock, Log, Random } from "../ports.ts";
import type { Link } from "../xml/link.ts";

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
}

type Answer = Extract<SessionEvent, { type: "sasl.challenged" | "sasl.succeeded" | "sasl.failed" }>;

export class Logins {
  readonly #options: LoginOptions;
  /** Failed logins by reason, since the start. */
  readonly failures = new Map<string, number>();
  readonly #passwordChecks = new PasswordChecks();

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  /** In the order of preference; none without TLS, except on loopback where that is allowed. */
  offered(link: Link): readonly string[] {
    return offeredMechanisms({ secure: link.secure, plaintextAllowed: this.#plaintextAllowed(link) });
  }

  /** One login on a link to `host`. */
  begin(link: Link, host: string, mechanism: string): Login {
    const options = this.#options;
    const exchange = startExchange(mechanism, {
      host,
      secure: link.secure,
      plaintextAllowed: this.#plaintextAllowed(link),
      lookup: (username) => options.lookup(host, username),
      random: options.random,
      fakeSaltKey: options.fakeSaltKey,
      iterations: options.iterations,
      passwordChecks: this.#passwordChecks,
    });
    const missing: Answer = this.offered(link).length === 0
      ? { type: "sasl.failed", at: 0, condition: "encryption-required", text: "use STARTTLS first" }
      : { type: "sasl.failed", at: 0, condition: "invalid-mechanism", text: "that mechanism is not offered here" };
    return new Login(exchange, missing, async (outcome) => this.#answer(link, host, mechanism, await this.#admitted(host, outcome)));
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
    return this.#options.allowPlaintext && link.loopback;
  }

  #answer(link: Link, host: string, mechanism: string, outcome: SaslOutcome): Answer {
    const at = this.#options.clock.now();
    switch (outcome.kind) {
      case "challenge":
        return { type: "sasl.challenged", at, data: encodeBase64(outcome.data) };
      case "success":
        return {
          type: "sasl.succeeded",
          at,
          username: outcome.username,
          // RFC 6120 section 6.4.6: additional data of length zero goes as "=".
          data: outcome.data === undefined ? null : encodeBase64(outcome.data) || "=",
        };
      case "failure":
        this.failures.set(outcome.condition, (this.failures.get(outcome.condition) ?? 0) + 1);
        this.#options.log[outcome.condition === "invalid-mechanism" ? "debug" : "info"](
          { host, username: outcome.username, mechanism, condition: outcome.condition, why: outcome.why, from: link.remoteAddress },
          "login failed",
        );
        return { type: "sasl.failed", at, condition: outcome.condition, text: outcome.text ?? null };
    }
  }
}

export class Login {
  readonly #exchange: SaslExchange | undefined;
  readonly #missing: Answer;
  readonly #answer: (outcome: SaslOutcome) => Promise<Answer>;

  constructor(exchange: SaslExchange | undefined, missing: Answer, answer: (outcome: SaslOutcome) => Promise<Answer>) {
    this.#exchange = exchange;
    this.#missing = missing;
    this.#answer = answer;
  }

  /** `payload` is the text of `<auth/>` or `<response/>`; "" is no data, "=" is data of length zero (RFC 6120 section 6.4.2). */
  async respond(payload: string): Promise<Answer> {
    if (this.#exchange === undefined) return this.#missing;
    if (payload === "") return this.#answer(await this.#exchange.respond(undefined));
    const data = payload === "=" ? new Uint8Array(0) : decodeBase64Strict(payload);
    if (data === undefined) {
      return this.#answer({ kind: "failure", condition: "incorrect-encoding", why: "the payload is not base64" });
    }
    return this.#answer(await this.#exchange.respond(data));
  }
}
