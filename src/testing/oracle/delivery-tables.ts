/**
 * RFC 6121 section 8.5, typed in by hand from its text: what becomes of a stanza for a local user. Where the RFC leaves a choice, the
 * cell says what may be done and what is done here. It imports nothing: whatever else knows these rules can be held against it.
 */

/** What there is at an account. Its resources with priority ≥ 0 count for messages; those are always available ones. */
export const situations = ["no account", "no available resource", "only negative", "one non-negative", "several non-negative"] as const;
export type Situation = (typeof situations)[number];

/** What an address names: the account, a resource that is available or connected, or one that is not there. */
export type AddressForm = "bare" | "full match" | "full no match";

export const stanzaForms = [
  "message normal", "message chat", "message groupchat", "message headline", "message error",
  "presence available", "presence unavailable", "presence error",
  "presence subscribe", "presence subscribed", "presence unsubscribe", "presence unsubscribed", "presence probe",
  "iq get", "iq set", "iq result", "iq error",
] as const;
export type StanzaForm = (typeof stanzaForms)[number];

/** The first six letters are those of RFC 6121 section 8.5.4. */
export type Fate =
  /** Stored offline, for when the user is back. */
  | "O"
  /** Bounced with a stanza error, service-unavailable. */
  | "E"
  /** Silently ignored. */
  | "S"
  /** Delivered to the resource in the 'to' address. */
  | "D"
  /** Delivered to the most available resource or resources: those with the highest priority. */
  | "M"
  /** Delivered to all resources with a priority that is not negative. */
  | "A"
  /** Delivered to all available resources, whatever their priority. */
  | "P"
  /** As D where the user shares presence with the sender, else as E. */
  | "D if shared"
  /** The server replies on behalf of the user. */
  | "R"
  /** As section 3 and appendix A have it, on the bare JID. */
  | "3"
  /** As section 4.3 has it. */
  | "4.3";

export interface DeliveryRule {
  readonly stanza: StanzaForm;
  readonly situation: Situation;
  readonly address: AddressForm;
  /** Of RFC 6121. */
  readonly section: string;
  /** What the RFC lets a server do; empty where it says nothing. */
  readonly allowed: readonly Fate[];
  /** What is done here. */
  readonly fate: Fate;
}

/** `S/E: E`: both are allowed, the second is done. A fate alone: there is no choice. `: P`: the RFC does not say. `S! 3`: S is asked for, 3 done. */
type Cell = Fate | `${Fate}/${Fate}: ${Fate}` | `: ${Fate}` | `${Fate}! ${Fate}`;
type Row<Columns extends readonly StanzaForm[]> = readonly [
  situation: Situation, address: AddressForm, section: string, ...cells: { readonly [Index in keyof Columns]: Cell },
];

const messages = ["message normal", "message chat", "message groupchat", "message headline", "message error"] as const;

/** Table 1 of section 8.5.4; errors from the sections themselves, and never answered (RFC 6120 section 8.3.1). */
const messageRows: readonly Row<typeof messages>[] = [
  ["no account",            "bare",          "8.5.1",       "S/E: E", "S/E: E", "E",      "S",      "S"],
  ["no account",            "full no match", "8.5.1",       "S/E: E", "S/E: E", "S/E: E", "S/E: S", "S"],
  ["no available resource", "bare",          "8.5.2.2.1",   "O/E: O", "O/E: O", "E",      "S",      "S"],
  ["no available resource", "full match",    "8.5.3.1",     "D",      "D",      "D",      "D",      "D"],
  ["no available resource", "full no match", "8.5.3.2.1",   "S/E: E", "O/E: O", "S/E: E", "S/E: E", "S"],
  ["only negative",         "bare",          "8.5.2.1.1",   "O/E: O", "O/E: O", "E",      "S",      "S"],
  ["only negative",         "full match",    "8.5.3.1",     "D",      "D",      "D",      "D",      "D"],
  ["only negative",         "full no match", "8.5.3.2.1",   "S/E: E", "O/E: O", "S/E: E", "S/E: E", "S"],
  ["one non-negative",      "bare",          "8.5.2.1.1",   "M",      "M",      "E",      "A",      "S"],
  ["one non-negative",      "full match",    "8.5.3.1",     "D",      "D",      "D",      "D",      "D"],
  ["one non-negative",      "full no match", "8.5.3.2.1",   "S/E: E", "M",      "S/E: E", "S/E: E", "S"],
  ["several non-negative",  "bare",          "8.5.2.1.1",   "M/A: M", "M/A: M", "E",      "A",      "S"],
  ["several non-negative",  "full match",    "8.5.3.1",     "D",      "D/A: D", "D",      "D",      "D"],
  ["several non-negative",  "full no match", "8.5.3.2.1",   "S/E: E", "M/A: M", "S/E: E", "S/E: E", "S"],
];

const presences = [
  "presence available", "presence unavailable", "presence error",
  "presence subscribe", "presence subscribed", "presence unsubscribe", "presence unsubscribed", "presence probe",
] as const;

/**
 * No section says what becomes of errors: they go where other presence goes. Of a probe that finds nobody, one of two answers is none.
 * Section 8.5.3.2.2 has a server ignore "subscribed", "unsubscribe" and "unsubscribed" to a resource that is not there. Here the sender's
 * own server has made `to` a bare JID before, as section 3.1.2 has it for "subscribe": ignored at one end alone, they would leave two
 * rosters that do not agree.
 */
const presenceRows: readonly Row<typeof presences>[] = [
  ["no account",            "bare",          "8.5.1",       "S", "S", ": S", "S", "S", "S", "S", "S/4.3: S"],
  ["no account",            "full no match", "8.5.1",       "S", "S", ": S", "S", "S", "S", "S", "S/4.3: S"],
  ["no available resource", "bare",          "8.5.2.2.2",   "S", "S", ": S", "3", "3", "3", "3", "4.3"],
  ["no available resource", "full match",    "8.5.3.1",     "D", "D", ": D", "3", "3", "3", "3", "4.3"],
  ["no available resource", "full no match", "8.5.3.2.2",   "S", "S", ": S", "3", "S! 3", "S! 3", "S! 3", "4.3"],
  ["only negative",         "bare",          "8.5.2.1.2",   "P", "P", ": P", "3", "3", "3", "3", "4.3"],
  ["only negative",         "full match",    "8.5.3.1",     "D", "D", ": D", "3", "3", "3", "3", "4.3"],
  ["only negative",         "full no match", "8.5.3.2.2",   "S", "S", ": S", "3", "S! 3", "S! 3", "S! 3", "4.3"],
  ["one non-negative",      "bare",          "8.5.2.1.2",   "P", "P", ": P", "3", "3", "3", "3", "4.3"],
  ["one non-negative",      "full match",    "8.5.3.1",     "D", "D", ": D", "3", "3", "3", "3", "4.3"],
  ["one non-negative",      "full no match", "8.5.3.2.2",   "S", "S", ": S", "3", "S! 3", "S! 3", "S! 3", "4.3"],
  ["several non-negative",  "bare",          "8.5.2.1.2",   "P", "P", ": P", "3", "3", "3", "3", "4.3"],
  ["several non-negative",  "full match",    "8.5.3.1",     "D", "D", ": D", "3", "3", "3", "3", "4.3"],
  ["several non-negative",  "full no match", "8.5.3.2.2",   "S", "S", ": S", "3", "S! 3", "S! 3", "S! 3", "4.3"],
];

const iqs = ["iq get", "iq set", "iq result", "iq error"] as const;

/** Where the RFC says that an iq is replied to it means get and set: a result or an error never is (RFC 6120 sections 8.2.3 and 8.3.1). */
const iqRows: readonly Row<typeof iqs>[] = [
  ["no account",            "bare",          "8.5.1",       "E",           "E",           "S", "S"],
  ["no account",            "full no match", "8.5.1",       "E",           "E",           "S", "S"],
  ["no available resource", "bare",          "8.5.2.2.3",   "R",           "R",           "S", "S"],
  ["no available resource", "full match",    "8.5.3.1",     "D if shared", "D if shared", "D", "D"],
  ["no available resource", "full no match", "8.5.3.2.3",   "E",           "E",           "S", "S"],
  ["only negative",         "bare",          "8.5.2.1.3",   "R",           "R",           "S", "S"],
  ["only negative",         "full match",    "8.5.3.1",     "D if shared", "D if shared", "D", "D"],
  ["only negative",         "full no match", "8.5.3.2.3",   "E",           "E",           "S", "S"],
  ["one non-negative",      "bare",          "8.5.2.1.3",   "R",           "R",           "S", "S"],
  ["one non-negative",      "full match",    "8.5.3.1",     "D if shared", "D if shared", "D", "D"],
  ["one non-negative",      "full no match", "8.5.3.2.3",   "E",           "E",           "S", "S"],
  ["several non-negative",  "bare",          "8.5.2.1.3",   "R",           "R",           "S", "S"],
  ["several non-negative",  "full match",    "8.5.3.1",     "D if shared", "D if shared", "D", "D"],
  ["several non-negative",  "full no match", "8.5.3.2.3",   "E",           "E",           "S", "S"],
];

export const deliveryRules: readonly DeliveryRule[] = [
  ...messageRows.flatMap((row) => rulesOf(messages, row)),
  ...presenceRows.flatMap((row) => rulesOf(presences, row)),
  ...iqRows.flatMap((row) => rulesOf(iqs, row)),
];

/** Throws if there is no such rule: an account that does not exist has no resources that match. */
export function deliveryRule(stanza: StanzaForm, situation: Situation, address: AddressForm): DeliveryRule {
  const rule = deliveryRules.find((rule) => rule.stanza === stanza && rule.situation === situation && rule.address === address);
  if (rule === undefined) throw new Error(`RFC 6121 section 8.5 has no rule for ${stanza}, ${situation}, ${address}`);
  return rule;
}

function rulesOf<Columns extends readonly StanzaForm[]>(columns: Columns, [situation, address, section, ...cells]: Row<Columns>): readonly DeliveryRule[] {
  return columns.map((stanza, index) => {
    const [allowed = "", fate = allowed] = (cells[index] as Cell).split(/[:!] /);
    return { stanza, situation, address, section, allowed: allowed.split("/").filter((fate) => fate !== "") as Fate[], fate: fate as Fate };
  });
}
