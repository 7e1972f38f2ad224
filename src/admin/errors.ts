/** Why an administrative request was not done. */
export type AdminErrorCode =
  | "jid-malformed"
  | "host-unknown"
  | "password-unusable"
  | "text-unusable"
  | "account-exists"
  | "account-unknown"
  | "device-unknown"
  | "invitations-off"
  | "invitation-unknown"
  | "invitation-over"
  | "request-malformed"
  | "store-busy"
  | "store-absent"
  | "store-failed"
  | "backup-failed"
  | "inspector-off"
  | "connection-failed"
  | "internal";

/** For an operator: the message names the thing, the value and the fix, and holds no password. */
export class AdminError extends Error {
  readonly code: AdminErrorCode;

  constructor(code: AdminErrorCode, message: string) {
    super(message);
    this.name = "AdminError";
    this.code = code;
  }
}
