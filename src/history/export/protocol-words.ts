/** What says nothing of people: names and words that the protocols themselves give. Whatever else an export holds is replaced. */
import { saslErrorConditions, stanzaErrorTypes, streamErrorConditions } from "../../domain/errors.ts";

const conditions = [...streamErrorConditions, ...Object.keys(stanzaErrorTypes), ...saslErrorConditions];

/** Of elements and attributes, with the prefix that they have on the wire. */
export const protocolNames: ReadonlySet<string> = new Set([
  ...conditions,
  ..."stream:stream stream:features stream:error message presence iq error text".split(" "),
  ..."starttls proceed failure required mechanisms mechanism auth challenge response success abort bind resource jid session optional".split(" "),
  ..."sasl-channel-binding channel-binding sub ver c limits max-bytes idle-seconds".split(" "),
  ..."sm enable enabled resume resumed failed r a".split(" "),
  ..."body subject thread show status priority query item group ping delay x time tzo utc blocklist block unblock blocked".split(" "),
  ..."active inactive composing paused gone received request sent forwarded private no-copy store no-store no-permanent-store".split(" "),
  ..."identity feature vCard storage fin set first last count result prefs".split(" "),
  ..."to from id type version xmlns xmlns:stream xml:lang subscription ask approved name h previd max location code by stamp seconds".split(" "),
  ..."node hash category var action queryid complete index".split(" "),
]);

export const protocolWords: ReadonlySet<string> = new Set([
  ...conditions,
  ..."normal chat groupchat headline error get set result message presence iq".split(" "),
  ..."available unavailable subscribe subscribed unsubscribe unsubscribed probe none to from both remove".split(" "),
  ..."auth cancel continue modify wait away dnd xa true false".split(" "),
  ..."PLAIN EXTERNAL ANONYMOUS SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS SCRAM-SHA-512 SCRAM-SHA-512-PLUS".split(" "),
  ..."tls-exporter tls-server-end-point TLSv1.2 TLSv1.3 sha-1 sha-256 client account server".split(" "),
  ..."negotiation closing resumption off on resumable".split(" "),
  "http://etherx.jabber.org/streams",
  ..."caps chatstates disco#info disco#items".split(" ").map((name) => `http://jabber.org/protocol/${name}`),
  ..."client server iq:last iq:privacy iq:private iq:roster iq:version iq:auth iq:register x:delay x:oob".split(" ").map((name) => `jabber:${name}`),
  ..."bind sasl session stanzas streams tls".split(" ").map((name) => `urn:ietf:params:xml:ns:xmpp-${name}`),
  ..."blocking blocking:errors delay features:pre-approval features:rosterver hints ping sasl-cb:0 sm:2 sm:3 stream-limits:0 time".split(" ").map((name) => `urn:xmpp:${name}`),
  ..."carbons:2 forward:0 receipts mam:2 csi:0 sid:0 sasl:2 bind:0 fast:0".split(" ").map((name) => `urn:xmpp:${name}`),
]);
