/**
 * A client's way from a new link to a session: TLS, SCRAM, and a resource or an old session (RFC 6120 sections 5 to 7, XEP-0198 section 5).
 * Nothing but what belongs to that may come on it.
 */
import { ScramLogin } from "../../../src/testing/virtual/scram-login.ts";
import { bindRequest, startTls, streamHeader } from "../../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import type { Wire } from "./wire.ts";

const saslNamespace = "urn:ietf:params:xml:ns:xmpp-sasl";
export const managementNamespace = "urn:xmpp:sm:3";

/** Where somebody can say what does not belong there. */
export type Stage = "header" | "login" | "bind";

export interface LoginIntent {
  readonly domain: string;
  /** The localpart. */
  readonly user: string;
  readonly password: string;
  readonly starttls: boolean;
  readonly mechanism: "SCRAM-SHA-1" | "SCRAM-SHA-256";
  /** Binds the login to the channel where that is secure. */
  readonly plus: boolean;
  readonly nonce: string;
  /** null: the server makes one. */
  readonly resource: string | null;
  /** The session that is to be resumed first. */
  readonly resume: { readonly id: string; readonly h: number } | undefined;
  /** What is said in place of what belongs to a stage. */
  readonly misdeed: { readonly stage: Stage; readonly text: string } | undefined;
}

export interface LoginEvents {
  /** A resource is asked for: from now on there may be a session. */
  binding(): void;
  bound(jid: string): void;
  /** RFC 6120 section 7.6: the server refuses to bind. */
  notBound(answer: Xml): void;
  resumed(h: string | undefined): void;
  /** The old session is no more; a resource is bound next. */
  notResumed(h: string | undefined): void;
  notLoggedIn(): void;
  /** Something came that has no place here. */
  unexpected(text: string): void;
}

export class Login {
  readonly #wire: Wire;
  readonly #intent: LoginIntent;
  readonly #events: LoginEvents;
  #scram: ScramLogin | undefined;
  #step: "tls" | "mechanisms" | "proceed" | "challenge" | "success" | "features" | "resuming" | "binding" | "over" = "mechanisms";

  /** Begins at once. */
  constructor(wire: Wire, intent: LoginIntent, events: LoginEvents) {
    this.#wire = wire;
    this.#intent = intent;
    this.#events = events;
    wire.restart(this.#isWrongAt("header") ? intent.misdeed!.text : streamHeader(intent.domain));
  }

  get isOver(): boolean {
    return this.#step === "over";
  }

  secured(): void {
    if (this.#step !== "tls") return;
    this.#step = "mechanisms";
    this.#wire.restart(streamHeader(this.#intent.domain));
  }

  /** An element of the stream; none comes after it was told that it is over. */
  element(element: Xml): void {
    switch (`${this.#step} ${element.name}`) {
      case "mechanisms features":
        return this.#choose();
      case "proceed proceed":
        this.#step = "tls";
        return this.#wire.link.startTls();
      case "challenge challenge":
        return this.#respond(textOf(element));
      case "challenge failure":
      case "success failure":
        this.#step = "over";
        return this.#events.notLoggedIn();
      case "success success":
        return this.#restart(textOf(element));
      case "features features":
        return this.#begin();
      case "resuming resumed":
        return this.#resumed(element);
      case "resuming failed":
        this.#events.notResumed(element.attrs["h"]);
        return this.#bind();
      case "binding iq":
        return this.#bound(element);
      default:
        this.#events.unexpected(showXml(element));
    }
  }

  #choose(): void {
    const { starttls, mechanism, plus, user, password, nonce } = this.#intent;
    const { isSecure, tlsExporter } = this.#wire.link;
    if (starttls && !isSecure) {
      this.#step = "proceed";
      return this.#wire.write(startTls);
    }
    if (this.#isWrongAt("login")) return this.#say();
    const common = { username: user, password, nonce };
    this.#scram = plus && tlsExporter !== undefined
      ? new ScramLogin({ ...common, mechanism: `${mechanism}-PLUS`, channelBinding: { type: "tls-exporter", data: tlsExporter } })
      : new ScramLogin({ ...common, mechanism });
    this.#step = "challenge";
    this.#wire.write(`<auth xmlns='${saslNamespace}' mechanism='${this.#scram.mechanism}'>${this.#scram.initial}</auth>`);
  }

  #respond(challenge: string): void {
    this.#step = "success";
    this.#wire.write(`<response xmlns='${saslNamespace}'>${this.#scram!.respond(challenge)}</response>`);
  }

  #restart(success: string): void {
    if (!this.#scram!.isVerified(success)) return this.#events.unexpected("a server that does not know the password (RFC 5802 section 5)");
    this.#step = "features";
    this.#wire.restart(streamHeader(this.#intent.domain));
  }

  #begin(): void {
    const { resume } = this.#intent;
    if (this.#isWrongAt("bind")) return this.#say();
    if (resume === undefined) return this.#bind();
    this.#step = "resuming";
    this.#wire.write(`<resume xmlns='${managementNamespace}' h='${resume.h}' previd='${resume.id}'/>`);
  }

  #bind(): void {
    this.#step = "binding";
    this.#events.binding();
    this.#wire.write(bindRequest(this.#intent.resource));
  }

  #resumed(element: Xml): void {
    if (element.attrs["previd"] !== this.#intent.resume?.id) return this.#events.unexpected(showXml(element));
    this.#step = "over";
    this.#events.resumed(element.attrs["h"]);
  }

  #bound(answer: Xml): void {
    const jid = textOf(childOf(childOf(answer, "bind"), "jid"));
    if (answer.attrs["id"] !== "bind") return this.#events.unexpected(showXml(answer));
    this.#step = "over";
    if (answer.attrs["type"] === "result" && jid !== "") this.#events.bound(jid);
    else this.#events.notBound(answer);
  }

  #isWrongAt(stage: Stage): boolean {
    return this.#intent.misdeed?.stage === stage;
  }

  /** What comes then is the end of the stream. */
  #say(): void {
    this.#wire.write(this.#intent.misdeed!.text);
  }
}
