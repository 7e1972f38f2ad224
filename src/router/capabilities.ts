/**
 * What available clients can do, by what they say in their presence (XEP-0115): asked for once for all that say the same, and believed
 * of others only where the hash proves it (section 5.4). Whoever lies is believed of itself alone, and spoils nothing for others.
 */
import { createHash } from "node:crypto";
import { capabilitiesText, isWellFormed, serverInfoForm, type EntityDescription, type EntityForm, type EntityIdentity } from "../domain/entity-caps.ts";
import { parseJid } from "../domain/jid.ts";
import { capabilitiesCharsMax, capabilitiesMax, capabilityCharsMax, capabilityFeaturesMax } from "../domain/limits.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { claimOf, descriptionOf, descriptionRequest, type CapabilitiesClaim } from "../xml/entity-caps.ts";
import type { Extension, House } from "./extension.ts";
import { recallWishes, recordWishes } from "./recorded-wishes.ts";
import type { Requests, ServerAnswer } from "./requests.ts";

export interface CapabilitiesOptions {
  readonly requests: Pick<Requests, "ask">;
  /** What is known of a session that is available has changed. */
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
      for (const { name, featuresLearned } of extensions) {
        try {
          featuresLearned?.({ step, session, account, features, before, house: house() });
        } catch (error) {
          // Others wait for the same answer, and it is nobody's fault of them.
          house().log.error({ err: error, extension: name, jid: session.jid.full }, "an extension failed over what a client can do");
        }
      }
    },
  });
}

/** Sessions that claim the same. */
interface Question {
  readonly claim: CapabilitiesClaim;
  /** All of them, those that are asked included. */
  readonly waiting: Set<Session>;
  /** Those that are asked now, each with the way to take that back. */
  readonly asked: Map<Session, () => void>;
  /** How many were asked at once, the last time. */
  turn: number;
}

interface Known {
  /** What was claimed; undefined where no answer came, or none yet since the server started. */
  readonly key: string | undefined;
  readonly features: ReadonlySet<string>;
  /** What was claimed before the server started, of which these features are what was kept. */
  readonly recalled?: string;
}

export class Capabilities {
  readonly #options: CapabilitiesOptions;
  /** By hash and verification string, the latest used last. */
  readonly #proven = new Map<string, ReadonlySet<string>>();
  #provenChars = 0;
  readonly #questions = new Map<string, Question>();
  /** Under which question each session waits: one at a time. */
  readonly #places = new Map<Session, string>();
  readonly #known = new WeakMap<Session, Known>();

  constructor(options: CapabilitiesOptions) {
    this.#options = options;
  }

  /** Of a client that resumes after the server has started again: what was kept of them, until it has said them anew. */
  of(session: Session): ReadonlySet<string> {
    return this.#knownOf(session)?.features ?? nothing;
  }

  #knownOf(session: Session): Known | undefined {
    const known = this.#known.get(session);
    const recalled = known === undefined && session.connected ? recallWishes(session) : undefined;
    if (recalled === undefined) return known;
    const past = { key: undefined, features: recalled.features, recalled: recalled.claim };
    this.#known.set(session, past);
    return past;
  }

  /** The session is available with this presence, or not any more. */
  presenceChanged(step: Step, session: Session): void {
    const claim = session.connected && session.available && session.presence !== undefined ? claimOf(session.presence) : undefined;
    const place = claim === undefined ? undefined : placeOf(claim, session);
    if (place !== undefined && this.#places.get(session) === place) return;
    this.#withdraw(step, session);
    if (claim === undefined || place === undefined) return this.#learn(step, session, undefined, nothing);
    const key = keyOf(claim);
    if (this.#known.get(session)?.key === key) return;
    const proven = this.#recall(key);
    if (proven !== undefined) return this.#learn(step, session, key, proven);
    this.#places.set(session, place);
    const question = this.#questions.get(place);
    if (question !== undefined) return void question.waiting.add(session);
    this.#questions.set(place, { claim, waiting: new Set([session]), asked: new Map(), turn: 1 });
    this.#ask(step, place, session);
  }

  #ask(step: Step, place: string, session: Session): void {
    const question = this.#questions.get(place);
    const from = parseJid(session.jid.domain);
    if (question === undefined || from === undefined) return;
    const { node, ver, hash } = question.claim;
    const payload = descriptionRequest(hash === undefined ? undefined : `${node}#${ver}`);
    const forget = this.#options.requests.ask(step, { from, to: session.jid, type: "get", payload }, (step, answer) => {
      this.#answered(step, place, session, answer);
    });
    question.asked.set(session, forget);
  }

  #answered(step: Step, place: string, session: Session, answer: ServerAnswer): void {
    const question = this.#questions.get(place);
    if (question === undefined) return;
    question.asked.delete(session);
    const { claim, waiting } = question;
    const told = "result" in answer ? descriptionOf(answer.result) : undefined;
    const features = told === undefined || !isBearable(told) ? undefined : new Set(told.features);
    if (told !== undefined && features !== undefined && isProof(claim, told)) {
      this.#end(place, question);
      this.#remember(keyOf(claim), features);
      for (const one of waiting) this.#learn(step, one, keyOf(claim), features);
      return;
    }
    waiting.delete(session);
    this.#places.delete(session);
    // No answer takes nothing from what is known of just this claim since before the server started.
    if (features !== undefined) this.#learn(step, session, keyOf(claim), features);
    else if (this.#knownOf(session)?.recalled !== keyOf(claim)) this.#learn(step, session, undefined, nothing);
    this.#goOn(step, place, question);
  }

  /** It claims something else now, or nothing, or has left: whoever else waits is asked. */
  #withdraw(step: Step, session: Session): void {
    const place = this.#places.get(session);
    const question = place === undefined ? undefined : this.#questions.get(place);
    this.#places.delete(session);
    if (place === undefined || question === undefined) return;
    question.waiting.delete(session);
    const forget = question.asked.get(session);
    question.asked.delete(session);
    forget?.();
    if (forget !== undefined) this.#goOn(step, place, question);
    else if (question.waiting.size === 0) this.#end(place, question);
  }

  /** The next ones may tell the truth: twice as many as before, so that some who do not answer keep nobody waiting for long. */
  #goOn(step: Step, place: string, question: Question): void {
    if (question.asked.size > 0) return;
    const next = [...question.waiting].filter(({ connected }) => connected).slice(0, (question.turn *= 2));
    if (next.length === 0) this.#end(place, question);
    for (const session of next) this.#ask(step, place, session);
  }

  #end(place: string, { waiting, asked }: Question): void {
    this.#questions.delete(place);
    for (const forget of asked.values()) forget();
    for (const session of waiting) this.#places.delete(session);
  }

  #recall(key: string): ReadonlySet<string> | undefined {
    const features = this.#proven.get(key);
    if (features === undefined) return undefined;
    this.#proven.delete(key);
    this.#proven.set(key, features);
    return features;
  }

  #remember(key: string, features: ReadonlySet<string>): void {
    this.#proven.set(key, features);
    this.#provenChars += charsOf(features);
    for (const [oldest, known] of this.#proven) {
      if (this.#proven.size <= capabilitiesMax && this.#provenChars <= capabilitiesCharsMax) return;
      this.#proven.delete(oldest);
      this.#provenChars -= charsOf(known);
    }
  }

  #learn(step: Step, session: Session, key: string | undefined, features: ReadonlySet<string>): void {
    const before = this.of(session);
    this.#known.set(session, { key, features });
    recordWishes(step, session, key ?? "", features);
    if (session.connected && session.available && !areSame(features, before)) this.#options.learned(step, session, features, before);
  }
}

const nothing: ReadonlySet<string> = new Set();

function keyOf({ node, ver, hash }: CapabilitiesClaim): string {
  return hash === undefined ? `${node}#${ver}` : `${hash.toLowerCase()} ${ver}`;
}

/** Where sessions wait together. What nobody can prove is asked of each (section 5.4, rules 1 and 2). */
function placeOf(claim: CapabilitiesClaim, { id }: Session): string {
  return hashOf(claim) === undefined ? `of ${id} alone: ${keyOf(claim)}` : keyOf(claim);
}

/** Section 5.4, rule 3.8: the hash of what was told is the one that was claimed. */
function isProof(claim: CapabilitiesClaim, told: EntityDescription): boolean {
  const name = hashOf(claim);
  return name !== undefined && isWellFormed(told) && isUnambiguous(told) && createHash(name).update(capabilitiesText(told)).digest("base64") === claim.ver;
}

/**
 * Section 9.3: the text that the hash is of does not say what of it is a feature, a part of an identity or of a form. Whoever tells the
 * same text differently is believed of itself alone: an identity has a category and a type, without what separates its parts, and forms
 * are those that clients really have.
 */
function isUnambiguous({ identities, forms = [] }: EntityDescription): boolean {
  const isPlain = ({ category, type, lang = "" }: EntityIdentity): boolean => category !== "" && type !== "" && ![category, type, lang].some((part) => part.includes("/"));
  // Section 5.4, rule 3.6: others are not in the text.
  const typeOf = ({ fields }: EntityForm) => fields.find((field) => field.var === "FORM_TYPE" && field.type === "hidden")?.values[0];
  return identities.every(isPlain) && forms.map(typeOf).every((type) => type === undefined || knownForms.has(type));
}

/** The types of forms that describe software and servers (XEP-0232 and XEP-0157). */
const knownForms: ReadonlySet<string> = new Set(["urn:xmpp:dataforms:softwareinfo", serverInfoForm]);

function hashOf({ hash }: CapabilitiesClaim): string | undefined {
  return hash === undefined ? undefined : hashNames.get(hash.toLowerCase());
}

/** Names of the registry that XEP-0115 section 5.1 refers to → those of this platform. */
const hashNames: ReadonlyMap<string, string> = new Map([
  ["sha-1", "sha1"], ["sha-224", "sha224"], ["sha-256", "sha256"], ["sha-384", "sha384"], ["sha-512", "sha512"],
]);

function isBearable({ features }: EntityDescription): boolean {
  return features.length <= capabilityFeaturesMax && charsOf(features) <= capabilityCharsMax;
}

function charsOf(features: Iterable<string>): number {
  let chars = 0;
  for (const feature of features) chars += feature.length;
  return chars;
}

function areSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const feature of a) if (!b.has(feature)) return false;
  return true;
}
