/**
 * What this server implements elsewhere than in extensions: in the session, in its sockets, in logins, in files. Extensions declare
 * theirs themselves; from both the table of specifications is made (`npm run diagrams`).
 */
import type { Specification } from "../router/extension.ts";

export const inCore: readonly Specification[] = [
  {
    id: "RFC 6120",
    title: "XMPP: Core",
    missing: [
      "Streams between servers are not there yet: addresses of other domains get remote-server-not-found.",
      "SASL EXTERNAL is not offered: clients have no certificates to log in with.",
    ],
  },
  { id: "RFC 7622", title: "XMPP: Address Format" },
  { id: "RFC 4616", title: "The PLAIN SASL Mechanism" },
  { id: "RFC 5802", title: "SCRAM SASL and GSS-API Mechanisms", missing: ["It is a SASL mechanism here, and none of GSS-API."] },
  { id: "RFC 7677", title: "SCRAM-SHA-256 and SCRAM-SHA-256-PLUS" },
  {
    id: "RFC 5929",
    title: "Channel Bindings for TLS",
    missing: ["tls-unique is not offered: TLS 1.3 has none, and below it nothing shows that it would be unique (RFC 7627 section 6.1)."],
  },
  { id: "RFC 9266", title: "Channel Bindings for TLS 1.3", missing: ["tls-exporter is offered with TLS 1.3 alone: below it nothing shows that it would be unique (section 4.2)."] },
  // src/xml/data-form.ts.
  { id: "XEP-0004", version: "2.13.2", title: "Data Forms", missing: ["Forms with several items are neither sent nor read: nothing here has a use for them (section 3.4)."] },
  // src/xml/result-set.ts.
  { id: "XEP-0059", version: "1.0", title: "Result Set Management" },
  // src/domain/date-time.ts.
  { id: "XEP-0082", version: "1.1.1", title: "XMPP Date and Time Profiles" },
  // src/xml/delay.ts; stamped where something waits, and taken from those who have no right to it.
  { id: "XEP-0203", version: "2.0", title: "Delayed Delivery" },
  // src/bosh and machines/bosh.ts.
  {
    id: "XEP-0124",
    version: "1.11.2",
    title: "Bidirectional-streams Over Synchronous HTTP (BOSH)",
    missing: [
      "Answers are always text/xml, also where the client asks for another type: a browser would show what it is told is a page (section 7.1).",
      "Bodies are taken and sent without compression (section 7.2).",
      "Requests are not acknowledged by `ack`, and nothing is reported by `report` and `time`; what the client acknowledges is taken account of (section 9).",
      "Of `hold` no more than 1 is granted (section 7.2).",
      "There is no protection by keys: from elsewhere BOSH is taken under TLS alone (section 15).",
      "A session has one stream (section 16).",
      "There are no HTTP errors for clients that name no `ver`: they get the conditions that took their place (section 17.1).",
      "How often a request may come again is not bounded by itself, but by the rate of its connection (section 14.3).",
    ],
  },
  {
    id: "XEP-0206",
    version: "1.4",
    title: "XMPP Over BOSH",
    missing: ["SASL EXTERNAL is not offered (section 5)."],
  },
  // src/discovery/host-meta.ts.
  { id: "XEP-0156", version: "1.4.0", title: "Discovering Alternative XMPP Connection Methods" },
  // src/admin/formats.
  {
    id: "XEP-0227",
    version: "1.1",
    title: "Portable Import/Export Format for XMPP-IM Servers",
    missing: [
      "Of who may do what at a node members and outcasts alone are written and read: it is said which others are left out (section 4.10).",
      "Of privacy lists only what a block list can say is read: there are no privacy lists here (section 4.8).",
      "Files that are split are not put together: another program does it before (section 5).",
    ],
  },
  // Between clients: here such a message is one like others, and kept for who is away; carbons know it.
  { id: "XEP-0249", version: "1.2", title: "Direct MUC Invitations" },
  // src/xml/forwarded.ts.
  { id: "XEP-0297", version: "1.0", title: "Stanza Forwarding" },
  // Each extension that keeps or copies messages obeys its own.
  { id: "XEP-0334", version: "1.0.0", title: "Message Processing Hints" },
  { id: "XEP-0368", version: "1.1.0", title: "SRV records for XMPP over TLS", missing: ["Direct TLS between servers: there are no streams between servers yet."] },
  // src/session/inline-login.ts; extensions add to it (`Extension.inlineBinding`).
  {
    id: "XEP-0386",
    version: "1.1.0",
    title: "Bind 2",
    missing: ["Of the messages that wait for the user only those go that are in the archive, where the client reads them; the others are delivered (section 3.2)."],
  },
  // src/session/login-request.ts.
  {
    id: "XEP-0388",
    version: "1.0.4",
    title: "Extensible SASL Profile",
    missing: [
      "No tasks are offered, so no login is answered with <continue/> (section 2.6.3).",
      "PLAIN is offered, though last and under TLS alone (section 3).",
      "Where the operator lets clients log in without TLS, on a loopback address alone, they can do so by this profile, too (section 3).",
    ],
  },
  { id: "XEP-0453", version: "0.1.2", title: "DOAP usage in XMPP", missing: ["A homepage and a logo: the project has none yet (section 1)."] },
  { id: "XEP-0474", version: "0.5.0", title: "SASL SCRAM Downgrade Protection" },
  // src/auth/hashed-token.ts and device-tokens.ts.
  {
    id: "XEP-0484",
    version: "0.2.0",
    title: "Fast Authentication Streamlining Tokens",
    missing: ["Nothing is taken in TLS 1.3 early data, so `tls-0rtt` is not announced (section 3.1)."],
  },
];
