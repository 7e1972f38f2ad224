/** A small value that an extension keeps of each session: declared, recorded with the session, and there again after a crash. */
import type { Json } from "../domain/json.ts";
import { sessionStateBytesMax } from "../domain/limits.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";

export interface SessionStateOptions<State extends Json> {
  /** The name of the extension, under which the value is recorded. */
  readonly extension: string;
  /** What holds of a session as long as nothing was set. It is not recorded. */
  readonly initial: State;
  /** Reads what was recorded, which may have been by another version of the extension. undefined: it cannot be used, and `initial` holds. */
  readonly read: (recorded: Json) => State | undefined;
}

/** What `sessionState` makes: goes into `Extension.sessionState`, and reads and sets the value of each session. */
export interface SessionState<State extends Json = Json> {
  readonly extension: string;
  /** The value of a session, which is `initial` until one was set. */
  of(session: Session): State;
  /**
   * Sets it within the step: it is recorded among the session's events, so it survives with the session, and goes with it. Nothing
   * happens where it is the same already, and where the session is not connected (any more). Each change is written to the disk and stays
   * in the log until the session is forgotten: it is no place for secrets, texts of messages, or what changes with every stanza of a crowd.
   * Throws RangeError for a value of more than `sessionStateBytesMax` bytes of JSON, TypeError for one that JSON has no form for.
   */
  set(step: Step, session: Session, state: State): void;
}

/** Declares what an extension keeps of each session. To be called once for an extension, and given to it as `sessionState`. */
export function sessionState<State extends Json>({ extension, initial, read }: SessionStateOptions<State>): SessionState<State> {
  return {
    extension,
    of(session) {
      if (!Object.hasOwn(session.extensions, extension)) return initial;
      return read(session.extensions[extension] ?? null) ?? initial;
    },
    set(step, session, state) {
      if (!session.connected) return;
      const text = textOf(extension, state);
      if (Object.hasOwn(session.extensions, extension) && JSON.stringify(session.extensions[extension]) === text) return;
      // A copy: what is in memory is what the log gives again, whatever becomes of the caller's value.
      session.tell(step, { type: "extension.changed", at: step.at, name: extension, value: JSON.parse(text) as Json });
    },
  };
}

function textOf(extension: string, state: unknown): string {
  const text = JSON.stringify(state) as string | undefined;
  if (text === undefined) throw new TypeError(`session state of ${extension}: expected a value of JSON, got ${typeof state}`);
  const bytes = Buffer.byteLength(text);
  if (bytes <= sessionStateBytesMax) return text;
  throw new RangeError(`session state of ${extension}: expected at most ${sessionStateBytesMax} bytes of JSON, got ${bytes}; keep it of the account with house.data`);
}
