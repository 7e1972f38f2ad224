/** A list of thousands: rows of one height, and only those in view are in the document. */
import { Component, type ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { scrollToShow, visibleSpan } from "../session/window.ts";
import "./grid.css";

export interface GridProps {
  readonly label: string;
  readonly count: number;
  readonly columns: number;
  readonly rowHeight: number;
  /** The row that the keyboard is at; -1 for none. */
  readonly at: number;
  readonly onMove: (index: number) => void;
  readonly onOpen: (index: number) => void;
  /** The cells of the head, if it has one. */
  readonly head?: ComponentChildren;
  readonly keyOf: (index: number) => string;
  /** What a row shows: the same object is the same row, and is not drawn again … */
  readonly itemOf: (index: number) => unknown;
  /** … unless this is another one. */
  readonly stamp: unknown;
  readonly row: (index: number) => ComponentChildren;
  readonly rowClass: (index: number) => string;
}

export function Grid(props: GridProps) {
  const { label, count, columns, rowHeight, at, head, keyOf, itemOf, stamp, row, rowClass, onMove, onOpen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);
  const shape = { count, rowHeight, opened: undefined };
  const headHeight = head === undefined ? 0 : headHeightPx;

  useLayoutEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // A list that has become shorter is scrolled up by the browser, without a word.
  useLayoutEffect(() => setTop(scroller.current!.scrollTop), [count, rowHeight]);
  useLayoutEffect(() => {
    const element = scroller.current!;
    if (at >= 0) element.scrollTop = scrollToShow(at, shape, element.scrollTop, element.clientHeight - headHeight);
  }, [at, rowHeight]);

  const { first, end } = visibleSpan(shape, top, height);
  const rows = Array.from({ length: Math.max(0, end - first) }, (_, place) => first + place);
  const page = Math.max(1, Math.floor((height - headHeight) / rowHeight) - 1);
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && at >= 0 && event.target === scroller.current) return onOpen(at);
    const to = destination(event.key, at, count, page);
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    onMove(to);
  };

  return (
    <div class="grid" ref={scroller} role="grid" tabIndex={0} aria-label={label} aria-colcount={columns}
      aria-rowcount={count + (head === undefined ? 0 : 1)} aria-activedescendant={at >= first && at < end ? idOf(at) : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)} onKeyDown={press}>
      {head !== undefined && <div class="grid-head" role="row" aria-rowindex={1}>{head}</div>}
      <div class="grid-rows" role="rowgroup" style={{ height: `${count * rowHeight}px` }}>
        <div style={{ transform: `translateY(${first * rowHeight}px)` }} role="presentation">
          {rows.map((index) => (
            <Row key={keyOf(index)} index={index} line={index + (head === undefined ? 1 : 2)} isAt={index === at} kind={rowClass(index)}
              height={rowHeight} item={itemOf(index)} stamp={stamp} open={onOpen} draw={row} />
          ))}
        </div>
      </div>
    </div>
  );
}

interface RowProps {
  readonly index: number;
  readonly line: number;
  readonly isAt: boolean;
  readonly kind: string;
  readonly height: number;
  readonly item: unknown;
  readonly stamp: unknown;
  readonly open: (index: number) => void;
  readonly draw: (index: number) => ComponentChildren;
}

/** While people scroll, only the rows that come into view are drawn. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return compared.some((name) => next[name] !== this.props[name]);
  }

  render({ index, line, isAt, kind, height, draw }: RowProps) {
    return (
      <div id={idOf(index)} role="row" aria-rowindex={line} aria-selected={isAt} class={`grid-row ${isAt ? "grid-row-active" : ""} ${kind}`}
        style={{ height: `${height}px` }} onClick={(event) => opensItself(event) || this.props.open(index)}>
        {draw(index)}
      </div>
    );
  }
}

const compared = ["index", "line", "isAt", "kind", "height", "item", "stamp"] as const;

const headHeightPx = 34;
const idOf = (index: number): string => `grid-row-${index}`;

/** Links within a row do what links do. */
function opensItself(event: MouseEvent): boolean {
  return event.defaultPrevented || (event.target instanceof Element && event.target.closest("a, button") !== null);
}

function destination(key: string, at: number, count: number, page: number): number | undefined {
  const by: Readonly<Record<string, number>> = {
    ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: count - 1,
  };
  const to = by[key];
  return to === undefined || count === 0 ? undefined : Math.min(count - 1, Math.max(0, to));
}
