/**
 * Where nodes are kept. In memory with the account (`House.setState`): each node, the index of its items in chunks, affiliations,
 * subscriptions, and where the user itself has subscribed, each in a space of its own, so that nobody who fills one of them is in the
 * way of another. On the disk alone (`House.data`): payloads.
 */
import type { Account } from "../domain/account.ts";
import type { Json } from "../domain/json.ts";
import { stateKeysMax, stateValueBytesMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";
import { entriesOf, type IndexChange, type ItemIndex } from "./item-index.ts";
import { configFields, configNames, defaultConfig, sameValue, type NodeConfig } from "./node-config.ts";
import type { Entry, Node } from "./node.ts";

export type SetState = (step: Step, account: Account, space: string, key: string, value: Json) => void;

/** The spaces of all that is kept for nodes; `pep` is also that of the payloads. */
export const nodeSpaces = {
  nodes: "pep", index: "pep-index", affiliations: "pep-affiliations", subscriptions: "pep-subscriptions", subscribed: "pep-subscribed",
} as const;

/** The key of a payload. A node's name is told from an item's: what comes before the first "/" is the node. */
export function itemKey(node: string, item: string): string {
  return `${escaped(node)}/${item}`;
}

export function nodeIds(account: Account): readonly string[] {
  return [...account.states(nodeSpaces.nodes).keys()].toSorted();
}

export function hasNode(account: Account, id: string): boolean {
  return readRow(account, id) !== undefined;
}

export function readNode(account: Account, id: string): Node | undefined {
  const row = readRow(account, id);
  return row === undefined ? undefined : { id, createdAt: row.created, config: configOf(row.config), entries: entriesOf(indexOf(account, id, row)) };
}

/** Without its items, which cost more the more there are. */
export function readConfig(account: Account, id: string): NodeConfig | undefined {
  const row = readRow(account, id);
  return row === undefined ? undefined : configOf(row.config);
}

export function readIndex(account: Account, id: string): ItemIndex {
  const row = readRow(account, id);
  return row === undefined ? new Map() : indexOf(account, id, row);
}

/** What is kept of all items of the account together, in bytes. */
export function itemBytes(account: Account): number {
  let bytes = 0;
  for (const chunk of account.states(nodeSpaces.index).values()) for (const entry of entriesIn(chunk)) bytes += entry.bytes;
  return bytes;
}

/** Whether the configuration can be kept: its texts together are not too long. */
export function hasRoomForConfig(config: NodeConfig): boolean {
  // The rest of the row is for the numbers of chunks, of which there are `stateKeysMax` at most.
  return Buffer.byteLength(JSON.stringify(chosenOf(config))) <= stateValueBytesMax / 4;
}

/** Whether so many more chunks can be kept. */
export function hasRoomForIndex(account: Account, { writes }: IndexChange, before: ItemIndex): boolean {
  const fresh = [...writes].filter(([number, entries]) => entries !== null && !before.has(number)).length;
  const gone = [...writes.values()].filter((entries) => entries === null).length;
  return account.states(nodeSpaces.index).size + fresh - gone <= stateKeysMax;
}

export function writeNode(setState: SetState, step: Step, account: Account, id: string, config: NodeConfig): void {
  const { created = step.at, chunks = [] } = readRow(account, id) ?? {};
  setState(step, account, nodeSpaces.nodes, id, { created, config: chosenOf(config), chunks });
}

export function writeIndex(setState: SetState, step: Step, account: Account, id: string, { index, writes }: IndexChange): void {
  const row = readRow(account, id);
  if (row === undefined) return;
  // What goes makes room for what comes.
  for (const [number, entries] of writes) if (entries === null) setState(step, account, nodeSpaces.index, chunkKey(id, number), null);
  for (const [number, entries] of writes) {
    if (entries !== null) setState(step, account, nodeSpaces.index, chunkKey(id, number), entries.map(({ id, bytes, at }) => [id, bytes, at]));
  }
  const chunks = [...index.keys()];
  if (chunks.join() !== row.chunks.join()) setState(step, account, nodeSpaces.nodes, id, { created: row.created, config: row.config, chunks });
}

/** The node and its index. */
export function removeNode(setState: SetState, step: Step, account: Account, id: string): void {
  for (const number of readRow(account, id)?.chunks ?? []) setState(step, account, nodeSpaces.index, chunkKey(id, number), null);
  setState(step, account, nodeSpaces.nodes, id, null);
}

interface Row {
  readonly created: number;
  /** What was chosen, where it is not what everybody has. */
  readonly config: Readonly<Record<string, Json>>;
  readonly chunks: readonly number[];
}

/** What cannot be read is not there: an import may have brought anything. */
function readRow(account: Account, id: string): Row | undefined {
  const row = account.state(nodeSpaces.nodes, id);
  if (!isObject(row)) return undefined;
  const { created, config, chunks } = row;
  if (typeof created !== "number" || !isObject(config) || !Array.isArray(chunks)) return undefined;
  return { created, config, chunks: chunks.filter((number) => typeof number === "number") };
}

function configOf(chosen: Readonly<Record<string, Json>>): NodeConfig {
  const values = configNames.flatMap((name) => {
    const value = chosen[name];
    if (value === undefined) return [];
    const read = configFields[name].read((Array.isArray(value) ? value : [value]).map(String));
    return read === undefined ? [] : [[name, read] as const];
  });
  return { ...defaultConfig, ...Object.fromEntries(values) };
}

function chosenOf(config: NodeConfig): Record<string, Json> {
  const chosen = configNames.filter((name) => !sameValue(name, config[name], defaultConfig[name]));
  return Object.fromEntries(chosen.map((name) => [name, config[name] as Json]));
}

function indexOf(account: Account, id: string, { chunks }: Row): ItemIndex {
  return new Map(chunks.flatMap((number) => {
    const entries = entriesIn(account.state(nodeSpaces.index, chunkKey(id, number)));
    return entries.length === 0 ? [] : [[number, entries] as const];
  }));
}

function entriesIn(chunk: Json | undefined): readonly Entry[] {
  if (!Array.isArray(chunk)) return [];
  let entries = readChunks.get(chunk);
  if (entries === undefined) readChunks.set(chunk, (entries = readChunk(chunk)));
  return entries;
}

/** What is kept is never changed in its place: a chunk is read once, however often its node is looked at. */
const readChunks = new WeakMap<readonly Json[], readonly Entry[]>();

function readChunk(chunk: readonly Json[]): readonly Entry[] {
  return chunk.flatMap((each) => {
    const [id, bytes, at] = Array.isArray(each) ? (each as readonly Json[]) : [];
    return typeof id === "string" && typeof bytes === "number" && typeof at === "number" ? [{ id, bytes, at }] : [];
  });
}

function chunkKey(id: string, number: number): string {
  return itemKey(id, String(number));
}

function escaped(node: string): string {
  return node.replaceAll("%", "%25").replaceAll("/", "%2F");
}

function isObject(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
