/** The namespaces of group chat (XEP-0045 section 16.1). */
export const muc = "http://jabber.org/protocol/muc";
export const mucUser = `${muc}#user`;
export const mucAdmin = `${muc}#admin`;
export const mucOwner = `${muc}#owner`;
export const occupantIds = "urn:xmpp:occupant-id:0";
