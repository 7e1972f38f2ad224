/** Which parts of the picture are lit at a moment: by the names of states and transitions, never by events. */
import type { Moment } from "../model/contract.ts";
import { stateKey, type ItemKey } from "./items.ts";
import type { Picture, PictureLine } from "./picture.ts";
import { transitionWords } from "./transitions.ts";

export interface Lighting {
  /** Active states without an active one inside. */
  readonly leaves: ReadonlySet<string>;
  /** Active states around them. */
  readonly around: ReadonlySet<string>;
  /** Names of the transitions that were just taken. */
  readonly taken: ReadonlySet<string>;
  /** Leaves that these transitions led to. */
  readonly entered: ReadonlySet<string>;
  /** The place of the moment: another one is another light. */
  readonly index: number;
}

export function lightingOf(moment: Pick<Moment, "active" | "taken" | "index"> | undefined): Lighting {
  const { active = [], taken = [], index = -1 } = moment ?? {};
  const leaves = active.filter((path) => !active.some((other) => other.startsWith(`${path}.`)));
  const targets = taken.flatMap((name) => transitionWords(name)?.to ?? []);
  return {
    leaves: new Set(leaves),
    around: new Set(active.filter((path) => !leaves.includes(path))),
    taken: new Set(taken),
    entered: new Set(leaves.filter((path) => targets.some((target) => path === target || path.startsWith(`${target}.`)))),
    index,
  };
}

export function isTaken(line: PictureLine, { taken }: Lighting): boolean {
  return line.transitions.some((name) => taken.has(name));
}

/** Where the keyboard comes in: the state that was entered, else an active one; null while none is known. */
export function firstOf(picture: Picture, { leaves, entered }: Lighting): ItemKey | null {
  const of = (paths: ReadonlySet<string>) => picture.nodes.find(({ id }) => paths.has(id));
  const first = of(entered) ?? of(leaves);
  return first === undefined ? null : stateKey(first.id);
}

/** What should be in sight: the states that were entered, else those that are active, as far as they fit into `width` and `height`. */
export function focusOf({ nodes }: Picture, { leaves, entered }: Lighting, width: number, height: number): Box | null {
  const boxes = nodes.filter(({ id }) => leaves.has(id));
  const first = boxes.filter(({ id }) => entered.has(id));
  const [only] = first.length > 0 ? first : boxes;
  if (only === undefined) return null;
  const whole = around(boxes);
  return whole.width <= width && whole.height <= height ? whole : only;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function around(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return { x, y, width: Math.max(...boxes.map((box) => box.x + box.width)) - x, height: Math.max(...boxes.map((box) => box.y + box.height)) - y };
}
