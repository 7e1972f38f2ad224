/** What a state or a transition means, beside it, for the one that is pointed at or has the focus. */
import type { ComponentChildren } from "preact";
import type { ItemKey } from "./items.ts";
import type { Lighting } from "./lighting.ts";
import type { Picture } from "./picture.ts";
import { stateWords, transitionWords, type TransitionWords } from "./transitions.ts";

export interface CardProperties {
  readonly item: ItemKey;
  readonly picture: Picture;
  readonly lighting: Lighting;
  readonly choosable: boolean;
}

export function CardWords({ item, picture, lighting, choosable }: CardProperties) {
  if (item.startsWith("state:")) return <StateCard path={item.slice("state:".length)} lighting={lighting} />;
  const names = transitionsOf(picture, item);
  const words = names.flatMap((name) => transitionWords(name) ?? []);
  const [only] = words;
  if (only === undefined) return null;
  return words.length === 1 ? <TransitionCard words={only} lighting={lighting} choosable={choosable} /> : <IgnoredCard words={words} />;
}

function StateCard({ path, lighting }: { readonly path: string; readonly lighting: Lighting }) {
  const words = stateWords(path);
  if (words === undefined) return null;
  const active = lighting.leaves.has(path) || lighting.around.has(path);
  return (
    <>
      <h3>{path === "*" ? "any state" : path}{active && <span class="chart-card-mark">active</span>}</h3>
      <p>{words.description}</p>
      {words.tags.length > 0 && <dl><Row name="tags">{words.tags.join(", ")}</Row></dl>}
    </>
  );
}

function TransitionCard({ words, lighting, choosable }: { readonly words: TransitionWords; readonly lighting: Lighting; readonly choosable: boolean }) {
  const { name, event, from, guard, to, actions } = words;
  const target = to === null ? undefined : stateWords(to);
  return (
    <>
      <h3 class="chart-card-event">{event}{lighting.taken.has(name) && <span class="chart-card-mark chart-card-taken">just taken</span>}</h3>
      <dl>
        <Row name="in">{from === "*" ? "any state" : from}</Row>
        {guard !== null && <Row name="if"><code>{guard.name}</code> {guard.words}</Row>}
        <Row name="goes to">{to === null ? "nowhere: the state is not left" : <><code>{to}</code> {target?.description}</>}</Row>
        {actions.length > 0 && <Row name="does"><code>{actions.join(", ")}</code></Row>}
      </dl>
      {choosable && <p class="chart-card-hint">Click or Enter: only these events in the timeline</p>}
    </>
  );
}

function IgnoredCard({ words }: { readonly words: readonly TransitionWords[] }) {
  return (
    <>
      <h3>ignored here</h3>
      <p><code>{words.map(({ event }) => event).join(", ")}</code></p>
    </>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

/** The event of a line; undefined for a line that stands for several. */
export function eventOf(picture: Picture, item: ItemKey): string | undefined {
  const [only, another] = transitionsOf(picture, item);
  return only === undefined || another !== undefined ? undefined : transitionWords(only)?.event;
}

function transitionsOf({ nodes, edges }: Picture, item: ItemKey): readonly string[] {
  const lines = [
    ...nodes.flatMap(({ pieces }) => pieces.flatMap((piece) => (piece.kind === "line" ? [piece.line] : []))),
    ...edges.flatMap(({ label }) => label?.lines ?? []),
  ];
  return lines.find(({ transitions }) => `line:${transitions[0]}` === item)?.transitions ?? [];
}
