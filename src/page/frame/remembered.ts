/** Choices that outlive the page, where the browser lets it remember. */
import { effect, signal, type Signal } from "@preact/signals";

/** A choice among `values`, the first one at first. */
export function remembered<Value extends string>(name: string, values: readonly [Value, ...Value[]]): Signal<Value> {
  const key = `refrain.inspector.${name}`;
  const choice = signal<Value>(values.find((value) => value === read(key)) ?? values[0]);
  effect(() => write(key, choice.value));
  return choice;
}

/** Whether single keys do something wherever one is. */
export const singleKeys = remembered("keys", ["on", "off"]);

/** Whether new sessions are watched is wanted again when the page is opened again. */
export function rememberWatchNew(watchNew: Signal<boolean>): void {
  const choice = remembered("watch-new", ["off", "on"]);
  watchNew.value = choice.value === "on";
  effect(() => void (choice.value = watchNew.value ? "on" : "off"));
}

/** Browsers that keep nothing throw at the touch of it. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It holds until the page is closed.
  }
}
