/** The few lines that an operator needs of a session's life. */
import type { SessionEvent } from "../../machines/session-events.ts";

export interface Mention {
  readonly fields: object;
  readonly message: string;
}

/** What is worth saying of an event that a session was told. `secure`: the version of TLS, if there is any. */
export function mentionOf(event: SessionEvent, now: { readonly hibernating: boolean; readonly secure: string | undefined }): Mention | undefined {
  switch (event.type) {
    case "sasl.succeeded":
      return { fields: { secure: now.secure }, message: "logged in" };
    case "resource.bound":
      return { fields: { resource: event.resource }, message: "resource bound" };
    case "link.lost":
      return now.hibernating ? { fields: { why: event.why }, message: "link lost; the session can be resumed" } : undefined;
    case "link.attached":
      return { fields: {}, message: "resumed" };
    default:
      return undefined;
  }
}
