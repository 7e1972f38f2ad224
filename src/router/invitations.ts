/** Invitations as clients make and use them (XEP-0401): what those who answer them share. */
import type { Invitation } from "../domain/invitation.ts";
import type { Jid } from "../domain/jid.ts";
import type { Session } from "../session/environment.ts";
import type { Administered } from "./administration.ts";

export interface InvitationDesk {
  /** Makes one, in the name of a user. Who may is for the caller to look at; `limited`: as many as a user may have that are good. */
  invite(wish: DeskWish): Promise<Administered<DeskInvitation> | "too-many">;
  /** Somebody who has not logged in names a token: from now on this stream may make the account that it is for. */
  present(session: Session, host: string, token: string, at: number): Promise<"accepted" | "unknown" | "too-often">;
  /** What was named on this stream; good also when its time is over meanwhile (XEP-0445 section 4). */
  presented(session: Session): Invitation | undefined;
  /** Nothing is to be made with it any more. */
  forget(session: Session): void;
  /** Somebody who has an account here asks for the inviter's presence with a token; whatever is wrong with it, the request stands for itself. */
  redeem(use: { readonly token: string; readonly guest: Jid; readonly inviter: Jid; readonly address: string; readonly at: number }): Promise<void>;
}

export interface DeskWish {
  readonly inviter: Jid;
  readonly host: string;
  readonly link: "roster" | "register";
  readonly name: string | undefined;
  readonly contact: boolean;
  readonly limited: boolean;
}

export interface DeskInvitation {
  readonly uri: string;
  readonly page: string | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}
