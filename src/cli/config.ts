import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { stringify } from "smol-toml";
import { type Field, fieldAt, fields } from "../config/fields.ts";
import type { ConfigFlags, LoadedConfig } from "../config/load.ts";
import { secretPaths, withheldText, withholdAt, withholdSecrets } from "../config/secrets.ts";
import { load, withServerOptions } from "./options.ts";
import { runningOtherwise, type OtherSetting } from "./running-config.ts";
import { OperatorError, print, warn } from "./terminal.ts";

export function addConfig(program: Command): void {
  withServerOptions(program.command("config").description("show the configuration in effect, and where each value comes from"))
    .option("--json", "as JSON: {file, config, sources, running}")
    .option("--secrets", "show secrets, such as metrics.token, and write them with --write; otherwise they are withheld")
    .option("--write <FILE>", "write it as a new configuration file instead; one that exists is never touched")
    .addHelpText(
      "after",
      `
A flag wins over the environment, that over the file, that over the default. Every setting has a variable: listen.c2s.port is
REFRAIN_LISTEN_C2S_PORT, hosts is REFRAIN_HOSTS=a.example,b.example. The file is --config, else REFRAIN_CONFIG, else refrain.toml
in the data folder, else refrain.toml in the working folder. What is printed is a configuration file itself; secrets are left out of it, but with --secrets.
Where a server runs on the data folder, what it has set otherwise is shown first: another start, or a change that waits for one.

Examples:
  refrain config
  refrain config --port 5322 --write refrain.toml     begin a configuration file`,
    )
    .action(async ({ json, write, secrets = false, ...flags }: ConfigFlags & { json?: boolean; write?: string; secrets?: boolean }) => {
      const loaded = load(flags);
      for (const warning of loaded.warnings) warn(warning);
      if (write !== undefined) {
        writeNew(write, configToml(loaded, { sources: false, secrets }), secrets && secretPaths(loaded.config).length > 0);
        const left = secrets ? [] : secretPaths(loaded.config);
        if (left.length > 0) warn(`left out of ${write}: ${left.join(", ")}; add them by hand, or write it with --secrets`);
        return;
      }
      const found = await runningOtherwise(loaded.config);
      const running = secrets ? found : found?.map(({ path, value }) => ({ path, value: withholdAt(path, value) }));
      print(json === true ? configJson(loaded, running, secrets) : [...inRunning(running), configToml(loaded, { sources: true, secrets })].join("\n"));
    });
}

function writeNew(file: string, text: string, secret: boolean): void {
  try {
    writeFileSync(file, `${text}\n`, { flag: "wx", mode: secret ? 0o600 : 0o666 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const fix = code === "EEXIST" ? "it exists already; name another, or edit that one" : `it cannot be written (${code}); check its folder`;
    throw new OperatorError(`--write ${file}: ${fix}`);
  }
  print(`wrote ${file}`);
}

/** `running`: what the running server has otherwise, by path; null where none runs. */
export function configJson({ file, config, sources }: LoadedConfig, running: readonly OtherSetting[] | undefined, secrets: boolean): string {
  const others = running === undefined ? null : Object.fromEntries(running.map(({ path, value }) => [path, value ?? null]));
  return JSON.stringify({ file: file ?? null, config: secrets ? config : withholdSecrets(config), sources: Object.fromEntries(sources), running: others }, null, 2);
}

function inRunning(running: readonly OtherSetting[] | undefined): readonly string[] {
  if (running === undefined || running.length === 0) return [];
  const said = running.map(({ path, value }) => `#   ${path}: ${value === undefined ? "not set" : JSON.stringify(value)}`);
  return ["# the server that runs on this data folder has been started with other settings, until it is started again:", ...said, ""];
}

interface Section {
  readonly header: string;
  readonly lines: readonly Line[];
}

interface Line {
  /** What the setting means, and what it may be. */
  readonly about: string;
  readonly text: string;
  /** A value of milliseconds in plain words. */
  readonly duration: string | undefined;
  readonly source: string;
}

/** A configuration file. `sources`: with where each value comes from. `secrets`: with those; otherwise they are comments, without their values. */
export function configToml(loaded: LoadedConfig, { sources, secrets }: { readonly sources: boolean; readonly secrets: boolean }): string {
  const sections = [...settingSections(loaded, secrets), ...tables.flatMap((table) => tableSections(loaded, table, secrets))];
  const width = Math.max(...sections.flatMap(({ lines }) => lines.map(({ text }) => text.length)));
  const body = sections.map(({ header, lines }) => {
    const settings = lines.map(({ about, text, duration, source }) => {
      const notes = [...(duration === undefined ? [] : [duration]), ...(sources ? [source] : [])];
      return `# ${about}\n${notes.length === 0 ? text : `${text.padEnd(width)}  # ${notes.join("; ")}`}`;
    });
    return [...(header === "" ? [] : [`[${header}]`]), ...settings].join("\n");
  });
  const file = loaded.file === undefined ? "no configuration file" : `configuration file ${loaded.file}`;
  return [...(sources ? [`# ${file}`] : []), ...body].join("\n\n");
}

/** In TOML the keys without a table come first. */
function settingSections({ config, sources }: LoadedConfig, secrets: boolean): readonly Section[] {
  const settings = fields.filter(({ path }) => !path.includes("[]") && !(tables.includes(path) && listAt(config, path).length > 0));
  const headers = [...new Set(["", ...settings.map(({ path }) => split(path).table)])];
  return headers.map((header) => {
    const lines = settings
      .filter(({ path }) => split(path).table === header)
      .map((field) => {
        const value = field.path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], config);
        return line(field, value, sources.get(field.path) ?? "default", secrets);
      });
    return { header, lines };
  });
}

/** Settings that are lists of tables, in the order of the schema. */
const tables: readonly string[] = [...new Set(fields.flatMap(({ path }) => (path.includes("[].") ? [path.slice(0, path.indexOf("[]."))] : [])))];

function tableSections({ config, sources }: LoadedConfig, table: string, secrets: boolean): readonly Section[] {
  const keys = fields.filter(({ path }) => path.startsWith(`${table}[].`));
  return listAt(config, table).map((item, index) => ({
    header: `[${table}]`,
    lines: keys.map((field) => {
      const { key } = split(field.path);
      const source = sources.get(`${table}[${index}].${key}`) ?? sources.get(table) ?? "default";
      return line(field, item[key], source, secrets);
    }),
  }));
}

function listAt(config: LoadedConfig["config"], path: string): readonly Readonly<Record<string, unknown>>[] {
  return path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], config) as readonly Readonly<Record<string, unknown>>[];
}

/** What is not set is shown as a comment, so that it can be found. */
function line(field: Field, value: unknown, source: string, secrets: boolean): Line {
  const { key } = split(field.path);
  const about = aboutOf(field);
  const duration = field.unit === "ms" && typeof value === "number" ? durationText(value) : undefined;
  if (value !== undefined && field.secret && !secrets) {
    return { about, text: `# ${setting(key, withheldText)}`, duration, source: `${source}; --secrets shows it` };
  }
  if (value !== undefined) return { about, text: setting(key, value), duration, source };
  return { about, text: `# ${setting(key, field.placeholder ?? "")}`, duration, source: "not set" };
}

function aboutOf(field: Field): string {
  const { description, expected, kind, unit, max } = fieldAt(field.path) ?? field;
  if (kind === "text" && field.values === undefined) return description;
  const most = unit === "ms" && max !== undefined ? durationText(max) : undefined;
  return `${description} Expected: ${expected}${most === undefined ? "" : ` (at most ${most})`}.`;
}

const durations = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1_000]] as const;

/** In the largest unit of which it is a whole number; undefined for what is read as easily in milliseconds. */
function durationText(ms: number): string | undefined {
  const [unit, size] = durations.find(([, size]) => ms >= size && ms % size === 0) ?? [];
  if (unit === undefined || size === undefined) return undefined;
  return `${ms / size} ${unit}${ms === size ? "" : "s"}`;
}

function split(path: string): { readonly table: string; readonly key: string } {
  const cut = path.lastIndexOf(".");
  return { table: path.slice(0, Math.max(0, cut)), key: path.slice(cut + 1) };
}

function setting(key: string, value: unknown): string {
  return stringify({ [key]: value }).trim();
}
