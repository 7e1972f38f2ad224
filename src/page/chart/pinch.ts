/** The wheel with Ctrl, which is also what two fingers on a touchpad are: the point under the pointer stays where it is. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { anchored, scaleMax, scaleMin } from "./zoom.ts";

export function usePinch(view: { readonly current: HTMLElement | null }, scale: number, onScale: (scale: number) => void): void {
  const latest = useRef({ scale, onScale });
  const anchor = useRef<{ readonly x: number; readonly y: number; readonly scale: number } | null>(null);
  latest.current = { scale, onScale };

  useEffect(() => {
    const element = view.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      const { scale, onScale } = latest.current;
      anchor.current = { x: event.clientX - left, y: event.clientY - top, scale };
      onScale(Math.min(Math.max(scale * Math.exp(-event.deltaY / 300), scaleMin), scaleMax));
    };
    // Not passive: else the whole page would be zoomed.
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  // Once it is drawn in the new size.
  useLayoutEffect(() => {
    const [element, at] = [view.current, anchor.current];
    if (element === null || at === null) return;
    anchor.current = null;
    const left = anchored(element.scrollLeft, at.x, at.scale, scale);
    const top = anchored(element.scrollTop, at.y, at.scale, scale);
    element.scrollTo({ left, top, behavior: "instant" });
  }, [scale]);
}
