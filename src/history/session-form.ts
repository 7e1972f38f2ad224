/** Whether the context that a snapshot recorded can be one: each property of the kind that the machine gives it. */
import { initialContext, type SessionContext } from "../../machines/session-context.ts";

const policy = { negotiationMs: 0, closingMs: 0, resumptionMs: 0, saslTriesMax: 0, bindTriesMax: 0 };
const model = initialContext({ policy, secure: false, at: 0 });

/** What is wrong with it; undefined for nothing. `host` is that of the session's stream. */
export function contextProblem(context: SessionContext, host: string): string | undefined {
  const wrong = wrongIn(context, model) ?? wrongIn(context.policy, policy);
  if (wrong !== undefined) return `its context has no ${wrong} that can be`;
  if (context.host !== host || typeof context.username !== "string") return "its context names another owner";
  return undefined;
}

function wrongIn(found: object, expected: object): string | undefined {
  const values = found as { readonly [name: string]: unknown };
  return Object.entries(expected).find(([name, value]) => !Object.hasOwn(values, name) || !isLike(values[name], value))?.[0];
}

/** What begins as null may be anything. */
function isLike(found: unknown, expected: unknown): boolean {
  if (expected === null) return true;
  return found !== null && typeof found === typeof expected && Array.isArray(found) === Array.isArray(expected);
}
