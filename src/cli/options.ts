/** The options that commands share, and the configuration that comes of them. */
import type { Command } from "commander";
import type { ConfigFlags, LoadedConfig } from "../config/load.ts";
import { loadConfig } from "../config/load.ts";

const configHelp =
  "configuration file, also by REFRAIN_CONFIG (default: refrain.toml in the data folder, then in the working folder)";

/** For every command. */
export function withFolderOptions(command: Command): Command {
  return command
    .option("--config <FILE>", configHelp)
    .option("--data <DIR>", "data folder, also by REFRAIN_DATA_DIR (default: ./data)");
}

/** For the commands that start a server, or show how it would start. */
export function withServerOptions(command: Command): Command {
  return withFolderOptions(command)
    .option("--domain <D>", "a domain to serve, instead of those of the file; may be repeated (default: localhost)", collect)
    .option("--host <A>", "address to listen on (default: 127.0.0.1)")
    .option("--port <N>", "port for clients that use STARTTLS; 0 picks a free one (default: 5222)")
    .option("--tls-port <N>", "port for clients that begin with TLS (default: 5223)")
    .option("--http-port <N>", "port of the HTTP listener, with the inspector, uploads, metrics and health (default: 5280)")
    .option("--allow-plaintext", "let clients log in without TLS; only on a loopback address, for tests and measurements")
    .option("--inspect-bodies", "show the texts of stanzas in the inspector; otherwise their length alone")
    .option("--log-level <L>", "trace, debug, info, warn, error, fatal or silent (default: info)");
}

/** Throws ConfigError. */
export function load(flags: ConfigFlags): LoadedConfig {
  return loadConfig({ flags, env: process.env, cwd: process.cwd() });
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
