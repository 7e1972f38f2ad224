/**
 * Who gets a stanza for a local account: RFC 6121 section 8.5 as a table.
 * A row is what is sent, a column what is found at the address; the cell says what becomes of it.
 */

export type DeliveryRow =
  | "message chat"
  | "message normal"
  | "message headline"
  | "message groupchat"
  | "message error"
  | "presence"
  | "iq request"
  | "iq response";

/** What the address names, and what is there. */
export type DeliveryColumn =
  /** No such account (section 8.5.1). */
  | "noAccount"
  /** A bare JID; a resource with priority ≥ 0 (section 8.5.2.1). */
  | "bareSome"
  /** A bare JID; none such (section 8.5.2.2). */
  | "bareNone"
  /** A full JID of a connected resource (section 8.5.3.1). */
  | "fullMatch"
  /** A full JID of nobody (section 8.5.3.2). */
  | "fullNoMatch";

export type DeliveryCell =
  /** To the resources with the highest priority ≥ 0. */
  | "mostAvailable"
  /** To every resource with priority ≥ 0. */
  | "allNonNegative"
  /** To every available resource, whatever its priority. */
  | "allAvailable"
  /** To the resource that the full JID names. */
  | "match"
  /** To the resource that the full JID names, if its user lets the sender see it; else an error. */
  | "matchIfShared"
  /** Kept for later, else an error. */
  | "undelivered"
  /** The server answers for the account. */
  | "answer"
  /** As if it had been sent to the bare JID. */
  | "asBare"
  /** service-unavailable to the sender. */
  | "bounce"
  /** Silently ignored. */
  | "drop";

export const deliveryTable: Readonly<Record<DeliveryRow, Readonly<Record<DeliveryColumn, DeliveryCell>>>> = {
  "message chat":      { noAccount: "bounce", bareSome: "mostAvailable",  bareNone: "undelivered",  fullMatch: "match",         fullNoMatch: "asBare" },
  "message normal":    { noAccount: "bounce", bareSome: "mostAvailable",  bareNone: "undelivered",  fullMatch: "match",         fullNoMatch: "bounce" },
  "message headline":  { noAccount: "drop",   bareSome: "allNonNegative", bareNone: "drop",         fullMatch: "match",         fullNoMatch: "bounce" },
  "message groupchat": { noAccount: "bounce", bareSome: "bounce",         bareNone: "bounce",       fullMatch: "match",         fullNoMatch: "bounce" },
  "message error":     { noAccount: "drop",   bareSome: "drop",           bareNone: "drop",         fullMatch: "match",         fullNoMatch: "drop" },
  "presence":          { noAccount: "drop",   bareSome: "allAvailable",   bareNone: "allAvailable", fullMatch: "match",         fullNoMatch: "drop" },
  "iq request":        { noAccount: "bounce", bareSome: "answer",         bareNone: "answer",       fullMatch: "matchIfShared", fullNoMatch: "bounce" },
  "iq response":       { noAccount: "drop",   bareSome: "drop",           bareNone: "drop",         fullMatch: "match",         fullNoMatch: "drop" },
};

/** What there is to choose from: one connected resource. */
export interface DeliveryTarget {
  readonly resource: string;
  /** An available resource; a priority counts only then. */
  readonly available: boolean;
  /** -128..127. */
  readonly priority: number;
}

export type DeliveryDecision<Target extends DeliveryTarget> =
  | { readonly action: "deliver"; readonly to: readonly Target[]; readonly why: string }
  | { readonly action: "answer" | "undelivered" | "bounce" | "drop"; readonly why: string };

/**
 * Decides for one stanza. `targets` are the connected resources of the account, undefined where there is no such account;
 * `resource` is that of a full JID; `shares` tells whether a resource's user lets the sender know of its presence.
 */
export function decideDelivery<Target extends DeliveryTarget>(
  row: DeliveryRow,
  resource: string | undefined,
  targets: readonly Target[] | undefined,
  shares: (target: Target) => boolean,
): DeliveryDecision<Target> {
  const column = columnOf(resource, targets);
  const cell = deliveryTable[row][column];
  const why = `${row}, ${column}: ${cell}`;
  const all = targets ?? [];
  switch (cell) {
    case "mostAvailable": {
      const candidates = all.filter(isNonNegative);
      const highest = candidates.reduce((max, target) => Math.max(max, target.priority), 0);
      return { action: "deliver", to: candidates.filter((target) => target.priority === highest), why };
    }
    case "allNonNegative":
      return { action: "deliver", to: all.filter(isNonNegative), why };
    case "allAvailable": {
      const to = all.filter((target) => target.available);
      return to.length > 0 ? { action: "deliver", to, why } : { action: "drop", why };
    }
    case "match":
    case "matchIfShared": {
      const to = all.filter((target) => target.resource === resource);
      return cell === "match" || to.every(shares)
        ? { action: "deliver", to, why }
        : { action: "bounce", why: `${why}; the sender may not know of its presence` };
    }
    case "asBare":
      return decideDelivery(row, undefined, targets, shares);
    default:
      return { action: cell, why };
  }
}

function columnOf(resource: string | undefined, targets: readonly DeliveryTarget[] | undefined): DeliveryColumn {
  if (targets === undefined) return "noAccount";
  if (resource === undefined) return targets.some(isNonNegative) ? "bareSome" : "bareNone";
  return targets.some((target) => target.resource === resource) ? "fullMatch" : "fullNoMatch";
}

function isNonNegative(target: DeliveryTarget): boolean {
  return target.available && target.priority >= 0;
}
