/** An exported session in one order: what the log says and what was seen beside it, brought together by their steps. */
import { upgradeSnapshot, type AnySnapshot } from "../../../machines/upgrade.ts";
import type { RecordedSnapshot } from "../../../machines/fold.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import type { StoredFact } from "../../ports.ts";
import { dataOf, eventOf } from "../session-fold.ts";
import type { SeenItem } from "../seen.ts";
import type { SessionExport } from "./session-export.ts";

export type LifeStep = {
  readonly at: number;
  /** Its place in the log; null for what the log does not hold. */
  readonly position: number | null;
} & (
  /** `continues`: nothing is missing between what comes before and this. */
  | { readonly kind: "snapshot"; readonly snapshot: RecordedSnapshot; readonly continues: boolean }
  | { readonly kind: "told"; readonly event: SessionEvent; readonly state: string }
  | { readonly kind: "fact"; readonly fact: StoredFact }
  | Exclude<SeenItem, { readonly kind: "told" }>
);

/** Throws if a snapshot is of another machine, or of a version that this one cannot continue. */
export function lifeOf({ facts, begun, items }: SessionExport): readonly LifeStep[] {
  const anchors = anchorsOf(facts, items);
  const positions = new Map([...anchors].flatMap(([fact, { index, same }]) => (same ? [[index, fact.position] as const] : [])));
  const life: LifeStep[] = [];
  let given = 0;
  const giveItems = (until: number) => {
    for (; given < until; given += 1) life.push(stepOf(items[given]!, positions.get(given) ?? null));
  };
  // What precedes the log is known from the watching alone.
  if (begun !== null && (facts.length === 0 || begun.snapshot.context.username === null)) life.push(begin(begun));
  let version = facts[0] === undefined ? 0 : facts[0].version - 1;
  for (const fact of facts) {
    const anchor = anchors.get(fact);
    giveItems(anchor === undefined ? indexAfter(items, given, fact.at) : anchor.index + 1);
    const continues = life.length > 0 && fact.version === version + 1;
    version = fact.version;
    if (anchor?.same !== true) life.push(stepOfFact(fact, continues));
  }
  giveItems(items.length);
  return life;
}

/** For each fact the item after which it comes; `same`: which says the same. */
function anchorsOf(facts: readonly StoredFact[], items: readonly SeenItem[]): ReadonlyMap<StoredFact, { readonly index: number; readonly same: boolean }> {
  const told = new Map<string, number[]>();
  const last = new Map<string, number>();
  items.forEach((item, index) => {
    if (item.kind === "closed") return;
    last.set(item.step, index);
    if (item.kind !== "told") return;
    const key = keyOf(item.step, item.event);
    told.set(key, [...(told.get(key) ?? []), index]);
  });
  const anchors = new Map<StoredFact, { index: number; same: boolean }>();
  for (const fact of facts) {
    const same = fact.type === "SessionTold" ? told.get(keyOf(fact.step, eventOf(fact)))?.shift() : undefined;
    const index = same ?? last.get(fact.step);
    if (index !== undefined) anchors.set(fact, { index, same: same !== undefined });
  }
  return anchors;
}

/** Secrets are withheld from whoever watches, in ways that the log knows nothing of: type and time say which event it is. */
function keyOf(step: string, { type, at }: SessionEvent): string {
  return `${step} ${type} ${at}`;
}

function indexAfter(items: readonly SeenItem[], from: number, at: number): number {
  let index = from;
  while (index < items.length && items[index]!.at < at) index += 1;
  return index;
}

function begin({ at, snapshot }: NonNullable<SessionExport["begun"]>): LifeStep {
  return { kind: "snapshot", at, position: null, snapshot: upgradeSnapshot(snapshot), continues: false };
}

function stepOf(item: SeenItem, position: number | null): LifeStep {
  if (item.kind !== "told") return { ...item, position };
  const { at, kind, event, state } = item;
  return { at, kind, event, state, position };
}

/** `continues`: nothing is missing between what comes before and this. Throws as `lifeOf` does. */
export function stepOfFact(fact: StoredFact, continues: boolean): LifeStep {
  const { at, position } = fact;
  if (fact.type === "SessionSnapshotTaken") return { kind: "snapshot", at, position, snapshot: upgradeSnapshot(fact.data as unknown as AnySnapshot), continues };
  if (fact.type === "SessionTold") return { kind: "told", at, position, event: eventOf(fact), state: dataOf(fact, "SessionTold").state };
  return { kind: "fact", at, position, fact };
}
