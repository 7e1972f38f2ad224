/** What holds where a guard of a machine does, in a sentence with the section behind it: for the diagrams and for the inspector's page. */

export const sessionGuardWords: Readonly<Record<string, string>> = {
  isUnknownHost: "The stream header is addressed to a host that is not served here (RFC 6120 section 4.9.3.6).",
  isUnsupportedVersion: "The stream header names another version of XMPP than 1.x, or none (RFC 6120 section 4.9.3.25).",
  isOtherHost: "The new stream is addressed to another host than the one that the client logged in to (RFC 6120 section 4.9.3.12).",
  claimsOtherAccount: "The new stream's `from` is another account than the one that logged in (RFC 6120 section 4.9.3.9).",
  succeedsAsOther: "The stream's `from`, sent over TLS, is another account than the one that logs in (RFC 6120 section 6.4.6).",
  isSecure: "TLS is established already, and is not negotiated twice (RFC 6120 section 5.4.2.2).",
  hasSaslTriesLeft: "One more login may fail before the stream is closed (RFC 6120 section 6.4.5).",
  isMechanismRefused: "The mechanism is not offered; a few such refusals do not count as failed logins (RFC 6120 section 6.5.7).",
  hasBindTriesLeft: "One more try to bind a resource may fail before the stream is closed (RFC 6120 section 7.7.3).",
  isAllowedStanza: "An extension takes this stanza before a resource is bound; every other one is refused (RFC 6120 section 4.9.3.12).",
  isArmed:
    "The deadline is the one that counts now, not one that was put off or taken back: for the peer's end tag, for instance, or for " +
    "a resumption (RFC 6120 section 4.4, XEP-0198 section 5).",
  isManaged: "Stream management is enabled already, and can be enabled only once (XEP-0198 section 3).",
  isResumable: "Stream management is enabled with resumption, so the session outlives its link (XEP-0198 section 5).",
};

export const subscriptionGuardWords: Readonly<Record<string, string>> = {
  isApproved: "The user has approved the contact's request before there is one (RFC 6121 section 3.4).",
};

export const roomGuardWords: Readonly<Record<string, string>> = {
  isLast: "No other session is in the room (XEP-0045 section 10.1.2).",
  isLastOfTemporary: "No other session is in the room, and it is not to outlive its last occupant (XEP-0045 section 4.2).",
  becomesTemporary: "Its owner has said that it is not to outlive its last occupant, and nobody is in it (XEP-0045 section 4.2).",
};
