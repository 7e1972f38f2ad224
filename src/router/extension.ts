/** What an extension is: one value that declares its specification and what it adds, in terms that know no other extension. */
import type { Jid } from "../domain/jid.ts";
import type { FeatureStage, Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import type { PhaseHandlers } from "./phases.ts";

export interface Extension {
  /** Kebab-case, the noun of its file. */
  readonly name: string;
  readonly specification: Specification;
  /** What service discovery tells of the server (XEP-0030 section 3). */
  readonly serverFeatures?: readonly string[];
  /** What service discovery tells of an account. */
  readonly accountFeatures?: readonly string[];
  readonly iq?: readonly IqHandler[];
  readonly phases?: PhaseHandlers;
  /** A feature of the stream at this stage, if there is one. */
  readonly streamFeature?: (stage: FeatureStage) => Element | undefined;
  /** Whether it takes this stanza before authentication. */
  readonly takesUnauthenticated?: (element: Element) => boolean;
  /** A request that every living client answers. */
  readonly livenessProbe?: (session: Session, house: House) => Element;
}

export interface Specification {
  /** `XEP-0199`, `RFC 6121`. */
  readonly id: string;
  readonly title: string;
  /** The version that was read; RFCs have none. */
  readonly version?: string;
}

export interface IqHandler {
  readonly xmlns: string;
  /** The name of the payload. */
  readonly name: string;
  readonly types: readonly ("get" | "set")[];
  /** Whom it may be addressed to: the server, or an account on whose behalf the server answers. */
  readonly at: readonly ("server" | "account")[];
  /** Answers at once. What it throws closes the session that asked. */
  handle(request: IqRequest): IqReply;
}

export interface IqRequest {
  readonly step: Step;
  readonly iq: Stanza;
  readonly payload: Element;
  /** The session that asked. */
  readonly session: Session;
  readonly house: House;
  readonly target: "server" | "account";
  /** The sender asks its own account. */
  readonly own: boolean;
}

export type IqReply = { readonly result: Element | undefined } | { readonly fault: StanzaFault };

/** What extensions may know of the server. */
export interface House {
  readonly software: { readonly name: string; readonly version: string };
  readonly hosts: readonly string[];
  /** The features of all extensions, sorted. */
  features(of: "server" | "account"): readonly string[];
  /** The full JIDs of an account's available resources. */
  availableResources(bareJid: string): readonly Jid[];
  nextId(): string;
}
