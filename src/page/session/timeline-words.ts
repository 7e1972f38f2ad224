/** What the kinds of rows and of entries are called. */
import type { Entry, TimelineRow } from "../model/contract.ts";

export const groupNames: Readonly<Record<TimelineRow["group"], string>> = {
  stream: "stream",
  tls: "TLS",
  sasl: "login",
  bind: "bind",
  iq: "iq",
  message: "message",
  presence: "presence",
  management: "acks",
  state: "state",
  link: "link",
  end: "end",
  other: "other",
};

export const fromNames: Readonly<Record<TimelineRow["from"], string>> = {
  client: "from the client",
  server: "to the client",
  self: "within the server",
  waits: "waits for the client",
};

export const fromArrows: Readonly<Record<TimelineRow["from"], string>> = { client: "→", server: "←", self: "•", waits: "◷" };

/** The name of a state without that of its parent: `available+interested+attached`. */
export function shortState(state: string): string {
  return state.replace(/^[^.+]*\./, "");
}

/** What of a state is new: of `available+interested+attached` after `unavailable+interested+attached` it is `available`. */
export function newState(state: string, before: string | undefined): string {
  const short = shortState(state);
  if (before === undefined) return short;
  const known = new Set(shortState(before).split("+"));
  const parts = short.split("+").filter((part) => !known.has(part));
  return parts.length === 0 ? short : parts.join("+");
}

/** The state before each row that changed it, by the row's key. */
export function statesBefore(rows: readonly TimelineRow[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let before: string | undefined;
  for (const { key, state } of rows) {
    if (state === null) continue;
    if (before !== undefined) found.set(key, before);
    before = state;
  }
  return found;
}

export function entryTitle({ what }: Entry): string {
  switch (what.kind) {
    case "begun":
      return "the recording begins here, with the state whole";
    case "told":
      return "the machine was told";
    case "fact":
      return "recorded";
    case "wire":
      return what.direction === "in" ? "from the client" : "to the client";
    case "touched":
      return "delivered to another session";
    case "closed":
      return "nothing follows";
  }
}
