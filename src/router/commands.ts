/**
 * Commands that people execute from a client that need not know them: a name in a menu, and forms to fill in. An extension declares them
 * (`Extension.commands`), and knows nothing of how they are carried.
 */
import type { Account } from "../domain/account.ts";
import type { Jid } from "../domain/jid.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { FormField } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import type { StanzaFault } from "../xml/stanza.ts";
import type { House, HouseLimits } from "./house.ts";

export interface Command {
  /** By which clients ask for it, and no other command's: a name of one's own, such as `urn:example:motto#set`. */
  readonly node: string;
  /** What people read in the menu. */
  readonly name: string;
  /** Who sees it and may execute it: every user of the server, or its administrators alone, by the server; `owner`: every user, by the own account. */
  readonly may: "everybody" | "admins" | "owner";
  /** Where not everybody who may has it: those whom the operator's choices leave it. `isAdmin`: of who asks. */
  readonly offered?: (limits: HouseLimits, isAdmin: boolean) => boolean;
  /** The forms, one after the other. Without any it is complete at once. */
  readonly stages?: readonly CommandStage[];
  /** Every form is filled in: does it. After a fault the last form can be sent once more. */
  readonly complete: (call: CommandCall) => CommandOutcome | Promise<CommandOutcome>;
}

/** Makes the form of a stage, when it is shown; a fault ends nothing, and the same stage can be asked for again. */
export type CommandStage = (call: CommandCall) => CommandForm | CommandFault | Promise<CommandForm | CommandFault>;

export interface CommandForm {
  readonly title?: string;
  readonly instructions?: string;
  /** Whose fields they are (XEP-0068). */
  readonly formType?: string;
  /**
   * What comes back is looked at before anybody else sees it: what is required is there, fields of one value have one at most, JIDs are
   * JIDs, booleans are booleans, and what is chosen was to be chosen. Fields that were not asked for are dropped.
   */
  readonly fields: readonly FormField[];
}

export interface CommandCall {
  /** What follows at once follows within it; after a wait it is over (`House.run`). */
  readonly step: Step;
  readonly house: House;
  /** Who executes it, a full JID. */
  readonly from: Jid;
  readonly session: Session;
  /** The host that was asked, or that of the account. */
  readonly host: string;
  /** The own account, for `owner`; undefined for others. */
  readonly account: Account | undefined;
  /** The forms so far, the first one first: values by the fields' names. */
  readonly filled: readonly FilledForm[];
}

export type FilledForm = ReadonlyMap<string, readonly string[]>;

export interface CommandFault {
  readonly fault: StanzaFault;
}

export type CommandOutcome =
  /** It is done; the text says what, if that is not plain. `payload`: what is to be seen, such as a form of type `result`. */
  | { readonly done: string | undefined; readonly payload?: Element; readonly warning?: string }
  /** It came to its end and has failed. */
  | { readonly failed: string }
  | CommandFault;
