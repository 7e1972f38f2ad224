import type { Command } from "commander";
import { stringify } from "smol-toml";
import { fields } from "../config/fields.ts";
import type { ConfigFlags, LoadedConfig } from "../config/load.ts";
import { load, withServerOptions } from "./options.ts";
import { print, warn } from "./terminal.ts";

export function addConfig(program: Command): void {
  withServerOptions(program.command("config").description("show the configuration in effect, and where each value comes from"))
    .option("--json", "as JSON: {file, config, sources}")
    .addHelpText(
      "after",
      `
A flag wins over the environment, that over the file, that over the default. Every setting has a variable: listen.c2s.port is
REFRAIN_LISTEN_C2S_PORT, hosts is REFRAIN_HOSTS=a.example,b.example. The file is --config, else REFRAIN_CONFIG, else refrain.toml
in the data folder, else refrain.toml in the working folder. What is printed is a configuration file itself.

Examples:
  refrain config
  refrain config --port 0 > refrain.toml`,
    )
    .action(({ json, ...flags }: ConfigFlags & { json?: boolean }) => {
      const loaded = load(flags);
      for (const warning of loaded.warnings) warn(warning);
      print(json === true ? toJson(loaded) : toToml(loaded));
    });
}

function toJson({ file, config, sources }: LoadedConfig): string {
  return JSON.stringify({ file: file ?? null, config, sources: Object.fromEntries(sources) }, null, 2);
}

interface Section {
  readonly header: string;
  readonly lines: readonly { readonly text: string; readonly comment: string }[];
}

function toToml(loaded: LoadedConfig): string {
  const sections = [...settingSections(loaded), ...hostSections(loaded)];
  const width = Math.max(...sections.flatMap(({ lines }) => lines.map((line) => line.text.length)));
  const body = sections.map(({ header, lines }) => {
    const text = lines.map((line) => `${line.text.padEnd(width)}  # ${line.comment}`).join("\n");
    return header === "" ? text : `\n[${header}]\n${text}`;
  });
  return [`# ${loaded.file === undefined ? "no configuration file" : `configuration file ${loaded.file}`}`, ...body].join("\n");
}

/** In TOML the keys without a table come first. */
function settingSections({ config, sources }: LoadedConfig): readonly Section[] {
  const settings = fields.filter(({ path }) => !path.startsWith("hosts"));
  const headers = [...new Set(["", ...settings.map(({ path }) => split(path).table)])];
  return headers.map((header) => {
    const lines = settings
      .filter(({ path }) => split(path).table === header)
      .map(({ path, unit }) => {
        const value = path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], config);
        const source = sources.get(path) ?? "default";
        return { text: setting(split(path).key, value), comment: unit === undefined ? source : `${unit}; ${source}` };
      });
    return { header, lines };
  });
}

function hostSections({ config, sources }: LoadedConfig): readonly Section[] {
  return config.hosts.map((host, index) => ({
    header: "[hosts]",
    lines: Object.entries(host).map(([key, value]) => {
      const source = sources.get(`hosts[${index}].${key}`) ?? sources.get("hosts") ?? "default";
      return { text: setting(key, value), comment: source };
    }),
  }));
}

function split(path: string): { readonly table: string; readonly key: string } {
  const cut = path.lastIndexOf(".");
  return { table: path.slice(0, Math.max(0, cut)), key: path.slice(cut + 1) };
}

function setting(key: string, value: unknown): string {
  return stringify({ [key]: value }).trim();
}
