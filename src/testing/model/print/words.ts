/** How a model's events and effects are said to people: by whom, to whom, in which words. */
import type { AnyEventObject } from "xstate";
import type { AnyModel } from "../machine-model.ts";
import { sessionWords } from "./session-words.ts";
import { subscriptionWords } from "./subscription-words.ts";

/** Something that goes from one participant to another; from one to itself where nobody else notices. */
export interface Said {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** The link between the two is gone with it. */
  readonly ends?: true;
}

export interface ModelWords {
  /** The machine itself, whose state is shown. */
  readonly self: string;
  /** All of them, from left to right. */
  readonly participants: readonly string[];
  readonly event: (event: AnyEventObject) => Said;
  /** `at`: of the event that it follows from, in milliseconds since 1970. */
  readonly effect: (effect: AnyEventObject, at: number) => Said;
}

/** The session and the subscription have words of their own; for every other machine its host tells, and the machine asks. */
export function wordsOf(model: Pick<AnyModel, "name" | "startAt">): ModelWords {
  const own = Object.hasOwn(ownWords, model.name) ? ownWords[model.name] : undefined;
  if (own === undefined) return plainWords;
  return {
    ...own,
    event: (event) => attempt(() => own.event(event)) ?? plainWords.event(event),
    effect: (effect, at) => attempt(() => own.effect(effect, at)) ?? plainWords.effect(effect, at),
  };
}

const ownWords: Readonly<Record<string, ModelWords>> = { "client-session": sessionWords, subscription: subscriptionWords };

const plainWords: ModelWords = {
  self: "machine",
  participants: ["host", "machine"],
  event: (event) => ({ from: "host", to: "machine", text: inBrief(event) }),
  effect: (effect) => ({ from: "machine", to: "host", text: inBrief(effect) }),
};

/** `door.opened {"by":"romeo"}`, without the time, which is shown beside it. */
function inBrief({ type, ...carried }: AnyEventObject): string {
  const rest = Object.entries(carried).filter(([name]) => name !== "at");
  return rest.length === 0 ? type : `${type} ${JSON.stringify(Object.fromEntries(rest))}`;
}

/** A changed machine may tell events of the same name in another shape. */
function attempt(say: () => Said): Said | undefined {
  try {
    return say();
  } catch {
    return undefined;
  }
}
