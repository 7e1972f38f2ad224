/**
 * The focus is not lost with the element that had it: it goes on to the first one within `place` that is marked for it (`data-focus`), now or
 * as soon as there is one. Returns the way to end this.
 */
export function keepFocus(place: HTMLElement): () => void {
  let last: Node | undefined;
  const came = ({ target }: FocusEvent) => void (last = target as Node);
  // Who leaves it is left alone; what was taken away is not connected any more when this is looked at.
  const left = ({ target }: FocusEvent) => queueMicrotask(() => {
    if (last === target && last?.isConnected === true) last = undefined;
  });
  const observer = new MutationObserver(() => {
    if (last === undefined || last.isConnected) return;
    if (document.activeElement !== document.body) last = undefined;
    else place.querySelector<HTMLElement>("[data-focus]")?.focus();
  });
  place.addEventListener("focusin", came);
  place.addEventListener("focusout", left);
  observer.observe(place, { childList: true, subtree: true });
  return () => {
    observer.disconnect();
    place.removeEventListener("focusin", came);
    place.removeEventListener("focusout", left);
  };
}
