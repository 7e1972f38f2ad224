/**
 * Invitations: links that somebody who is not known yet can use once, to make an account here or to become a contact (XEP-0401). Each has a
 * stream of its own, so that of two who use it at the same time one comes first.
 */
import { serverStream } from "./facts.ts";
import { makeJid, parseJid, type Jid } from "./jid.ts";

/** `id`: of the token alone, which is nowhere in the log, and from which nobody comes back to it. */
export type InvitationOwner = { readonly host: string; readonly id: string };

/** Each fact of an invitation with the shape of its data. */
export interface InvitationFacts {
  readonly InvitationMade: InvitationOwner & {
    /** `roster`: to add the inviter, with an account here or a new one; `register`: to make an account. */
    readonly link: InvitationLink;
    /** The bare JID of who invites; null: the operator. */
    readonly inviter: string | null;
    /** The name that the account will have, which nobody else can have until then; null: whoever uses it chooses. */
    readonly username: string | null;
    /** Whether the inviter and who uses it become contacts. */
    readonly contact: boolean;
    /** Milliseconds since 1970. */
    readonly expiresAt: number;
  };
  /** `by`: the bare JID; `registered`: its account was made in the same commit. */
  readonly InvitationUsed: InvitationOwner & { readonly by: string; readonly registered: boolean };
  /** What follows from its use is done. */
  readonly InvitationFulfilled: InvitationOwner;
  readonly InvitationRevoked: InvitationOwner;
}

export type InvitationLink = "roster" | "register";
export type InvitationFactType = keyof InvitationFacts;

export const invitationFactVersions = {
  InvitationMade: 1,
  InvitationUsed: 1,
  InvitationFulfilled: 1,
  InvitationRevoked: 1,
} as const satisfies Record<InvitationFactType, number>;

/** What is known of an invitation. */
export type Invitation = InvitationFacts["InvitationMade"] & {
  readonly madeAt: number;
  readonly usedAt: number | null;
  readonly by: string | null;
  readonly registered: boolean;
  /** It was used, and what follows is not done yet. */
  readonly pending: boolean;
  readonly revokedAt: number | null;
};

export type InvitationState = "open" | "used" | "revoked" | "expired";

export function invitationState({ usedAt, revokedAt, expiresAt }: Invitation, at: number): InvitationState {
  if (usedAt !== null) return "used";
  if (revokedAt !== null) return "revoked";
  return expiresAt <= at ? "expired" : "open";
}

export function invitationStream({ host, id }: InvitationOwner): string {
  return `invitation/${host}/${id}`;
}

/** A fact of one of them, as it is recorded. */
export function invitationFact<Type extends InvitationFactType>(type: Type, data: InvitationFacts[Type]) {
  return { type, v: invitationFactVersions[type], data };
}

/** The shape of the data of a fact `InvitationsForgotten`, which is in the server's own stream. */
export interface InvitationsForgotten {
  readonly invitations: readonly InvitationOwner[];
}

export const invitationsForgottenVersion = 1;

/** The fact that deletes the streams of these. It replaces the former ones of its kind. */
export function forgetInvitations(invitations: readonly InvitationOwner[]) {
  return {
    type: "InvitationsForgotten",
    v: invitationsForgottenVersion,
    data: { invitations: invitations.map(({ host, id }) => ({ host, id })) },
    forgets: [
      ...invitations.map((invitation) => ({ stream: invitationStream(invitation), final: true as const })),
      { stream: serverStream, types: ["InvitationsForgotten"] },
    ],
  };
}

/** What clients open (XEP-0401 sections 5.1 and 5.4): what could end the address in it is escaped. `ibr`: an account may be made with it here. */
export function invitationUri({ host, link, inviter, username }: Pick<Invitation, "host" | "link" | "inviter" | "username">, token: string): string {
  if (link === "roster" && inviter !== null) return `xmpp:${escaped(parseJid(inviter))}?roster;preauth=${token};ibr=y`;
  return `xmpp:${escaped(makeJid(username ?? undefined, host, undefined))}?register;preauth=${token}`;
}

function escaped(jid: Jid | undefined): string {
  if (jid === undefined) return "";
  const domain = encodeURIComponent(jid.domain).replaceAll("%3A", ":").replaceAll("%5B", "[").replaceAll("%5D", "]");
  return jid.local === undefined ? domain : `${encodeURIComponent(jid.local)}@${domain}`;
}
