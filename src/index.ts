/** refrain as a library: configure a server, start it, stop it. */
export { loadConfig, type LoadedConfig } from "./config/load.ts";
export { configSchema, type Config } from "./config/schema.ts";
export { startServer, type RunningServer, type ServerOptions, type ServerParts } from "./server.ts";
export type { SessionView } from "./domain/session-view.ts";
export type * from "./ports.ts";
