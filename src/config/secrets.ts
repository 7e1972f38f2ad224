/** The settings that are secrets, as the schema marks them: what is shown of them where they are not asked for. */
import type { Config } from "./schema.ts";
import { fieldAt } from "./fields.ts";

/** Stands for a secret that is there. */
export const withheldText = "(withheld)";

export function withholdSecrets(config: Config): Config {
  return withholdAt("", config) as Config;
}

/** The same of one setting, or of a part of one, by its path: `metrics.token`, `externalServices`, `externalServices[0].secret`. */
export function withholdAt(path: string, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (fieldAt(path)?.secret === true) return withheldText;
  if (Array.isArray(value)) return value.map((item: unknown, index) => withholdAt(`${path}[${index}]`, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]: [string, unknown]) => [key, withholdAt(path === "" ? key : `${path}.${key}`, item)]));
}

/** The paths of those that are set, for a person. */
export function secretPaths(config: Config): readonly string[] {
  return pathsIn("", config);
}

function pathsIn(path: string, value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (fieldAt(path)?.secret === true) return [path];
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => pathsIn(`${path}[${index}]`, item));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => pathsIn(path === "" ? key : `${path}.${key}`, item));
}
