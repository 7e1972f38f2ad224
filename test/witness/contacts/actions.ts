/** What people do in a script, and the bytes that say so. Addresses are the short ones of the story: `romeo/home`, `nobody`. */
import type { AppendixType } from "../../../src/testing/oracle/subscription-tables.ts";

/** `hasty`: in the same write as what the same resource has done before. */
export type Action = Deed & { readonly hasty?: true };

/** `who` is a resource; `to` is any address, undefined where the stanza has none; `id` marks the stanza, and its content. */
type Deed =
  | { readonly do: "login" | "logout"; readonly who: string }
  | { readonly do: "ask roster"; readonly who: string; readonly id: string }
  /** `priority` as it is written; undefined for none. */
  | { readonly do: "available"; readonly who: string; readonly priority: string | undefined; readonly id: string }
  | { readonly do: "unavailable"; readonly who: string; readonly id: string }
  /** The contact is called by the id; `grouped`: and is in a group that is called so. */
  | { readonly do: "list"; readonly who: string; readonly to: string; readonly grouped: boolean; readonly id: string }
  | { readonly do: "remove"; readonly who: string; readonly to: string; readonly id: string }
  | { readonly do: "subscription"; readonly who: string; readonly type: AppendixType; readonly to: string; readonly id: string }
  | { readonly do: "message"; readonly who: string; readonly type: MessageType; readonly to: string | undefined; readonly id: string }
  | { readonly do: "iq"; readonly who: string; readonly type: IqType; readonly to: string | undefined; readonly id: string }
  | { readonly do: "presence"; readonly who: string; readonly type: PresenceType; readonly to: string | undefined; readonly id: string }
  | { readonly do: "mistake"; readonly who: string; readonly mistake: Mistake; readonly to: string; readonly id: string };

/** "" is no type at all; `unheard-of` is read as normal (RFC 6121 section 5.2.2). */
export const messageTypes = ["", "normal", "chat", "groupchat", "headline", "error", "unheard-of"] as const;
export type MessageType = (typeof messageTypes)[number];
export const iqTypes = ["get", "set", "result", "error"] as const;
export type IqType = (typeof iqTypes)[number];
/** With an address, but for a probe and an error, which may have none. */
export const presenceTypes = ["", "unavailable", "error", "probe"] as const;
export type PresenceType = (typeof presenceTypes)[number];

/** What is wrong with it, and what the server says to that. */
interface MistakeRule {
  /** `to`: the address of the story that is picked; `own`: the sender's bare JID. */
  readonly xml: (id: string, to: string, own: string) => string;
  readonly condition: "jid-malformed" | "bad-request" | "not-allowed" | "not-acceptable" | "forbidden" | "item-not-found";
  /** Whose answer it is: of who was written to, or of the own account without an address. Default: without. */
  readonly from?: "to" | "own";
  readonly kind: "message" | "presence" | "iq";
  /** Default: the same. */
  readonly answeredId?: "";
}

const rosterSet = (id: string, items: string, to = ""): string => `<iq type='set' id='${id}'${to}><query xmlns='jabber:iq:roster'>${items}</query></iq>`;
const odd = "<query xmlns='urn:example:unheard-of'/>";

/** By RFC 6120 sections 8.1.1, 8.2.3 and 8.3, RFC 6121 sections 2.1.4, 2.3.3, 2.5.3, 3, 4.7.1 and 4.7.2.3. */
export const mistakes = {
  "a message to no JID": { kind: "message", xml: (id) => `<message id='${id}' to='romeo@@localhost'><body>${id}</body></message>`, condition: "jid-malformed" },
  "presence to no JID": { kind: "presence", xml: (id) => `<presence id='${id}' to='@localhost'/>`, condition: "jid-malformed" },
  "a request to no JID": { kind: "presence", xml: (id) => `<presence type='subscribe' id='${id}' to='romeo@localhost/'/>`, condition: "jid-malformed" },
  "an iq to no JID": { kind: "iq", xml: (id) => `<iq type='get' id='${id}' to='a b@localhost'>${odd}</iq>`, condition: "jid-malformed" },
  "a roster set with two items": { kind: "iq", xml: (id, to) => rosterSet(id, `<item jid='${to}'/><item jid='${to}'/>`), condition: "bad-request" },
  "a roster set with no item": { kind: "iq", xml: (id) => rosterSet(id, ""), condition: "bad-request" },
  "a roster set without a JID": { kind: "iq", xml: (id) => rosterSet(id, "<item name='x'/>"), condition: "bad-request" },
  "a roster set with no JID": { kind: "iq", xml: (id) => rosterSet(id, "<item jid='a@b@c'/>"), condition: "jid-malformed" },
  "a group twice": { kind: "iq", xml: (id, to) => rosterSet(id, `<item jid='${to}'><group>a</group><group>a</group></item>`), condition: "bad-request" },
  "a group without a name": { kind: "iq", xml: (id, to) => rosterSet(id, `<item jid='${to}'><group/></item>`), condition: "not-acceptable" },
  "a name without end": { kind: "iq", xml: (id, to) => rosterSet(id, `<item jid='${to}' name='${"x".repeat(5_000)}'/>`), condition: "not-acceptable" },
  "oneself as a contact": { kind: "iq", xml: (id, _, own) => rosterSet(id, `<item jid='${own}'/>`), condition: "not-allowed" },
  "the removal of who is not listed": { kind: "iq", xml: (id) => rosterSet(id, "<item jid='tybalt@localhost' subscription='remove'/>"), condition: "item-not-found" },
  "a set of another's roster": { kind: "iq", xml: (id, to) => rosterSet(id, `<item jid='${to}'/>`, ` to='${to}'`), condition: "forbidden", from: "to" },
  "a look at another's roster": { kind: "iq", xml: (id, to) => `<iq type='get' id='${id}' to='${to}'><query xmlns='jabber:iq:roster'/></iq>`, condition: "forbidden", from: "to" },
  "a request to oneself": { kind: "presence", xml: (id, _, own) => `<presence type='subscribe' id='${id}' to='${own}'/>`, condition: "not-allowed", from: "own" },
  "an approval of oneself": { kind: "presence", xml: (id, _, own) => `<presence type='subscribed' id='${id}' to='${own}'/>`, condition: "not-allowed", from: "own" },
  "a request to nobody": { kind: "presence", xml: (id) => `<presence type='subscribe' id='${id}'/>`, condition: "bad-request" },
  "a cancellation to nobody": { kind: "presence", xml: (id) => `<presence type='unsubscribed' id='${id}'/>`, condition: "bad-request" },
  "a priority of 128": { kind: "presence", xml: (id) => `<presence id='${id}'><priority>128</priority></presence>`, condition: "bad-request" },
  "a priority of -129": { kind: "presence", xml: (id) => `<presence id='${id}'><priority>-129</priority></presence>`, condition: "bad-request" },
  "a priority that is no number": { kind: "presence", xml: (id) => `<presence id='${id}'><priority>high</priority></presence>`, condition: "bad-request" },
  "two priorities": { kind: "presence", xml: (id) => `<presence id='${id}'><priority>1</priority><priority>1</priority></presence>`, condition: "bad-request" },
  "presence of a type that there is not": { kind: "presence", xml: (id) => `<presence type='available' id='${id}'/>`, condition: "bad-request" },
  "directed presence of such a type": { kind: "presence", xml: (id, to) => `<presence type='subscribing' id='${id}' to='${to}'/>`, condition: "bad-request", from: "to" },
  "an iq of a type that there is not": { kind: "iq", xml: (id, to) => `<iq type='ask' id='${id}' to='${to}'>${odd}</iq>`, condition: "bad-request", from: "to" },
  "an iq without a type": { kind: "iq", xml: (id, to) => `<iq id='${id}' to='${to}'>${odd}</iq>`, condition: "bad-request", from: "to" },
  "an iq without an id": { kind: "iq", xml: (_, to) => `<iq type='get' to='${to}'>${odd}</iq>`, condition: "bad-request", from: "to", answeredId: "" },
  "an iq with two payloads": { kind: "iq", xml: (id, to) => `<iq type='set' id='${id}' to='${to}'>${odd}${odd}</iq>`, condition: "bad-request", from: "to" },
  "an iq that asks nothing": { kind: "iq", xml: (id) => `<iq type='get' id='${id}'/>`, condition: "bad-request" },
} as const satisfies Readonly<Record<string, MistakeRule>>;
export type Mistake = keyof typeof mistakes;
export const mistakeNames = Object.keys(mistakes) as readonly Mistake[];
export const mistakeRule = (mistake: Mistake): MistakeRule => mistakes[mistake];

/** The error that clients send in this story. */
export const sentError = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

/** What the client sends; undefined for logging in and out. Addresses stay the story's. */
export function xmlOf(action: Action): string | undefined {
  switch (action.do) {
    case "login":
    case "logout":
      return undefined;
    case "ask roster":
      return `<iq type='get' id='${action.id}'><query xmlns='jabber:iq:roster'/></iq>`;
    case "available": {
      const priority = action.priority === undefined ? "" : `<priority>${action.priority}</priority>`;
      return `<presence id='${action.id}'><status>${action.id}</status>${priority}</presence>`;
    }
    case "unavailable":
      return `<presence type='unavailable' id='${action.id}'><status>${action.id}</status></presence>`;
    case "list": {
      const group = action.grouped ? `<group>${action.id}</group>` : "";
      return rosterSet(action.id, `<item jid='${action.to}' name='${action.id}'>${group}</item>`);
    }
    case "remove":
      return rosterSet(action.id, `<item jid='${action.to}' subscription='remove'/>`);
    case "subscription":
      return `<presence type='${action.type}' id='${action.id}' to='${action.to}'><status>${action.id}</status></presence>`;
    case "message":
      return stanza("message", action, action.type === "error" ? sentError : `<body>${action.id}</body>`);
    case "iq":
      return stanza("iq", action, action.type === "error" ? sentError : `<query xmlns='urn:example:unheard-of'>${action.id}</query>`);
    case "presence":
      return stanza("presence", action, action.type === "error" ? sentError : `<status>${action.id}</status>`);
    case "mistake":
      return mistakeRule(action.mistake).xml(action.id, action.to, bareOf(action.who));
  }
}

function stanza(kind: string, { type, to, id }: { readonly type: string; readonly to: string | undefined; readonly id: string }, content: string): string {
  return `<${kind}${type === "" ? "" : ` type='${type}'`} id='${id}'${to === undefined ? "" : ` to='${to}'`}>${content}</${kind}>`;
}

/** For people: one line. */
export function showAction(action: Action): string {
  const text = xmlOf(action);
  return `${action.hasty === true ? "  at once, " : ""}${action.who}${text === undefined ? ` ${action.do === "login" ? "logs in" : "logs out"}` : `: ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`}`;
}

/** Without the resource. */
export function bareOf(address: string): string {
  const slash = address.indexOf("/");
  return slash < 0 ? address : address.slice(0, slash);
}

export function resourceOf(address: string): string | undefined {
  const slash = address.indexOf("/");
  return slash < 0 ? undefined : address.slice(slash + 1);
}
