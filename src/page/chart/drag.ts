/** Drags what is in the view with the mouse. Fingers scroll by themselves. */
import { useEffect, useRef } from "preact/hooks";

/** Pixels that a hand moves while it clicks. */
const clickMax = 4;

/** Answers whether the click that comes now is only the end of a drag. */
export function useDrag(view: { readonly current: HTMLElement | null }): () => boolean {
  const dragged = useRef(false);
  useEffect(() => {
    const element = view.current;
    if (element === null) return;
    let from: { readonly x: number; readonly y: number; readonly left: number; readonly top: number } | null = null;
    const down = ({ pointerType, button, clientX, clientY }: PointerEvent) => {
      dragged.current = false;
      if (pointerType === "mouse" && button === 0) from = { x: clientX, y: clientY, left: element.scrollLeft, top: element.scrollTop };
    };
    const move = (event: PointerEvent) => {
      if (from === null) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!dragged.current && Math.abs(dx) + Math.abs(dy) <= clickMax) return;
      if (!dragged.current) element.setPointerCapture(event.pointerId);
      dragged.current = true;
      element.classList.add("chart-dragged");
      element.scrollTo({ left: from.left - dx, top: from.top - dy, behavior: "instant" });
    };
    const up = () => {
      from = null;
      element.classList.remove("chart-dragged");
    };
    const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up } as const;
    for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener as EventListener);
    };
  }, []);
  return () => dragged.current;
}
