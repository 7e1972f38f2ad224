/** What a server says when it accepts clients. */
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { RunningServer } from "../server.ts";
import { style } from "./terminal.ts";

/** `ready c2s=127.0.0.1:5222 c2sTls=[::1]:5223 http=127.0.0.1:5280`: scripts wait for this line and take the ports from it. */
export function readyLine(listeners: RunningServer["listeners"]): string {
  return ["ready", ...listeners.map((listener) => `${listener.name}=${endPoint(listener)}`)].join(" ");
}

/**
 * For a person who has just started it. What is no terminal may be kept for long, such as a journal: there the inspector's address, which has its
 * token, is not told, but the command that tells it.
 */
export function greeting(
  config: Config,
  sources: LoadedConfig["sources"],
  { listeners, inspector }: Pick<RunningServer, "listeners" | "inspector">,
  isTerminal: boolean,
): string {
  const [host] = config.hosts;
  const ways = listeners.filter(({ name }) => name === "c2s" || name === "c2sTls").map((listener) => `${endPoint(listener)} (${listener.name === "c2s" ? "STARTTLS" : "TLS"})`);
  const components = listeners.find(({ name }) => name === "components");
  const certificate = host?.certificate === undefined ? "; its certificate is signed by itself, which the client must accept" : "";
  const example = `romeo@${host?.domain ?? "localhost"}`;
  return [
    style("1", `refrain serves ${config.hosts.map(({ domain }) => domain).join(", ")} with its data in ${config.dataDir}`, process.stdout),
    `  add a user        ${command()} user add ${example}${folder(config, sources)}`,
    `  connect a client  as ${example} to ${ways.join(" or ")}${certificate}`,
    ...(components === undefined ? [] : [`  components        ${config.components.map(({ domain }) => domain).join(", ")} connect to ${endPoint(components)} (XEP-0114, no TLS)`]),
    `  see sessions      ${command()} sessions${folder(config, sources)}`,
    ...(inspector === undefined ? [] : [watching(inspector, isTerminal) ?? `  watch sessions    ${command()} inspect${folder(config, sources)}`]),
  ].join("\n");
}

/** One address for both, where there is a chat. */
function watching(inspector: NonNullable<RunningServer["inspector"]>, isTerminal: boolean): string | undefined {
  if (!isTerminal) return undefined;
  const chat = inspector.chatUrl();
  return chat === undefined ? `  watch sessions    ${inspector.url()}` : `  chat and watch    ${chat}`;
}

function endPoint({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** Under `npm start` the command is in nobody's path. */
function command(): string {
  return process.env["npm_lifecycle_event"] === "start" ? "npx refrain" : "refrain";
}

function folder(config: Config, sources: LoadedConfig["sources"]): string {
  if (sources.get("dataDir") === "default") return "";
  const plain = /^[\w./:@~\\-]+$/.test(config.dataDir);
  return ` --data ${plain ? config.dataDir : JSON.stringify(config.dataDir)}`;
}
