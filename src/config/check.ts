/** Checks merged values against the schema and against each other. */
import type { z } from "zod";
import { isLoopback } from "../domain/addresses.ts";
import { prepareDomain } from "../domain/jid.ts";
import type { ConfigProblem } from "./errors.ts";
import { fieldAt, fields } from "./fields.ts";
import { nearest } from "./nearest.ts";
import { type Config, configSchema } from "./schema.ts";

export type Checked =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Finds all problems at once. `values` holds every setting; `sourceOf` tells where the one at a path comes from. */
export function checkConfig(values: unknown, sourceOf: (path: string) => string | undefined): Checked {
  const result = configSchema.safeParse(values);
  const found = result.success ? [] : result.error.issues.flatMap((issue) => describeIssue(issue, values, sourceOf));
  const wrong = new Set(found.map((problem) => problem.path));
  const sound = (path: string) => ![...wrong].some((other) => isWithin(path, other));
  const problems = [...found, ...checkHosts(values as Config, sound, sourceOf), ...checkComponents(values as Config, sound, sourceOf), ...checkListeners(values as Config, sound, sourceOf), ...checkInspector(values as Config, sound, sourceOf)];
  return result.success && problems.length === 0 ? { ok: true, config: result.data } : { ok: false, problems };
}

type SourceOf = (path: string) => string | undefined;
type Sound = (path: string) => boolean;

function describeIssue(issue: z.core.$ZodIssue, values: unknown, sourceOf: SourceOf): readonly ConfigProblem[] {
  const path = pathOf(issue.path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(path === "" ? key : `${path}.${key}`, sourceOf));
  const expected = fieldAt(path)?.expected ?? "a table";
  return [{ path, message: `expected ${expected}, got ${show(valueAt(values, issue.path))}`, source: sourceOf(path), fix: unquoted(path, valueAt(values, issue.path)) }];
}

/** Of a file: what flags and the environment give has become a number already. */
function unquoted(path: string, value: unknown): string | undefined {
  const { kind } = fieldAt(path) ?? {};
  const isOne = typeof value === "string" && (kind === "integer" ? /^-?\d+$/.test(value) : kind === "boolean" && /^(?:true|false)$/.test(value));
  return isOne ? "write it without quotes" : undefined;
}

function unknownKey(path: string, sourceOf: SourceOf): ConfigProblem {
  const item = /\[\d+\]/.exec(path)?.[0] ?? "[]";
  const known = names.map((name) => name.replace("[]", item));
  const key = path.split(".").at(-1)!;
  const suggestion = nearest(path, known, key) ?? known.find((other) => other.endsWith(`.${key}`));
  const fix = suggestion === undefined ? "remove it; `refrain config` lists the settings" : `did you mean ${suggestion}?`;
  return { path, message: "no such setting", source: sourceOf(path), fix };
}

/** Settings first, then the tables that hold them. */
const names = [...new Set([...fields.map((field) => field.path), ...fields.flatMap((field) => tablesOf(field.path))])];

function tablesOf(path: string): readonly string[] {
  const parts = path.split(".");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
}

function checkHosts({ hosts }: Config, sound: Sound, sourceOf: SourceOf): readonly ConfigProblem[] {
  if (!sound("hosts") || !Array.isArray(hosts)) return [];
  const problems: ConfigProblem[] = [];
  const seen = new Set<string>();
  for (const [index, host] of hosts.entries()) {
    const at = `hosts[${index}]`;
    if (!sound(at)) continue;
    const [given, missing] = host.key === undefined ? (["certificate", "key"] as const) : (["key", "certificate"] as const);
    if (host[given] !== undefined && host[missing] === undefined) {
      const fix = "give both, or neither for a certificate that is signed by itself";
      const message = `expected a file because ${given} is set, got nothing`;
      problems.push({ path: `${at}.${missing}`, message, source: sourceOf(`${at}.${given}`), fix });
    }
    const domain = String(host.domain).toLowerCase();
    if (seen.has(domain)) {
      problems.push({ path: `${at}.domain`, message: `${domain} is listed twice`, source: sourceOf(`${at}.domain`), fix: "remove one" });
    }
    seen.add(domain);
  }
  return problems;
}

/** Each has a domain that nobody else has. */
function checkComponents({ components, hosts, rooms }: Config, sound: Sound, sourceOf: SourceOf): readonly ConfigProblem[] {
  if (!sound("components") || !Array.isArray(components)) return [];
  const taken = new Map<string, string>();
  for (const [index, { domain }] of sound("hosts") && Array.isArray(hosts) ? hosts.entries() : []) {
    const prepared = prepareDomain(String(domain));
    if (prepared === undefined) continue;
    taken.set(prepared, `hosts[${index}]`);
    if (sound("rooms") && rooms.enabled) taken.set(`${rooms.subdomain}.${prepared}`, `the domain of the rooms of ${prepared} (rooms.subdomain)`);
  }
  return components.flatMap(({ domain }, index) => {
    const path = `components[${index}].domain`;
    const prepared = sound(path) ? prepareDomain(String(domain)) : undefined;
    if (prepared === undefined) return [];
    const owner = taken.get(prepared);
    if (owner === undefined) taken.set(prepared, `components[${index}]`);
    return owner === undefined ? [] : [{ path, message: `${prepared} is also ${owner}`, source: sourceOf(path), fix: "give each its own domain" }];
  });
}

function checkListeners({ listen, components }: Config, sound: Sound, sourceOf: SourceOf): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const users = new Map<number, string>();
  for (const name of ["c2s", "c2sTls", "http", "components"] as const) {
    const path = `listen.${name}.port`;
    if (!sound(path) || (name === "http" && !listen.http.enabled)) continue;
    if (name === "components" && !(Array.isArray(components) && components.length > 0)) continue;
    const { port } = listen[name];
    const other = users.get(port);
    if (other !== undefined) {
      problems.push({ path, message: `${port} is also ${other}`, source: sourceOf(path), fix: "give each its own port" });
    }
    if (port !== 0) users.set(port, path);
  }
  const [plain, address] = ["listen.allowPlaintext", "listen.address"];
  if (sound(plain) && sound(address) && listen.allowPlaintext && !staysHere(listen.address)) {
    const message = `expected false because ${address} is ${listen.address}, which is not loopback, got true`;
    problems.push({ path: plain, message, source: sourceOf(plain), fix: "listen on 127.0.0.1, or leave TLS obligatory" });
  }
  return problems;
}

/** What is asked for is done or refused; whether the inspector can be there without being asked for is `isInspectorOpen`. */
function checkInspector({ inspector, listen }: Config, sound: Sound, sourceOf: SourceOf): readonly ConfigProblem[] {
  const [remote, tls] = ["inspector.remote", "listen.http.tls"];
  if (!sound(remote) || !sound(tls) || !inspector.remote || listen.http.tls) return [];
  const message = `expected false because ${tls} is false, got true`;
  return [{ path: remote, message, source: sourceOf(remote), fix: `set ${tls} to true: what sessions say would go over the network in the clear` }];
}

/** Whether a listener at this address, or at the name for it, is reached from this machine alone. */
export function staysHere(address: string): boolean {
  return address.toLowerCase() === "localhost" || isLoopback(address);
}

function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`) || path.startsWith(`${other}[`);
}

function pathOf(parts: readonly PropertyKey[]): string {
  return parts.reduce<string>((path, part) => {
    if (typeof part === "number") return `${path}[${part}]`;
    return path === "" ? String(part) : `${path}.${String(part)}`;
  }, "");
}

function valueAt(values: unknown, parts: readonly PropertyKey[]): unknown {
  return parts.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], values);
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
