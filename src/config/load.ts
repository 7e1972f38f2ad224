/** Puts the configuration together: default, then file, then environment, then flags; the later one wins. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { checkConfig } from "./check.ts";
import { ConfigError } from "./errors.ts";
import { fields } from "./fields.ts";
import { nearest } from "./nearest.ts";
import { type Config, configSchema } from "./schema.ts";
import { readTomlFile } from "./toml-file.ts";

/** What the command line gave, as it was written. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  /** Replaces the hosts; one that the file describes keeps its certificate. */
  readonly domain?: readonly string[] | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly tlsPort?: string | undefined;
  readonly httpPort?: string | undefined;
  readonly allowPlaintext?: boolean | undefined;
  readonly inspectBodies?: boolean | undefined;
  readonly logLevel?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: Config;
  /** Path of a setting → `default`, `file refrain.toml:12`, `environment REFRAIN_X` or `flag --x`. */
  readonly sources: ReadonlyMap<string, string>;
  /** The configuration file that was read, absolute. */
  readonly file: string | undefined;
  /** What is suspicious and harms nothing, a line each. */
  readonly warnings: readonly string[];
}

/**
 * Throws ConfigError with all problems. The file is `--config`, else `REFRAIN_CONFIG`, else `refrain.toml` in the data folder
 * (`--data`, `REFRAIN_DATA_DIR` or ./data), else `refrain.toml` in the working folder, else none. Paths in the file are relative
 * to it, others to `cwd`. An empty environment variable counts as absent.
 */
export function loadConfig({ flags, env, cwd }: { flags: ConfigFlags; env: Environment; cwd: string }): LoadedConfig {
  const layers = new Layers();
  const file = findFile(flags, env, cwd);
  if (file !== undefined) layers.addFile(file, shortPath(file, cwd));
  layers.addEnvironment(env, cwd);
  layers.addFlags(flags, cwd);
  const sourceOf = (path: string) => layers.sourceOf(path);
  const checked = checkConfig(layers.values, sourceOf);
  if (!checked.ok) throw new ConfigError(checked.problems);
  const config = { ...checked.config, dataDir: resolve(cwd, checked.config.dataDir) };
  return { config, sources: layers.sources, file, warnings: unknownVariables(env) };
}

const flagPaths = [
  ["data", "--data", "dataDir"],
  ["host", "--host", "listen.address"],
  ["port", "--port", "listen.c2s.port"],
  ["tlsPort", "--tls-port", "listen.c2sTls.port"],
  ["httpPort", "--http-port", "listen.http.port"],
  ["allowPlaintext", "--allow-plaintext", "listen.allowPlaintext"],
  ["inspectBodies", "--inspect-bodies", "inspector.bodies"],
  ["logLevel", "--log-level", "log.level"],
] as const satisfies readonly (readonly [keyof ConfigFlags, string, string])[];

type Table = Record<string, unknown>;

class Layers {
  readonly values: Table = configSchema.parse({});
  readonly sources = new Map<string, string>(
    fields.filter((field) => !field.path.includes("[]")).map((field) => [field.path, "default"]),
  );

  addFile(file: string, label: string): void {
    const { values, lines } = readTomlFile(file, label);
    this.merge(this.values, absolutePaths(values, dirname(file)), "", (path) => {
      const line = nearestEntry(lines, path);
      return `file ${label}${line === undefined ? "" : `:${line}`}`;
    });
  }

  addEnvironment(env: Environment, cwd: string): void {
    for (const { path, env: name, kind } of fields) {
      const text = name === undefined ? undefined : env[name];
      if (text === undefined || text === "") continue;
      const source = `environment ${name}`;
      const items = text.split(",").map((item) => item.trim());
      if (path === "hosts") this.setHosts(items, source);
      else if (path === "extensions") this.set(path, items.map((item) => (item === "" ? item : resolve(cwd, item))), source);
      else if (kind === "list") this.set(path, items, source);
      else this.set(path, path === "dataDir" ? resolve(cwd, text) : valueOf(text, kind), source);
    }
  }

  addFlags(flags: ConfigFlags, cwd: string): void {
    for (const [flag, name, path] of flagPaths) {
      const given = flags[flag];
      if (given === undefined) continue;
      const kind = fields.find((field) => field.path === path)!.kind;
      const value = typeof given === "boolean" ? given : valueOf(given, kind);
      this.set(path, path === "dataDir" && given !== "" ? resolve(cwd, String(value)) : value, `flag ${name}`);
    }
    if (flags.domain !== undefined && flags.domain.length > 0) this.setHosts(flags.domain, "flag --domain");
  }

  /** Where the value at `path` comes from, or the nearest table or list around it. */
  sourceOf(path: string): string | undefined {
    return nearestEntry(this.sources, path);
  }

  private set(path: string, value: unknown, source: string): void {
    const keys = path.split(".");
    const table = keys.slice(0, -1).reduce<unknown>((parent, key) => (isTable(parent) ? parent[key] : undefined), this.values);
    // A file that made no table of this is reported by the check.
    if (!isTable(table)) return;
    table[keys.at(-1)!] = value;
    this.sources.set(path, source);
  }

  private setHosts(domains: readonly string[], source: string): void {
    const known: readonly unknown[] = Array.isArray(this.values["hosts"]) ? this.values["hosts"] : [];
    for (const path of this.sources.keys()) if (path.startsWith("hosts[")) this.sources.delete(path);
    this.set("hosts", domains.map((domain) => known.find((host) => describes(host, domain)) ?? { domain }), source);
  }

  private merge(into: Table, from: Table, prefix: string, source: (path: string) => string): void {
    for (const [key, value] of Object.entries(from)) {
      const path = `${prefix}${key}`;
      const below = Object.hasOwn(into, key) ? into[key] : undefined;
      this.sources.set(path, source(path));
      if (isTable(below) && isTable(value)) {
        this.sources.delete(path);
        this.merge(below, value, `${path}.`, source);
      } else {
        Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true });
        if (path === "hosts" && Array.isArray(value)) this.noteHosts(value, source);
      }
    }
  }

  private noteHosts(hosts: readonly unknown[], source: (path: string) => string): void {
    for (const [index, host] of hosts.entries()) {
      const item = `hosts[${index}]`;
      const paths = isTable(host) ? Object.keys(host).map((key) => `${item}.${key}`) : [];
      for (const path of [item, ...paths]) this.sources.set(path, source(path));
    }
  }
}

function findFile({ config, data }: ConfigFlags, env: Environment, cwd: string): string | undefined {
  const named = config ?? (env["REFRAIN_CONFIG"] || undefined);
  if (named !== undefined) return resolve(cwd, named);
  const dataDir = resolve(cwd, data ?? (env["REFRAIN_DATA_DIR"] || "data"));
  return [join(dataDir, "refrain.toml"), join(cwd, "refrain.toml")].find((file) => existsSync(file));
}

function absolutePaths(values: Table, folder: string): Table {
  const absolute = (value: unknown) => (typeof value === "string" && value !== "" ? resolve(folder, value) : value);
  const withAbsolute = (table: Table, keys: readonly string[]): Table =>
    Object.fromEntries(Object.entries(table).map(([key, value]) => [key, keys.includes(key) ? absolute(value) : value]));
  const { hosts, extensions } = values;
  const copy = withAbsolute(values, ["dataDir"]);
  if (Array.isArray(extensions)) copy["extensions"] = extensions.map(absolute);
  if (Array.isArray(hosts)) copy["hosts"] = hosts.map((host) => (isTable(host) ? withAbsolute(host, ["certificate", "key"]) : host));
  return copy;
}

/** Numbers and booleans from text; what is neither stays text, and the check names it. */
function valueOf(text: string, kind: string): unknown {
  if (kind === "integer" && /^-?\d[\d_]*$/.test(text)) return Number(text.replaceAll("_", ""));
  if (kind === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

function nearestEntry<T>(entries: ReadonlyMap<string, T>, path: string): T | undefined {
  for (let at = path; at !== ""; at = around(at)) {
    const entry = entries.get(at);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** `hosts[0].domain` is in `hosts[0]`, which is in `hosts`, which is in ``. */
function around(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("."), path.lastIndexOf("[")));
}

function describes(host: unknown, domain: string): boolean {
  return isTable(host) && typeof host["domain"] === "string" && host["domain"].toLowerCase() === domain.toLowerCase();
}

function isTable(value: unknown): value is Table {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function shortPath(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short.startsWith("..") || isAbsolute(short) ? file : short;
}

/** Only a warning: an orchestrator sets variables of its own that begin with the name of a service. */
function unknownVariables(env: Environment): readonly string[] {
  const known = ["REFRAIN_CONFIG", "REFRAIN_DEBUG", "REFRAIN_WATCHED", ...fields.flatMap((field) => field.env ?? [])];
  return Object.keys(env)
    .filter((name) => name.startsWith("REFRAIN_") && !known.includes(name))
    .map((name) => {
      const suggestion = nearest(name, known);
      return `environment ${name}: no such setting, ignored${suggestion === undefined ? "" : `; did you mean ${suggestion}?`}`;
    });
}
