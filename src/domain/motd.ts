/** The message of the day (XEP-0133 section 4.24), which is a fact in the server's own stream. */
import { serverStream } from "./facts.ts";

/** The shape of the data of a fact `MessageOfTheDaySet`; both null: there is none any more. */
export type MessageOfTheDaySet = {
  /** The same for its later wordings. */
  readonly id: string | null;
  readonly text: string | null;
};

export const motdType = "MessageOfTheDaySet";
export const motdVersion = 1;

/** The fact that sets it. It replaces the former ones of its kind: nothing of their texts is left. */
export function motdSet(data: MessageOfTheDaySet) {
  return { type: motdType, v: motdVersion, data, forgets: [{ stream: serverStream, types: [motdType] }] };
}
