/** What is wrong with a value that was read from a file, in one line. */
import type { z } from "zod";

/** `events.0.type: expected string, got 7`: the place, what can be there, and what was. */
export function issueText(issue: z.core.$ZodIssue, whole: unknown): string {
  const place = issue.path.map(String).join(".");
  const text = issue.code === "custom" || issue.code === "unrecognized_keys" ? wordsOf(issue) : `${wordsOf(issue)}, got ${brief(valueAt(whole, issue.path))}`;
  return place === "" ? text : `${place}: ${text}`;
}

function wordsOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${{ int: "a whole number" }[issue.expected as string] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => brief(value)).join(" or ")}`;
    case "too_small":
      return `expected ${unitOf(issue.origin)}${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
    case "too_big":
      return `expected ${unitOf(issue.origin)}${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`;
    case "unrecognized_keys":
      return `expected nothing that is called ${issue.keys.map((key) => brief(key)).join(" or ")}`;
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  return origin === "string" ? "characters, " : origin === "array" ? "entries, " : "";
}

function valueAt(whole: unknown, path: z.core.$ZodIssue["path"]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? (value as Readonly<Record<PropertyKey, unknown>>)[key] : undefined), whole);
}

const briefMax = 60;

function brief(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > briefMax ? `${text.slice(0, briefMax)}…` : text;
}
