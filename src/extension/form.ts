/** Checks that a value somebody wrote is an extension: nothing else of the server looks at its form again. */
import { z } from "zod";
import type { ConfigProblem } from "../config/errors.ts";
import { nearest } from "../config/nearest.ts";
import { isConfig } from "../pubsub/node-config.ts";
import type { Extension } from "../router/extension.ts";
import { phases } from "../router/phases.ts";
import { isSessionState, readerOf, type SessionState } from "../router/session-state.ts";
import { isAsync, problemOf, shown, type Given } from "./problem.ts";

/** All that is wrong with the form of it; with nothing wrong it is an `Extension`. */
export function formProblems(given: Given<unknown>): readonly ConfigProblem[] {
  const result = form.safeParse(given.value);
  return result.success ? [] : result.error.issues.flatMap((issue) => describe(issue, given));
}

function describe(issue: z.core.$ZodIssue, given: Given<unknown>): readonly ConfigProblem[] {
  const member = memberOf(issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => problemOf(given, `${member}.${key}`, "an extension has no such member", fixFor(key, issue.path)));
  }
  // What lies within a value of another make is not where its path says.
  const value = issue.code === "custom" && issue.params !== undefined ? (issue.params["got"] as unknown) : issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], given.value);
  return [problemOf(given, member, `expected ${issue.message}, got ${shown(value)}`)];
}

function fixFor(key: string, path: readonly PropertyKey[]): string {
  const known = path.length === 0 ? Object.keys(members) : path[0] === "phases" ? phases : [];
  const suggestion = nearest(key, known);
  return suggestion === undefined ? "remove it; the types of refrain/extension list what there is" : `did you mean ${suggestion}?`;
}

function memberOf(path: readonly PropertyKey[]): string {
  return path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
}

const text = (expected: string) => z.string({ error: expected }).regex(/^[^\n\r\0]{1,1000}$/, { error: expected });
const texts = z.array(text("a text"), { error: "a list of texts" });
const namespaceName = text("a namespace");
const list = <Item extends z.ZodType>(item: Item, of: string) => z.array(item, { error: `a list of ${of}` });
/** Without members that nobody knows: what is misspelt would silently never happen. */
const record = <Shape extends z.ZodRawShape>(shape: Shape, expected = "an object") =>
  z.strictObject(shape, { error: ({ code }) => (code === "invalid_type" ? expected : undefined) });
const anyFunction = z.custom((value) => typeof value === "function", { error: "a function" });
/** Who answers with a promise where nobody waits for one has decided something else than it thinks. */
const decidingFunction = z.custom((value) => typeof value === "function" && !isAsync(value), {
  error: ({ input }) => (isAsync(input) ? "a function that is not async: it decides at once" : "a function"),
});

const identity = record({ category: text("a text"), type: text("a text"), lang: text("a text").optional(), name: text("a text").optional() });

const iqHandler = record({
  sessionless: z.boolean({ error: "true or false" }).optional(),
  xmlns: namespaceName,
  name: text("the name of the payload"),
  types: list(z.enum(["get", "set"], { error: "get or set" }), 'types: "get", "set"'),
  at: list(z.enum(["server", "account"], { error: "server or account" }), 'addressees: "server", "account"'),
  handle: anyFunction,
});

const command = record({
  node: text("a name of one's own, such as urn:example:motto#set"),
  name: text("what people read in the menu"),
  may: z.enum(["everybody", "admins", "owner"], { error: "everybody, admins or owner" }),
  offered: decidingFunction.optional(),
  stages: list(anyFunction, "functions").max(20, { error: "at most 20 stages" }).optional(),
  complete: anyFunction,
});

const roomPart = record({
  iq: list(iqHandler.omit({ sessionless: true }).extend({ at: list(z.enum(["service", "room", "occupant"], { error: "service, room or occupant" }), 'places: "service", "room", "occupant"') }), "handlers").optional(),
  messages: list(decidingFunction, "functions").optional(),
  saying: decidingFunction.optional(),
  whispering: decidingFunction.optional(),
  showing: decidingFunction.optional(),
  serviceFeatures: texts.optional(),
  roomFeatures: decidingFunction.optional(),
  roomInfo: decidingFunction.optional(),
});

/** Of a wrong reader the session's own values would be the first to tell. */
const keptOfSessions = z.custom<SessionState>(isSessionState, { error: "what sessionState(…) returns", abort: true }).superRefine((state, context) => {
  const got = readerOf(state);
  for (const { message } of decidingFunction.safeParse(got).error?.issues ?? []) context.addIssue({ code: "custom", path: ["read"], message, params: { got } });
});

const members = {
  name: text("a name in kebab-case, such as my-extension").regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, { error: "a name in kebab-case, such as my-extension" }),
  specification: record(
    {
      id: text("a text that names the specification, such as XEP-0199"),
      title: text("the title of the specification"),
      version: text("the version of the specification that was read").optional(),
      missing: texts.optional(),
    },
    "an object with id and title, of what the extension implements",
  ),
  serverFeatures: z.union([texts, decidingFunction], { error: "a list of features, or a function that returns one" }).optional(),
  accountFeatures: z.union([texts, decidingFunction], { error: "a list of features, or a function that returns one" }).optional(),
  serverIdentities: z.union([list(identity, "identities"), decidingFunction], { error: "a list of identities, or a function that returns one" }).optional(),
  accountIdentities: list(identity, "identities").optional(),
  serverForms: decidingFunction.optional(),
  accountNodes: record({ items: anyFunction, info: anyFunction }).optional(),
  nodeDefaults: z.custom(isNodeDefaults, { error: "an object with what is configured of each node, by names and values of XEP-0060 section 16.4.4" }).optional(),
  serverNodes: decidingFunction.optional(),
  serverItems: record({ items: decidingFunction, info: decidingFunction }).optional(),
  commands: list(command, "commands").optional(),
  iq: list(iqHandler, "handlers").optional(),
  phases: record(Object.fromEntries(phases.map((phase) => [phase, decidingFunction.optional()])), "an object with a function for each phase").optional(),
  elements: list(record({ xmlns: namespaceName, names: texts, handle: decidingFunction }), "handlers").optional(),
  sessionState: keptOfSessions.optional(),
  presenceChanged: decidingFunction.optional(),
  featuresLearned: decidingFunction.optional(),
  dataChanged: decidingFunction.optional(),
  itemsChanged: decidingFunction.optional(),
  accessChanged: decidingFunction.optional(),
  rosterChanged: decidingFunction.optional(),
  sessionResumed: decidingFunction.optional(),
  holdsBack: decidingFunction.optional(),
  linkLost: decidingFunction.optional(),
  streamFeature: decidingFunction.optional(),
  inlineFeature: decidingFunction.optional(),
  inlineBinding: record({
    feature: namespaceName.optional(),
    offered: decidingFunction.optional(),
    enable: decidingFunction.optional(),
    prepare: anyFunction.optional(),
  }).optional(),
  takesUnauthenticated: decidingFunction.optional(),
  livenessProbe: decidingFunction.optional(),
  services: decidingFunction.optional(),
  accountRemoved: decidingFunction.optional(),
  rooms: roomPart.optional(),
} satisfies { readonly [Member in keyof Extension]-?: z.ZodType };

const form = record(members, "an extension, or a list of them, as the default export");

function isNodeDefaults(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every((config: unknown) => typeof config === "object" && config !== null && isConfig(config));
}
