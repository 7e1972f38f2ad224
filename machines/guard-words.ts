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
  wantsResumption: "The login asks for a session to be resumed (XEP-0198 section 9.2).",
  wantsBinding: "The login asks for a resource to be bound (XEP-0386 section 3.2).",
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

export const boshGuardWords: Readonly<Record<string, string>> = {
  isTooOften: "It came before, or announces a pause, and so many of these came lately that no more are answered (XEP-0124 section 14.3).",
  isWaiting: "The same request came before and has not been answered yet (XEP-0124 section 14.3).",
  isAnswered: "The same request came before and has been answered, and the answer is kept (XEP-0124 section 14.3).",
  isOutsideWindow: "Its rid is larger than any that the client may use now, or belongs to an answer that is not kept any more (XEP-0124 section 14.2).",
  isEarly: "It came before its turn: another one with a lower rid is still on its way (XEP-0124 section 14.2).",
  isTooMany: "As many requests wait as the client may have under way (XEP-0124 section 11).",
  isTooSoon: "It says nothing, and came sooner after the last one than was agreed on (XEP-0124 section 11).",
  isTermination: "The client ends the session with it (XEP-0124 section 13).",
  isPause: "The client announces that it will be away (XEP-0124 section 10).",
  isOfNobody: "No request waits that could be answered with it (XEP-0124 section 8).",
  isInactivity: "What has passed is the time that the client may be away (XEP-0124 section 10).",
};
