/** The states that are active, parents included, by a state's name: another way to it than the page's own. */
import type { AnyStateNode } from "xstate";
import { sessionMachine } from "../../../machines/session.ts";

/** `connected.available+interested+attached` → `connected`, `connected.availability`, `connected.availability.available`, … in order. */
export function activeStates(name: string): readonly string[] {
  const dot = name.lastIndexOf(".");
  const parent = dot === -1 ? "" : name.slice(0, dot);
  const leaves = name.slice(dot + 1).split("+");
  const all = nodesBelow(sessionMachine.root);
  const found = leaves.map((leaf) => all.find(({ key, path }) => key === leaf && path.join(".").startsWith(parent)));
  const paths = found.flatMap((node, index) => {
    if (node === undefined) throw new Error(`${name}: the machine has no state ${leaves[index]}`);
    return node.path.map((_, end) => node.path.slice(0, end + 1).join("."));
  });
  return [...new Set(paths)].toSorted();
}

function nodesBelow(node: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...nodesBelow(child)]);
}
