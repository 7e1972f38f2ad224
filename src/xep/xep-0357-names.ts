/** The names that its files share. */
export const push = "urn:xmpp:push:0";
export const summary = "urn:xmpp:push:summary";
export const pubsub = "http://jabber.org/protocol/pubsub";
export const publishOptions = "http://jabber.org/protocol/pubsub#publish-options";
