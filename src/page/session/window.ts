/** Which rows of a long list are in view: all rows are of one height, but for one that has something open below it. */

export interface Opened {
  readonly index: number;
  /** Of what is open below the row, without the row itself. */
  readonly height: number;
}

export interface ListShape {
  readonly count: number;
  readonly rowHeight: number;
  readonly opened: Opened | undefined;
}

/** From `first` up to, and without, `end`. */
export interface Span {
  readonly first: number;
  readonly end: number;
}

export function totalHeight({ count, rowHeight, opened }: ListShape): number {
  return count * rowHeight + (opened?.height ?? 0);
}

export function topOf(index: number, { rowHeight, opened }: ListShape): number {
  return index * rowHeight + (opened !== undefined && index > opened.index ? opened.height : 0);
}

/** The rows that are to be drawn, some more on both sides so that a quick scroll shows no gap. */
export function visibleSpan(shape: ListShape, scrollTop: number, viewHeight: number, spare = 8): Span {
  const first = Math.max(0, indexAt(scrollTop, shape) - spare);
  const end = Math.min(shape.count, indexAt(scrollTop + viewHeight, shape) + 1 + spare);
  return { first: Math.min(first, shape.count), end };
}

/** The row at this distance from the top of the list; what is open belongs to its row. */
export function indexAt(offset: number, { rowHeight, opened }: ListShape): number {
  const plain = Math.floor(offset / rowHeight);
  if (opened === undefined || plain <= opened.index) return Math.max(0, plain);
  return Math.max(opened.index, Math.floor((offset - opened.height) / rowHeight));
}

/** Where to scroll to so that a row is wholly in view; where it is already, nothing moves. */
export function scrollToShow(index: number, shape: ListShape, scrollTop: number, viewHeight: number): number {
  const top = topOf(index, shape);
  if (top < scrollTop) return top;
  const bottom = top + shape.rowHeight;
  return bottom > scrollTop + viewHeight ? bottom - viewHeight : scrollTop;
}

/** The last row that begins at or before entry `index`; -1 if there is none. Rows are in the order of their first entries. */
export function rowAt(rows: readonly { readonly entries: readonly { readonly index: number }[] }[], index: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.entries[0]!.index <= index) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
