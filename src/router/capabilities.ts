/**
 * What available clients can do, by what they say in their presence (XEP-0115): asked for once for all that say the same, and believed
 * of others only where the hash proves it (section 5.4). Whoever lies is believed of itself alone, and spoils nothing for others.
 */
import { createHash } from "node:crypto";
import { capabilitiesText, isWellFormed, type EntityDescription, type EntityForm, type EntityIdentity } from "../domain/entity-caps.ts";
import { parseJid } from "../domain/jid.ts";
import { capabilitiesMax, capabilityFeaturesMax } from "../domain/limits.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import type { Extension, House } from "./extension.ts";
import type { Requests, ServerAnswer } from "./requests.ts";

const xmlns = "http://jabber.org/protocol/caps";
const info = "http://jabber.org/protocol/disco#info";
const forms = "jabber:x:data";

export interface CapabilitiesOptions {
  readonly requests: Pick<Requests, "ask">;
  /** What is known of a session has changed. */
  readonly learned: (step: Step, session: Session, features: ReadonlySet<string>, before: ReadonlySet<string>) => void;
}

/** Tells the extensions what it learns. */
export function createCapabilities({ extensions, accounts, requests, house }: {
  readonly extensions: readonly Extension[];
  readonly accounts: AccountCache;
  readonly requests: Requests;
  /** Called when it is needed. */
  readonly house: () => House;
}): Capabilities {
  return new Capabilities({
    requests,
    learned: (step, session, features, before) => {
      const account = accounts.read(step, session.jid.bare);
      if (account === undefined) return;
      for (const { featuresLearned } of extensions) featuresLearned?.({ step, session, account, features, before, house: house() });
    },
  });
}

/** What a client says in its presence. `hash` undefined: in the form of before version 1.4, which proves nothing. */
interface Claim {
  readonly node: string;
  readonly ver: string;
  readonly hash: string | undefined;
}

/** Sessions that claim the same, and which of them was asked. */
interface Question {
  readonly claim: Claim;
  readonly waiting: Set<Session>;
}

export class Capabilities {
  readonly #options: CapabilitiesOptions;
  /** By hash and verification string, the latest used last. */
  readonly #proven = new Map<string, ReadonlySet<string>>();
  readonly #questions = new Map<string, Question>();
  readonly #known = new WeakMap<Session, { readonly key: string; readonly features: ReadonlySet<string> }>();
  #unproven = 0;

  constructor(options: CapabilitiesOptions) {
    this.#options = options;
  }

  of(session: Session): ReadonlySet<string> {
    return this.#known.get(session)?.features ?? nothing;
  }

  /** The session is available with this presence, or not any more. */
  presenceChanged(step: Step, session: Session): void {
    const claim = session.available && session.presence !== undefined ? claimOf(session.presence) : undefined;
    if (claim === undefined) return this.#learn(step, session, "", nothing);
    const key = claim.hash === undefined ? "" : `${claim.hash}#${claim.ver}`;
    if (key !== "" && this.#known.get(session)?.key === key) return;
    const proven = this.#proven.get(key);
    if (proven !== undefined) {
      this.#proven.delete(key);
      this.#proven.set(key, proven);
      return this.#learn(step, session, key, proven);
    }
    // What proves nothing is asked of each.
    const questionKey = key === "" ? `of one ${(this.#unproven += 1)}` : key;
    const question = this.#questions.get(questionKey);
    if (question !== undefined) return void question.waiting.add(session);
    this.#questions.set(questionKey, { claim, waiting: new Set([session]) });
    this.#ask(step, questionKey, session);
  }

  #ask(step: Step, key: string, session: Session): void {
    const question = this.#questions.get(key);
    const from = parseJid(session.jid.domain);
    if (question === undefined || from === undefined) return;
    const { node, ver, hash } = question.claim;
    const payload = el("query", { xmlns: info, node: hash === undefined ? undefined : `${node}#${ver}` });
    this.#options.requests.ask(step, { from, to: session.jid, type: "get", payload }, (step, answer) => this.#answered(step, key, session, answer));
  }

  #answered(step: Step, key: string, asked: Session, answer: ServerAnswer): void {
    const question = this.#questions.get(key);
    if (question === undefined) return;
    question.waiting.delete(asked);
    const told = "result" in answer && answer.result?.attrs["xmlns"] === info ? descriptionOf(answer.result) : undefined;
    const features = told === undefined || told.features.length > capabilityFeaturesMax ? nothing : new Set(told.features);
    if (told !== undefined && features !== nothing && isProof(question.claim, told)) {
      this.#questions.delete(key);
      this.#remember(key, features);
      for (const session of [asked, ...question.waiting]) if (claims(session, question.claim)) this.#learn(step, session, key, features);
      return;
    }
    if (claims(asked, question.claim)) this.#learn(step, asked, "", features);
    // The next one may tell the truth.
    const next = [...question.waiting].find((session) => claims(session, question.claim));
    if (next === undefined) this.#questions.delete(key);
    else this.#ask(step, key, next);
  }

  #remember(key: string, features: ReadonlySet<string>): void {
    this.#proven.set(key, features);
    if (this.#proven.size > capabilitiesMax) this.#proven.delete(this.#proven.keys().next().value!);
  }

  #learn(step: Step, session: Session, key: string, features: ReadonlySet<string>): void {
    const before = this.of(session);
    if (features === nothing) this.#known.delete(session);
    else this.#known.set(session, { key, features });
    if (features !== before && session.connected) this.#options.learned(step, session, features, before);
  }
}

const nothing: ReadonlySet<string> = new Set();

function claimOf(presence: Element): Claim | undefined {
  const c = presence.getChild("c", xmlns);
  const [node, ver, hash] = ["node", "ver", "hash"].map((name) => c?.attrs[name] as string | undefined);
  if (node === undefined || ver === undefined || node === "" || ver === "" || node.length + ver.length > claimCharsMax) return undefined;
  return { node, ver, hash: hash === "" ? undefined : hash };
}

/** It is available, and says this still. */
function claims(session: Session, { node, ver, hash }: Claim): boolean {
  const now = session.connected && session.available && session.presence !== undefined ? claimOf(session.presence) : undefined;
  return now !== undefined && now.ver === ver && now.hash === hash && (hash !== undefined || now.node === node);
}

/** XEP-0115 section 5.4: the hash of what was told is the one that was claimed. */
function isProof({ hash, ver }: Claim, told: EntityDescription): boolean {
  const name = hash === undefined ? undefined : hashNames[hash.toLowerCase()];
  return name !== undefined && isWellFormed(told) && createHash(name).update(capabilitiesText(told)).digest("base64") === ver;
}

/** Names of the registry that section 5.1 refers to → those of this platform. */
const hashNames: Readonly<Record<string, string | undefined>> = { "sha-1": "sha1", "sha-224": "sha224", "sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512" };

function descriptionOf(query: Element): EntityDescription {
  return {
    identities: query.getChildren("identity").map(({ attrs }): EntityIdentity => {
      const [lang, name] = [attrs["xml:lang"], attrs["name"]] as (string | undefined)[];
      return {
        category: String(attrs["category"] ?? ""), type: String(attrs["type"] ?? ""),
        ...(lang === undefined ? {} : { lang }), ...(name === undefined ? {} : { name }),
      };
    }),
    features: query.getChildren("feature").map(({ attrs }) => String(attrs["var"] ?? "")),
    forms: query.getChildren("x", forms).map(formOf),
  };
}

function formOf(form: Element): EntityForm {
  return {
    fields: form.getChildren("field").map((field) => {
      const type = field.attrs["type"] as string | undefined;
      return { var: String(field.attrs["var"] ?? ""), ...(type === undefined ? {} : { type }), values: field.getChildren("value").map((value) => value.getText()) };
    }),
  };
}

/** Characters of a node and its verification string. */
const claimCharsMax = 1_000;
