/** The configuration of a node, by the names of XEP-0060 section 16.4.4: what can be chosen, and what is chosen where nobody has. */
import { nodeConfigTextBytesMax, nodeGroupsMax, nodeItemsMax, nodePayloadBytesMax } from "../domain/limits.ts";
import { booleanOf } from "../xml/data-form.ts";

export const accessModels = ["authorize", "open", "presence", "roster", "whitelist"] as const;
export type AccessModel = (typeof accessModels)[number];

export interface NodeConfig {
  readonly title: string;
  readonly description: string;
  /** What the payloads mean, usually their namespace. */
  readonly type: string;
  readonly access_model: AccessModel;
  /** Counts with the access model `roster`. */
  readonly roster_groups_allowed: readonly string[];
  readonly persist_items: boolean;
  /** `max` is `nodeItemsMax`. */
  readonly max_items: number | "max";
  readonly publish_node_full: "retract-oldest" | "discard-oldest" | "reject";
  /** Bytes of a payload as it is kept. */
  readonly max_payload_size: number;
  readonly send_last_published_item: "never" | "on_sub" | "on_sub_and_presence";
  readonly subscribe: boolean;
  readonly deliver_notifications: boolean;
  readonly deliver_payloads: boolean;
  readonly notification_type: "headline" | "normal";
  readonly notify_config: boolean;
  readonly notify_delete: boolean;
  readonly notify_retract: boolean;
  readonly notify_sub: boolean;
  /** Whether items say who published them. */
  readonly itemreply: "none" | "publisher";
}

export type NodeConfigName = keyof NodeConfig;

interface Field<Value> {
  readonly type: "boolean" | "list-single" | "list-multi" | "text-single";
  readonly label: string;
  readonly options?: readonly string[];
  /** XEP-0163 section 5 decides where it says anything. */
  readonly default: Value;
  /** undefined: no such value. */
  readonly read: (values: readonly string[]) => Value | undefined;
}

export const configFields: { readonly [Name in NodeConfigName]: Field<NodeConfig[Name]> } = {
  title: text("A friendly name for the node"),
  description: text("A description of the node"),
  type: text("What the payloads mean, usually their namespace"),
  access_model: choice("Who may subscribe and retrieve items", accessModels, "presence"),
  roster_groups_allowed: {
    type: "list-multi",
    label: "The roster groups that may subscribe and retrieve items",
    default: [],
    read: (values) => (values.length <= nodeGroupsMax && values.every(isShort) ? [...new Set(values)] : undefined),
  },
  persist_items: flag("Whether to persist items to storage", true),
  max_items: {
    type: "text-single",
    label: `The maximum number of items to persist; max for as many as there can be, ${nodeItemsMax}`,
    default: 1,
    read: (values) => (isOne(values, "max") ? "max" : number(values, nodeItemsMax)),
  },
  publish_node_full: choice("What happens when an item is published on a full node", ["retract-oldest", "discard-oldest", "reject"], "retract-oldest"),
  max_payload_size: {
    type: "text-single",
    label: "The maximum payload size in bytes",
    default: nodePayloadBytesMax,
    read: (values) => number(values, nodePayloadBytesMax),
  },
  send_last_published_item: choice("When to send the last published item", ["never", "on_sub", "on_sub_and_presence"], "on_sub_and_presence"),
  subscribe: flag("Whether to allow subscriptions", true),
  deliver_notifications: flag("Whether to deliver event notifications", true),
  deliver_payloads: flag("Whether to deliver payloads with event notifications", true),
  notification_type: choice("The type of the messages that notify", ["headline", "normal"], "headline"),
  notify_config: flag("Whether to notify subscribers when the node configuration changes", false),
  notify_delete: flag("Whether to notify subscribers when the node is deleted", true),
  notify_retract: flag("Whether to notify subscribers when items are removed from the node", true),
  notify_sub: flag("Whether to notify the owner about new subscribers and unsubscribes", false),
  itemreply: choice("Whether items say who published them", ["none", "publisher"], "none"),
};

export const configNames = Object.keys(configFields) as readonly NodeConfigName[];

export const defaultConfig = Object.fromEntries(configNames.map((name) => [name, configFields[name].default])) as unknown as NodeConfig;

/** What is the same for every node: a client may say it, and nothing else of it. */
export const fixedFields: Readonly<Record<string, readonly string[]>> = {
  node_type: ["leaf"],
  publish_model: ["publishers"],
  item_expire: ["max"],
  purge_offline: ["0", "false"],
  tempsub: ["0", "false"],
};

/** Items that the node keeps. One that is not persistent still has its last one, to send it (XEP-0060 section 12.10). */
export function itemsMaxOf({ persist_items, max_items, send_last_published_item }: NodeConfig): number {
  if (persist_items) return max_items === "max" ? nodeItemsMax : max_items;
  return send_last_published_item === "never" ? 0 : 1;
}

/** Whether all of it is what nodes can be configured with. */
export function isConfig(value: object): value is Partial<NodeConfig> {
  return Object.entries(value).every(([name, given]: readonly [string, unknown]) => {
    const field = Object.hasOwn(configFields, name) ? configFields[name as NodeConfigName] : undefined;
    const isValue = Array.isArray(given) ? given.every((each) => typeof each === "string") : ["string", "number", "boolean"].includes(typeof given);
    if (field === undefined || !isValue) return false;
    const read = field.read(valuesOf(given as NodeConfig[NodeConfigName]));
    return read !== undefined && sameValue(name as NodeConfigName, read, given as NodeConfig[NodeConfigName]) && typeof read === typeof given;
  });
}

/** Whether two values of one field mean the same. */
export function sameValue(name: NodeConfigName, a: NodeConfig[NodeConfigName], b: NodeConfig[NodeConfigName]): boolean {
  return canonical(name, a) === canonical(name, b);
}

function canonical(name: NodeConfigName, value: NodeConfig[NodeConfigName]): string {
  if (name === "max_items" && value === "max") return String(nodeItemsMax);
  return Array.isArray(value) ? JSON.stringify(value.toSorted()) : String(value);
}

/** As a form's field shows it. */
export function valuesOf(value: NodeConfig[NodeConfigName]): readonly string[] {
  if (typeof value === "boolean") return [value ? "1" : "0"];
  if (typeof value === "object") return value;
  return value === "" ? [] : [String(value)];
}

function text(label: string): Field<string> {
  return { type: "text-single", label, default: "", read: (values) => (values.length <= 1 && isShort(values[0] ?? "") ? (values[0] ?? "") : undefined) };
}

function flag(label: string, value: boolean): Field<boolean> {
  return { type: "boolean", label, default: value, read: (values) => (values.length === 1 ? booleanOf(values[0]) : undefined) };
}

function choice<const Options extends readonly string[]>(label: string, options: Options, value: Options[number]): Field<Options[number]> {
  return { type: "list-single", label, options, default: value, read: (values) => options.find((option) => isOne(values, option)) };
}

function number(values: readonly string[], max: number): number | undefined {
  const [value = ""] = values;
  const found = values.length === 1 && /^[0-9]{1,9}$/.test(value) ? Number(value) : 0;
  return found >= 1 && found <= max ? found : undefined;
}

function isOne(values: readonly string[], value: string): boolean {
  return values.length === 1 && values[0] === value;
}

function isShort(value: string): boolean {
  return Buffer.byteLength(value) <= nodeConfigTextBytesMax;
}
