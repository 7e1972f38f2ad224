/** The machine's own words about a state or a transition that the picture shows: nothing of it is written twice. */
import { sessionGuardWords } from "../../../machines/guard-words.ts";
import { sessionMachine } from "../../../machines/session.ts";

export interface StateWords {
  readonly path: string;
  readonly description: string;
  readonly tags: readonly string[];
}

export interface TransitionWords {
  readonly name: string;
  /** Where it begins; `*` for the whole machine. */
  readonly from: string;
  readonly event: string;
  /** A guard's name and what it asks; null where the event alone decides. */
  readonly guard: { readonly name: string; readonly words: string } | null;
  /** Where it leads; null if the state is not left. */
  readonly to: string | null;
  readonly actions: readonly string[];
}

/** `*` is the whole machine. Undefined for a state that the machine does not have. */
export function stateWords(path: string): StateWords | undefined {
  const node = nodeAt(path);
  if (node === undefined) return undefined;
  const description = path === "*" ? "What holds in every state that has no answer of its own to the event." : (node.description ?? "");
  return { path, description, tags: node.tags as readonly string[] };
}

/** Undefined for a transition that the machine does not have: a recording may come from another version of it. */
export function transitionWords(name: string): TransitionWords | undefined {
  const [from = "", event = "", place = ""] = name.split("/");
  const node = nodeAt(from);
  const candidates = event === "" ? node?.always : node?.transitions.get(event as never);
  const transition = candidates?.[Number(place)];
  if (transition === undefined) return undefined;
  const target = transition.target?.[0];
  return {
    name,
    from,
    event,
    guard: guardOf(transition.guard, Number(place)),
    to: target === undefined ? null : target.path.join("."),
    actions: transition.actions.map(nameOf),
  };
}

type Node = typeof sessionMachine.root;

function nodeAt(path: string): Node | undefined {
  if (path === "*") return sessionMachine.root;
  const keys = path.split(".");
  return keys.reduce<Node | undefined>((node, key) => (node === undefined ? node : new Map(Object.entries(node.states)).get(key) as Node | undefined), sessionMachine.root);
}

function guardOf(guard: unknown, place: number): TransitionWords["guard"] {
  if (guard === undefined) return place === 0 ? null : { name: "else", words: "No guard before it holds." };
  const name = nameOf(guard);
  return { name, words: sessionGuardWords[name] ?? "" };
}

function nameOf(thing: unknown): string {
  return typeof thing === "string" ? thing : String((thing as { readonly type?: unknown }).type);
}
