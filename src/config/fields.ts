/** The settings as a flat list, made from the schema: for the environment, for messages, for the reference page. */
import { z } from "zod";
import { configSchema } from "./schema.ts";

export interface Field {
  /** `listen.c2s.port`; an item of a list is `[]`: `hosts[].domain`. */
  readonly path: string;
  readonly kind: "integer" | "boolean" | "text" | "list";
  readonly description: string;
  /** What a value must be, for a person: `1–65535 (0 picks a free one)`. */
  readonly expected: string;
  /** The value where nobody gives one; undefined where the setting may be absent. */
  readonly default: unknown;
  readonly unit: string | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly values: readonly string[] | undefined;
  /** What stands for a value of one that may be absent: in a file that is begun it stands there as a comment. */
  readonly placeholder: string | undefined;
  /** It is shown to nobody who does not ask for it. */
  readonly secret: boolean;
  /** The environment variable, `REFRAIN_LISTEN_C2S_PORT`; undefined within a list. */
  readonly env: string | undefined;
}

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly default?: unknown;
  readonly description?: string;
  readonly expected?: string;
  readonly unit?: string;
  readonly placeholder?: string;
  readonly secret?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
}

/** Every setting, in the order of the schema. */
export const fields: readonly Field[] = list("", z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema);

const byPath = new Map(fields.map((field) => [field.path, field]));

/** The setting at a path in which items may be numbered (`hosts[2].domain`). */
export function fieldAt(path: string): Field | undefined {
  return byPath.get(path.replaceAll(/\[\d+\]/g, "[]"));
}

/** `listen.c2sTls.port` is REFRAIN_LISTEN_C2S_TLS_PORT. */
export function environmentName(path: string): string {
  return `REFRAIN_${path.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(".", "_").toUpperCase()}`;
}

function list(path: string, schema: JsonSchema): readonly Field[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, child]) => list(path === "" ? key : `${path}.${key}`, child));
  }
  const field = {
    path,
    kind: kindOf(schema),
    description: schema.description ?? "",
    expected: schema.expected ?? expectation(schema),
    default: schema.default,
    unit: schema.unit,
    min: schema.minimum,
    max: schema.maximum,
    values: schema.enum,
    placeholder: schema.placeholder,
    secret: schema.secret === true,
    env: path.includes("[]") ? undefined : environmentName(path),
  } satisfies Field;
  return schema.items === undefined ? [field] : [field, ...list(`${path}[]`, schema.items)];
}

function kindOf(schema: JsonSchema): Field["kind"] {
  if (schema.items !== undefined) return "list";
  if (schema.type === "integer" || schema.type === "boolean") return schema.type;
  return "text";
}

function expectation(schema: JsonSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(", ")}`;
  if (schema.type === "boolean") return "true or false";
  if (schema.type === "integer") return `${schema.minimum}–${schema.maximum}${schema.unit === undefined ? "" : ` ${schema.unit}`}`;
  return "text";
}
