/** How large something is drawn. */
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Tells the size of an element, once and whenever it changes, in CSS pixels. `isThere`: whether it is drawn, where it is not always. */
export function useSize(of: RefObject<HTMLElement | null>, tell: (width: number, height: number) => void, isThere = true): void {
  useEffect(() => {
    const element = of.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => tell(element.clientWidth, element.offsetHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [isThere]);
}

/** Tells how high what it holds is. */
export function Measured({ class: name, onHeight, children }: { readonly class: string; readonly onHeight: (height: number) => void; readonly children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useSize(box, (_, height) => onHeight(height));
  return <div ref={box} class={name} role="row"><div role="gridcell">{children}</div></div>;
}
