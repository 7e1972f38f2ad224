/** The configuration of a node as a data form (XEP-0060 sections 8.2, 7.1.5 and 16.4.4). */
import { dataForm, readForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { fault, type Fault } from "./faults.ts";
import { configFields, configNames, fixedFields, valuesOf, type NodeConfig, type NodeConfigName } from "./node-config.ts";
import { preconditionNotMet } from "./publishing.ts";

const configType = "http://jabber.org/protocol/pubsub#node_config";
const optionsType = "http://jabber.org/protocol/pubsub#publish-options";
const prefix = "pubsub#";

/** To be filled in, or as it is. */
export function configForm(kind: "form" | "result", config: NodeConfig): Element {
  const fields = configNames.map((name) => {
    const { type, label, options } = configFields[name];
    return { var: prefix + name, values: valuesOf(config[name]), ...(kind === "result" ? {} : { type, label, ...(options === undefined ? {} : { options }) }) };
  });
  const fixed = ["node_type", "publish_model"].map((name) => {
    const values = fixedFields[name] ?? [];
    return { var: prefix + name, values, ...(kind === "result" ? {} : { type: "list-single", options: values }) };
  });
  return dataForm(kind, configType, [...fields, ...fixed]);
}

/**
 * What an owner has chosen; undefined if it has cancelled. Fields that nobody knows are passed over, as in every form that is sent back
 * with what was in it; what a known field cannot be is refused.
 */
export function readConfig(form: Element): { readonly config: Partial<NodeConfig> | undefined } | Fault {
  const read = readForm(form);
  if (read === undefined) return malformed;
  if (read.kind === "cancel") return { config: undefined };
  // One that does not say whose fields it has can be nothing else here.
  if (read.kind !== "submit" || (read.formType ?? configType) !== configType) return malformed;
  return readFields(read.fields, () => undefined, (name) => (name === `${prefix}access_model` ? noSuchModel : impossible(name)));
}

/** What has to hold for a publication. A field that nobody knows is a condition that nothing meets (section 7.1.5). */
export function readOptions(form: Element): { readonly config: Partial<NodeConfig> | undefined } | Fault {
  const read = readForm(form);
  if (read === undefined || read.kind !== "submit" || read.formType !== optionsType) return malformed;
  return readFields(read.fields, (name) => preconditionNotMet(`no node has ${name}`), (name) => preconditionNotMet(`${name} cannot be that`));
}

function readFields(
  fields: ReadonlyMap<string, readonly string[]>, unknown: (name: string) => Fault | undefined, wrong: (name: string) => Fault,
): { readonly config: Partial<NodeConfig> } | Fault {
  const config: Partial<Record<NodeConfigName, unknown>> = {};
  for (const [full, values] of fields) {
    const name = full.startsWith(prefix) ? full.slice(prefix.length) : "";
    if (Object.hasOwn(fixedFields, name)) {
      if (values.length !== 1 || fixedFields[name]?.includes(values[0] ?? "") !== true) return wrong(full);
    } else if (isName(name)) {
      const value = configFields[name].read(values);
      if (value === undefined) return wrong(full);
      config[name] = value;
    } else {
      const refused = unknown(full);
      if (refused !== undefined) return refused;
    }
  }
  return { config: config as Partial<NodeConfig> };
}

function isName(name: string): name is NodeConfigName {
  return Object.hasOwn(configFields, name);
}

function impossible(name: string): Fault {
  return fault("not-acceptable", `${name} cannot be that`);
}

const malformed = fault("bad-request", "this is no form of the type that is needed here");
/** Section 8.1.2. */
const noSuchModel = fault("not-acceptable", "there is no such access model", "unsupported-access-model");
