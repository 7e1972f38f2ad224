/** Keys that work wherever one is, but in a field that takes text. */

export interface Key {
  /** As the browser names it (`KeyboardEvent.key`). */
  readonly key: string;
  readonly run: () => void;
}

/** Single keys get in the way of speech input, so that they can be turned off (WCAG 2.2, success criterion 2.1.4). Returns the way to take them back. */
export function listen(keys: readonly Key[], isOn: () => boolean): () => void {
  const hear = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!isOn() || takesText(event.target) || document.querySelector("dialog[open]") !== null) return;
    const key = keys.find((one) => one.key === event.key);
    if (key === undefined) return;
    event.preventDefault();
    key.run();
  };
  document.addEventListener("keydown", hear);
  return () => document.removeEventListener("keydown", hear);
}

function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "range", "button", "submit"].includes(target.type);
}
