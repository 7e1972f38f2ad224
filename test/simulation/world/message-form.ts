/** What a message is made of, and by that what may become of it beside its delivery: copies (XEP-0280), archives (XEP-0313), waiting (XEP-0160). */
export type MessageForm =
  | "plain"
  /** Not for other clients, in both ways to say so (XEP-0280 section 9, XEP-0334 section 4). */
  | "private" | "no-copy"
  /** For no archive; the first also not for later. */
  | "no-store" | "no-permanent-store"
  /** How its writer is at it, without words (XEP-0085). */
  | "state";

export const markedForms = ["private", "no-copy", "no-store", "no-permanent-store"] as const satisfies readonly MessageForm[];

const hints = "urn:xmpp:hints";
const states = ["composing", "paused", "active", "inactive", "gone"] as const;

/** `body`: as XML. */
export function contentOf(form: MessageForm, number: number, body: string): string {
  switch (form) {
    case "state":
      return `<${states[number % states.length]} xmlns='http://jabber.org/protocol/chatstates'/>`;
    case "plain":
      return `<body>${body}</body>`;
    case "private":
      return `<body>${body}</body><private xmlns='urn:xmpp:carbons:2'/>`;
    default:
      return `<body>${body}</body><${form} xmlns='${hints}'/>`;
  }
}

export function mayBeCopied(form: MessageForm): boolean {
  return form !== "private" && form !== "no-copy";
}

export function mayBeArchived(form: MessageForm): boolean {
  return form === "plain" || form === "private" || form === "no-copy";
}

/** Whether it waits for a user who is not there. */
export function waits(form: MessageForm): boolean {
  return form !== "state" && form !== "no-store";
}
