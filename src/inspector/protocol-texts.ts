/** What of a stanza is part of the protocol, and no person's words: shown always. What stands in no table here is somebody's. */
import { clientNamespace } from "../xml/stanza.ts";

export const saslNamespace = "urn:ietf:params:xml:ns:xmpp-sasl";
export const streamNamespace = "http://etherx.jabber.org/streams";
export const formNamespace = "jabber:x:data";
const bindNamespace = "urn:ietf:params:xml:ns:xmpp-bind";
const streamErrorNamespace = "urn:ietf:params:xml:ns:xmpp-streams";
const stanzaErrorNamespace = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** An element and those around it. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
  /** undefined at the first level. */
  readonly parent: Place | undefined;
}

/** By namespace, or by namespace and name of the element; apart by spaces. */
const attributes: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    [`${clientNamespace} message`]: "to from id type",
    [`${clientNamespace} presence`]: "to from id type",
    [`${clientNamespace} iq`]: "to from id type",
    [`${clientNamespace} error`]: "type by code",
    "urn:ietf:params:xml:ns:xmpp-framing": "to from id version",
    [saslNamespace]: "mechanism",
    "urn:xmpp:sasl:2": "mechanism",
    "urn:xmpp:sasl-cb:0": "type",
    "urn:xmpp:sm:3": "h id previd max resume location",
    "jabber:iq:roster": "ver jid subscription ask approved",
    "jabber:iq:last": "seconds",
    "jabber:iq:privacy": "type action order",
    "urn:xmpp:blocking": "jid",
    "http://jabber.org/protocol/disco#info": "node category type var",
    "http://jabber.org/protocol/disco#items": "node jid",
    "http://jabber.org/protocol/caps": "node hash ver",
    "urn:xmpp:hashes:2": "algo",
    [formNamespace]: "type var",
    "urn:xmpp:delay": "stamp from",
    "jabber:x:delay": "stamp from",
    "urn:xmpp:idle:1": "since",
    "urn:xmpp:receipts": "id",
    "urn:xmpp:chat-markers:0": "id",
    "urn:xmpp:sid:0": "id by",
    "urn:xmpp:message-correct:0": "id",
    "urn:xmpp:message-retract:1": "id",
    "urn:xmpp:reactions:0": "id",
    "urn:xmpp:reply:0": "id to",
    "urn:xmpp:mam:2": "queryid id complete stable",
    "http://jabber.org/protocol/rsm": "index",
    "http://jabber.org/protocol/muc": "seconds since maxstanzas maxchars",
    "http://jabber.org/protocol/muc#user": "affiliation role jid code to from",
    "http://jabber.org/protocol/muc#admin": "affiliation role jid",
    "http://jabber.org/protocol/muc#owner": "jid",
    "urn:xmpp:occupant-id:0": "id",
    "jabber:x:conference": "jid",
    "storage:bookmarks": "jid autojoin",
    "urn:xmpp:bookmarks:1": "autojoin",
    "http://jabber.org/protocol/pubsub": "node id jid affiliation subscription subid",
    "http://jabber.org/protocol/pubsub#event": "node id jid subscription subid",
    "http://jabber.org/protocol/pubsub#owner": "node jid affiliation subscription",
    "urn:xmpp:push:0": "jid node",
    "urn:xmpp:jingle:1": "action sid initiator responder",
    "urn:xmpp:jingle-message:0": "id",
    "http://jabber.org/protocol/ibb": "sid seq block-size",
    "http://jabber.org/protocol/bytestreams": "sid mode",
    "eu.siacs.conversations.axolotl": "sid",
  }).map(([where, names]) => [where, new Set(names.split(" "))]),
);

/** A language (RFC 6120 section 4.7.4) is shown only where it looks like one. */
export function isProtocolAttribute({ namespace, name }: Place, attribute: string, value: string): boolean {
  if (attribute === "xmlns" || attribute.startsWith("xmlns:")) return true;
  if (attribute === "xml:lang") return /^([a-z\d]{1,8}(-[a-z\d]{1,8}){0,5})?$/i.test(value);
  return (attributes.get(`${namespace} ${name}`) ?? attributes.get(namespace))?.has(attribute) === true;
}

interface TextRule {
  /** What it looks like, white space around it aside. */
  readonly like: RegExp;
  /** Where alone it means that: the elements around it, from the first level on. */
  readonly within?: readonly string[];
}

/** RFC 4422 section 3.1. */
const mechanism: TextRule = { like: /^[A-Z\d_-]{1,20}$/ };
const method: TextRule = { like: /^[a-z\d-]{1,20}$/ };
const number: TextRule = { like: /^\d{1,15}$/ };
const presence = [`${clientNamespace} presence`];
const binding = [`${clientNamespace} iq`, `${bindNamespace} bind`];

const texts: ReadonlyMap<string, TextRule> = new Map<string, TextRule>([
  // RFC 6121 sections 4.7.2.1 and 4.7.2.3.
  [`${clientNamespace} show`, { like: /^(away|chat|dnd|xa)$/, within: presence }],
  [`${clientNamespace} priority`, { like: /^[+-]?\d{1,3}$/, within: presence }],
  // They are part of every address that is shown.
  [`${bindNamespace} resource`, { like: /^[^]{1,1023}$/, within: binding }],
  [`${bindNamespace} jid`, { like: /^[^]{1,3071}$/, within: binding }],
  [`${saslNamespace} mechanism`, mechanism],
  ["urn:xmpp:sasl:2 mechanism", mechanism],
  ["urn:xmpp:fast:0 mechanism", mechanism],
  ["http://jabber.org/features/compress method", method],
  ["http://jabber.org/protocol/compress method", method],
  ["urn:xmpp:stream-limits:0 max-bytes", number],
  ["urn:xmpp:stream-limits:0 idle-seconds", number],
  // XEP-0202 section 2.
  ["urn:xmpp:time tzo", { like: /^(Z|[+-]\d\d:\d\d)$/ }],
  ["urn:xmpp:time utc", { like: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/ }],
]);

export function isProtocolText(place: Place, text: string): boolean {
  const rule = texts.get(keyOf(place));
  if (rule === undefined || !rule.like.test(text.trim())) return false;
  return rule.within === undefined || isWithin(place.parent, rule.within);
}

/** Of the field that names a form: a namespace of the protocol. */
export function isFormType(text: string): boolean {
  return /^(https?:\/\/jabber\.org\/|urn:xmpp:|jabber:)[\w:#./+-]{1,100}$/.test(text.trim());
}

const errorTexts: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  [`${streamErrorNamespace} text`, [[`${streamNamespace} error`]]],
  [`${saslNamespace} text`, [[`${saslNamespace} failure`], ["urn:xmpp:sasl:2 failure"]]],
  [`${stanzaErrorNamespace} text`, [["urn:xmpp:sm:3 failed"], ...["message", "presence", "iq"].map((name) => [`${clientNamespace} ${name}`, `${clientNamespace} error`])]],
]);

/** The text of the error that this stanza, or this stream's end, is: what an error holds beside its error may be anybody's. */
export function isErrorText(place: Place): boolean {
  return errorTexts.get(keyOf(place))?.some((within) => isWithin(place.parent, within)) === true;
}

function keyOf({ namespace, name }: Place): string {
  return `${namespace} ${name}`;
}

/** Whether the elements from the first level to here are these. */
function isWithin(place: Place | undefined, keys: readonly string[]): boolean {
  let at = place;
  for (const key of keys.toReversed()) {
    if (at === undefined || keyOf(at) !== key) return false;
    at = at.parent;
  }
  return at === undefined;
}
