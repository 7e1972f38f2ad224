/** What the server that runs on a data folder has set otherwise than the configuration that was read. */
import { connectAdmin } from "../admin/connect.ts";
import { AdminError } from "../admin/errors.ts";
import { fields } from "../config/fields.ts";
import type { Config } from "../config/schema.ts";
import { liveClock } from "../live.ts";
import { warn } from "./terminal.ts";

export interface OtherSetting {
  /** `listen.c2s.port`; `hosts` for all that is said of them. */
  readonly path: string;
  /** Of the running server; undefined where it has none. */
  readonly value: unknown;
}

/** In the order of the settings; undefined where no server runs, or it cannot be asked: then it is said why. */
export async function runningOtherwise(config: Config): Promise<readonly OtherSetting[] | undefined> {
  try {
    const client = await connectAdmin(config.dataDir, liveClock);
    if (client === undefined) return undefined;
    const running = await client.config().finally(() => client.close());
    return differences(config, running);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    warn(`the running server cannot be asked for its configuration: ${error.message}`);
    return undefined;
  }
}

function differences(config: Config, running: Config): readonly OtherSetting[] {
  const paths = [...new Set(fields.map(({ path }) => path.replace(/\[\].*/, "")))];
  return paths.flatMap((path) => {
    const value = valueAt(running, path);
    return JSON.stringify(value) === JSON.stringify(valueAt(config, path)) ? [] : [{ path, value }];
  });
}

function valueAt(config: Config, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], config);
}
