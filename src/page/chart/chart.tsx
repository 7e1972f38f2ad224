/** The statechart of the session that is looked at, with its state at that moment and what led to it. */
import { useSignal } from "@preact/signals";
import { type ComponentChildren, Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Moment, Store } from "../model/contract.ts";
import { visible } from "../text.ts";
import { CardWords, eventOf } from "./card.tsx";
import { useDrag } from "./drag.ts";
import { Drawing } from "./drawing.tsx";
import { itemsOf, nextItem, type ItemKey } from "./items.ts";
import { ChartLegend } from "./legend.tsx";
import { firstOf, focusOf, lightingOf } from "./lighting.ts";
import { usePinch } from "./pinch.ts";
import { sessionPicture as picture } from "./session-picture.ts";
import { stateLine } from "./state-line.ts";
import { scaledBox, scaleOf, sightOf, zoomed, type Zoom } from "./zoom.ts";
import "./chart.css";

export { ChartLegend };

const items = itemsOf(picture);

export interface ChartProperties {
  readonly store: Store;
  /** When the line of an event is chosen. */
  readonly onEvent?: (event: string) => void;
}

export function Chart({ store, onEvent }: ChartProperties) {
  const view = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const room = useSignal({ width: 0, height: 0 });
  const zoom = useSignal<Zoom>("width");
  const current = useSignal<ItemKey | null>(null);
  const hovered = useSignal<ItemKey | null>(null);
  const focused = useSignal<ItemKey | null>(null);

  useLayoutEffect(() => {
    const element = view.current!;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width !== room.peek().width || height !== room.peek().height) room.value = { width, height };
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const moment = store.moment.value;
  const lighting = lightingOf(moment);
  const follows = store.place.value === "last" && (store.recording.value?.live ?? false);
  const isMeasured = room.value.width > 0;
  const scale = isMeasured ? scaleOf(zoom.value, room.value, picture) : 1;
  const choosable = onEvent !== undefined;

  usePinch(view, scale, (next) => (zoom.value = next));
  const wasDragged = useDrag(view);
  useInSight(view, lighting, isMeasured ? scale : null);

  const choose = (item: ItemKey) => {
    const event = eventOf(picture, item);
    if (event !== undefined) onEvent?.(event);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const item = itemAt(event.target);
    const next = item === null ? null : nextItem(items, item, event.key);
    if (event.key === "Escape" && card !== null) hovered.value = focused.value = null;
    else if (event.key === "+" || event.key === "=") zoom.value = zoomed(scale, 1);
    else if (event.key === "-") zoom.value = zoomed(scale, -1);
    else if (event.key === "0") zoom.value = "width";
    else if (next !== null) view.current?.querySelector<SVGElement>(selector(next))?.focus();
    else if ((event.key === "Enter" || event.key === " ") && item !== null) choose(item);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onPointerOut = ({ relatedTarget }: PointerEvent) => {
    if (!(relatedTarget instanceof Element && relatedTarget.closest(".chart-card, .chart-item"))) hovered.value = null;
  };
  const card = hovered.value ?? focused.value;

  return (
    <div class="chart" ref={frame}>
      <div class="chart-bar">
        <StateLine moment={moment} />
        <div class="chart-tools" role="group" aria-label="Size of the statechart">
          <button type="button" aria-label="Smaller" onClick={() => (zoom.value = zoomed(scale, -1))}>−</button>
          <output aria-label="Size">{Math.round(scale * 100)} %</output>
          <button type="button" aria-label="Larger" onClick={() => (zoom.value = zoomed(scale, 1))}>+</button>
          <button type="button" aria-pressed={zoom.value === "whole"} onClick={() => (zoom.value = zoom.value === "whole" ? "width" : "whole")}>Fit</button>
        </div>
      </div>
      <div
        class="chart-view"
        ref={view}
        role="group"
        aria-label="Statechart of the session machine. Arrow keys go from state to transition."
        onKeyDown={onKeyDown}
        onPointerOver={({ target }) => (hovered.value = itemAt(target) ?? hovered.value)}
        onPointerOut={onPointerOut}
        onFocusIn={({ target }) => {
          const item = itemAt(target);
          focused.value = item;
          if (item !== null) current.value = item;
        }}
        onFocusOut={({ relatedTarget }) => {
          focused.value = null;
          if (itemAt(relatedTarget) === null) current.value = null;
        }}
        onClick={({ target }) => {
          const item = itemAt(target);
          if (item !== null && !wasDragged()) choose(item);
        }}
      >
        <Drawing look={{ picture, lighting, glows: follows, current: current.value ?? firstOf(picture, lighting) ?? items[0]!, choosable }} scale={scale} />
      </div>
      <ChartLegend />
      {card !== null && (
        <Card frame={frame} item={card} onLeave={() => (hovered.value = null)}>
          <CardWords item={card} picture={picture} lighting={lighting} choosable={choosable} />
        </Card>
      )}
    </div>
  );
}

/** Broken between regions only. */
function StateLine({ moment }: { readonly moment: Moment | undefined }) {
  const [state, after] = stateLine(moment);
  return (
    <p class="chart-state-line" role="status">
      {visible(state).split("+").map((name, index) => <Fragment key={index}>{index > 0 && <>+<wbr /></>}{name}</Fragment>)}
      {after !== "" && <span> {visible(after)}</span>}
    </p>
  );
}

interface PlacedProperties {
  readonly frame: { readonly current: HTMLDivElement | null };
  readonly item: ItemKey;
  readonly onLeave: () => void;
  readonly children: ComponentChildren;
}

/** Beneath its item, or above it where there is no room; never outside the chart. */
function Card({ frame, item, onLeave, children }: PlacedProperties) {
  const self = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const [outside, target] = [frame.current?.getBoundingClientRect(), frame.current?.querySelector(selector(item))?.getBoundingClientRect()];
    const element = self.current;
    if (outside === undefined || target === undefined || element === null) return;
    const { width, height } = element.getBoundingClientRect();
    const below = target.bottom - outside.top;
    const fits = below + height <= outside.height - 8;
    element.style.left = `${Math.max(8, Math.min(target.left - outside.left, outside.width - width - 8))}px`;
    element.style.top = `${fits ? below : Math.max(8, target.top - outside.top - height)}px`;
  });
  return <div class="chart-card" id="chart-card" role="tooltip" ref={self} onPointerLeave={onLeave}>{children}</div>;
}

/** Scrolls the state that was entered into sight, if it is not; without a scale nothing is drawn yet. */
function useInSight(view: { readonly current: HTMLDivElement | null }, lighting: ReturnType<typeof lightingOf>, scale: number | null): void {
  const leaves = [...lighting.leaves].join(" ");
  useEffect(() => {
    const element = view.current;
    if (element === null || scale === null) return;
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = element;
    const focus = focusOf(picture, lighting, clientWidth / scale, clientHeight / scale);
    if (focus === null) return;
    const box = scaledBox(focus, scale);
    const left = sightOf(box.x, box.width, scrollLeft, clientWidth) ?? scrollLeft;
    const top = sightOf(box.y, box.height, scrollTop, clientHeight) ?? scrollTop;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (left !== scrollLeft || top !== scrollTop) element.scrollTo({ left, top, behavior: still ? "auto" : "smooth" });
  }, [leaves, scale === null]);
}

function itemAt(target: EventTarget | null): ItemKey | null {
  const element = target instanceof Element ? target.closest(".chart-item") : null;
  return (element?.getAttribute("data-item") ?? null) as ItemKey | null;
}

function selector(item: ItemKey): string {
  return `[data-item="${CSS.escape(item)}"]`;
}
