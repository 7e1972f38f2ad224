/** What nodes need of the house. */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import type { Json, Log } from "../ports.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza } from "../xml/stanza.ts";
import type { SetState } from "./rows.ts";

export interface NodeHost {
  readonly log: Log;
  features(session: Session): ReadonlySet<string>;
  deliver(step: Step, stanza: Stanza & { readonly to: Jid }, account: Account, recipient: Session): void;
  sessions(bareJid: string): readonly Session[];
  directedTo(bareJid: string): readonly Jid[];
  nextId(): string;
  run<Result>(cause: string | null, work: (step: Step) => Result): Result;
  account(step: Step, bareJid: string): Account | undefined;
  load(jid: Jid): Promise<Account | undefined>;
  readonly data: {
    get(account: Account, space: string, key: string): Promise<Json | undefined>;
    set(step: Step, account: Account, space: string, key: string, value: Json): void;
  };
  readonly setState: SetState;
  /** The element that is kept for an account; undefined if it cannot be read, of which operators are told. */
  readKept(account: Account, what: string, text: Json): Element | undefined;
}
