/** What a page may say: checked here, before anything is done with it. */
import { z } from "zod";
import { inspectorMessageCharsMax, inspectorPositionsMax } from "../domain/limits.ts";
import type { FromPage } from "./protocol.ts";

const sessionId = z.string().min(1).max(128);
/** A part of a stream's name. */
const part = z.string().min(1).max(1_023).regex(/^[^/]+$/);
const position = z.int().min(0);

const question = z.discriminatedUnion("kind", [
  // Sessions' streams alone: what accounts hold is asked for by its own questions.
  z.strictObject({ kind: z.literal("facts"), stream: z.string().max(2_200).regex(/^session\/[^/]+\/[^/]+$/), after: position }),
  z.strictObject({ kind: z.literal("find"), text: z.string().max(3_071) }),
  z.strictObject({ kind: z.literal("related"), position, step: z.string().min(1).max(128) }),
  z.strictObject({ kind: z.literal("rosters"), host: part, username: part, positions: z.array(position).max(inspectorPositionsMax) }),
]);

const message = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("list"), on: z.boolean() }),
  z.strictObject({ type: z.literal("watch"), session: sessionId }),
  z.strictObject({ type: z.literal("unwatch"), session: sessionId }),
  z.strictObject({ type: z.literal("watch-new"), on: z.boolean() }),
  z.strictObject({ type: z.literal("ask"), id: position, question }),
]) satisfies z.ZodType<FromPage>;

/** `wrong`: what is, in a few words of ASCII. */
export type Checked = { readonly message: FromPage } | { readonly wrong: string };

export function checkMessage(text: string): Checked {
  if (text.length > inspectorMessageCharsMax) return { wrong: `a message has at most ${inspectorMessageCharsMax} characters, this one ${text.length}` };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: "a message is JSON, this one is not" };
  }
  const checked = message.safeParse(value);
  if (checked.success) return { message: checked.data };
  const path = checked.error.issues[0]?.path.filter((name) => typeof name === "string").join(".") ?? "";
  return { wrong: `this is no message of the inspector's page${path === "" ? "" : `: see ${path}`}` };
}
