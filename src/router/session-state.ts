/** A small value that an extension keeps of each session: declared, recorded with the session, and there again after a crash. */
import type { Json } from "../domain/json.ts";
import { sessionStateBytesMax } from "../domain/limits.ts";
import type { Session } from "../session/environment.ts";
import { remember } from "../session/remember.ts";
import type { Step } from "../step/batch.ts";

export interface SessionStateOptions<State extends Json> {
  /** What holds of a session as long as nothing was set. It is not recorded. */
  readonly initial: State;
  /** Reads what was recorded, which may have been by another version of the extension. undefined: it cannot be used, and `initial` holds. */
  readonly read: (recorded: Json) => State | undefined;
}

/**
 * What `sessionState` makes: goes into `Extension.sessionState`, and reads and sets the value of each session. Whose value it is, is said
 * by that alone: the value of another extension can be set by nobody. Until a server has taken its extension it throws an Error.
 */
export interface SessionState<State extends Json = Json> {
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
export function sessionState<State extends Json>({ initial, read }: SessionStateOptions<State>): SessionState<State> {
  let owner: string | undefined;
  const nameOf = (): string => {
    if (owner === undefined) throw new Error("session state: it is no extension's; give it to the one that it belongs to, as its sessionState");
    return owner;
  };
  const state: SessionState<State> & Owned = {
    of(session) {
      const name = nameOf();
      if (!Object.hasOwn(session.extensions, name)) return initial;
      return read(session.extensions[name] ?? null) ?? initial;
    },
    set(step, session, state) {
      const name = nameOf();
      if (!session.connected) return;
      const text = textOf(name, state);
      if (Object.hasOwn(session.extensions, name) && JSON.stringify(session.extensions[name]) === text) return;
      // A copy: what is in memory is what the log gives again, whatever becomes of the caller's value.
      session[remember](step, name, JSON.parse(text) as Json);
    },
    [own]: (name) => (owner ??= name),
    [reads]: read,
  };
  return state;
}

/** Whether it was made by `sessionState`. */
export function isSessionState(value: unknown): value is SessionState {
  return typeof value === "object" && value !== null && own in value;
}

/** What was given to `sessionState` as `read`, which is no function where nobody checked its type. */
export function readerOf(state: SessionState): unknown {
  return (state as SessionState & Owned)[reads];
}

/** It is the extension's with this name from now on, in every server of this process. Returns whose it is: another's, if that was first. */
export function ownSessionState(state: SessionState, name: string): string {
  return (state as SessionState & Owned)[own](name);
}

/** The same where a test has the built package beside the sources. */
const own: unique symbol = Symbol.for("refrain/extension: own session state");
const reads: unique symbol = Symbol.for("refrain/extension: reads session state");

interface Owned {
  [own](name: string): string;
  readonly [reads]: unknown;
}

function textOf(name: string, state: unknown): string {
  const text = JSON.stringify(state) as string | undefined;
  if (text === undefined) throw new TypeError(`session state of ${name}: expected a value of JSON, got ${typeof state}`);
  const bytes = Buffer.byteLength(text);
  if (bytes <= sessionStateBytesMax) return text;
  throw new RangeError(`session state of ${name}: expected at most ${sessionStateBytesMax} bytes of JSON, got ${bytes}; keep it of the account with house.data`);
}
