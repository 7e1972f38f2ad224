/**
 * The phases that a stanza passes, in this order whatever the order of the extensions' files.
 * An extension that registers at a phase may let a stanza pass, stop it with a reason, or refuse it with an error. What was kept for its
 * user comes to `kept` at last, where nothing stops it.
 */
import type { Account } from "../domain/account.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import type { House } from "./house.ts";

export const phases = ["stamp", "guard", "account", "archive", "copy", "deliver", "hold", "undelivered", "kept"] as const;
export type Phase = (typeof phases)[number];

export interface Passage {
  /** All that follows from the stanza is in it. */
  readonly step: Step;
  /** Its `kind`, `type`, `id`, `from` and `to` as they were checked, and the whole `element`. */
  readonly stanza: Stanza;
  /** The session that sent it; undefined where a service has, or the server itself, or where it is given back. */
  readonly sender: Session | undefined;
  /** It comes from the queue of a session that is over, whose client has not acknowledged it (XEP-0198 section 4). */
  readonly givenBack?: boolean;
  /** What may be asked of the server. */
  readonly house: House;
  /** From `account` on: whose address the stanza has. Those phases are for accounts that exist. */
  readonly account?: Account | undefined;
  /** Set at `archive`: under which id each account has it in its archive, by bare JID. */
  archived?: ReadonlyMap<string, string>;
  /** At `copy` and `deliver`: the sessions that are about to be given it; none where nobody is there to take it. */
  readonly recipients?: readonly Session[];
  /** From `hold` on: the session that it is for. */
  readonly recipient?: Session | undefined;
  /** At `undelivered` and `kept`: the rule by which nobody takes it. */
  readonly why?: string;
}

/** undefined lets it pass. The reason is for logs and for explaining, not for the wire. */
export type Verdict =
  | undefined
  /** `kept`: it waits for its user, so those at `kept` are told. */
  | { readonly stop: true; readonly why: string; readonly kept?: true }
  | { readonly fault: StanzaFault; readonly why: string };

export type PhaseHandler = (passage: Passage) => Verdict;
export type PhaseHandlers = Partial<Readonly<Record<Phase, PhaseHandler>>>;

export type PhaseTable = Readonly<Record<Phase, readonly PhaseHandler[]>>;

export function phaseTable(all: readonly PhaseHandlers[]): PhaseTable {
  const handlersOf = (phase: Phase) => all.flatMap((handlers) => handlers[phase] ?? []);
  return Object.fromEntries(phases.map((phase) => [phase, handlersOf(phase)])) as unknown as PhaseTable;
}

/** The first verdict other than to let it pass. */
export function passPhase(table: PhaseTable, phase: Phase, passage: Passage): Verdict {
  for (const handler of table[phase]) {
    const verdict = handler(passage);
    if (verdict === undefined) continue;
    if ("stop" in verdict && verdict.kept === true) for (const told of table.kept) told(passage);
    return verdict;
  }
  return undefined;
}
