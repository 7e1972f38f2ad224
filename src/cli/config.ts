import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { stringify } from "smol-toml";
import { type Field, fieldAt, fields } from "../config/fields.ts";
import type { ConfigFlags, LoadedConfig } from "../config/load.ts";
import { load, withServerOptions } from "./options.ts";
import { OperatorError, print, warn } from "./terminal.ts";

export function addConfig(program: Command): void {
  withServerOptions(program.command("config").description("show the configuration in effect, and where each value comes from"))
    .option("--json", "as JSON: {file, config, sources}")
    .option("--write <FILE>", "write it as a new configuration file instead; one that exists is never touched")
    .addHelpText(
      "after",
      `
A flag wins over the environment, that over the file, that over the default. Every setting has a variable: listen.c2s.port is
REFRAIN_LISTEN_C2S_PORT, hosts is REFRAIN_HOSTS=a.example,b.example. The file is --config, else REFRAIN_CONFIG, else refrain.toml
in the data folder, else refrain.toml in the working folder. What is printed is a configuration file itself.

Examples:
  refrain config
  refrain config --port 5322 --write refrain.toml     begin a configuration file`,
    )
    .action(({ json, write, ...flags }: ConfigFlags & { json?: boolean; write?: string }) => {
      const loaded = load(flags);
      for (const warning of loaded.warnings) warn(warning);
      if (write !== undefined) writeNew(write, toToml(loaded, { sources: false }));
      else print(json === true ? toJson(loaded) : toToml(loaded, { sources: true }));
    });
}

function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`, { flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const fix = code === "EEXIST" ? "it exists already; name another, or edit that one" : `it cannot be written (${code}); check its folder`;
    throw new OperatorError(`--write ${file}: ${fix}`);
  }
  print(`wrote ${file}`);
}

function toJson({ file, config, sources }: LoadedConfig): string {
  return JSON.stringify({ file: file ?? null, config, sources: Object.fromEntries(sources) }, null, 2);
}

interface Section {
  readonly header: string;
  readonly lines: readonly Line[];
}

interface Line {
  /** What the setting means, and what it may be. */
  readonly about: string;
  readonly text: string;
  readonly source: string;
}

function toToml(loaded: LoadedConfig, { sources }: { readonly sources: boolean }): string {
  const sections = [...settingSections(loaded), ...hostSections(loaded)];
  const width = Math.max(...sections.flatMap(({ lines }) => lines.map(({ text }) => text.length)));
  const body = sections.map(({ header, lines }) => {
    const settings = lines.map(({ about, text, source }) => `# ${about}\n${sources ? `${text.padEnd(width)}  # ${source}` : text}`);
    return [...(header === "" ? [] : [`[${header}]`]), ...settings].join("\n");
  });
  const file = loaded.file === undefined ? "no configuration file" : `configuration file ${loaded.file}`;
  return [...(sources ? [`# ${file}`] : []), ...body].join("\n\n");
}

/** In TOML the keys without a table come first. */
function settingSections({ config, sources }: LoadedConfig): readonly Section[] {
  const settings = fields.filter(({ path }) => !path.startsWith("hosts"));
  const headers = [...new Set(["", ...settings.map(({ path }) => split(path).table)])];
  return headers.map((header) => {
    const lines = settings
      .filter(({ path }) => split(path).table === header)
      .map((field) => {
        const value = field.path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], config);
        return { about: aboutOf(field), text: setting(split(field.path).key, value), source: sources.get(field.path) ?? "default" };
      });
    return { header, lines };
  });
}

/** What a host does not set is shown as a comment, so that it can be found. */
function hostSections({ config, sources }: LoadedConfig): readonly Section[] {
  const keys = fields.filter(({ path }) => path.startsWith("hosts[]."));
  return config.hosts.map((host, index) => ({
    header: "[hosts]",
    lines: keys.map((field) => {
      const { key } = split(field.path);
      const value = (host as Readonly<Record<string, unknown>>)[key];
      const source = sources.get(`hosts[${index}].${key}`) ?? sources.get("hosts") ?? "default";
      return { about: aboutOf(field), text: value === undefined ? `# ${key} = "FILE"` : setting(key, value), source: value === undefined ? "not set" : source };
    }),
  }));
}

function aboutOf(field: Field): string {
  const { description, expected, kind } = fieldAt(field.path) ?? field;
  return kind === "text" && field.values === undefined ? description : `${description} Expected: ${expected}.`;
}

function split(path: string): { readonly table: string; readonly key: string } {
  const cut = path.lastIndexOf(".");
  return { table: path.slice(0, Math.max(0, cut)), key: path.slice(cut + 1) };
}

function setting(key: string, value: unknown): string {
  return stringify({ [key]: value }).trim();
}
