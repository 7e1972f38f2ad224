import { useEffect, useRef } from "preact/hooks";
import { singleKeys } from "./remembered.ts";
import "./help.css";

const keys: readonly (readonly [string, readonly (readonly [readonly string[], string])[]])[] = [
  ["Anywhere but in the chat", [
    [["/"], "search the sessions"],
    [["o"], "overview"],
    [["s"], "sessions"],
    [["c"], "chat, where it is on"],
    [["b"], "show or hide the list beside a session"],
    [["1", "–", "4"], "statechart, timeline, sequence, session"],
    [["?"], "this help"],
  ]],
  ["In the list", [
    [["↑", "↓"], "one session up or down; Page Up, Page Down, Home and End too"],
    [["Enter"], "open the session"],
    [["Esc"], "in the search: clear it"],
  ]],
  ["In a session", [
    [["←", "→"], "on tabs: the next one; on the slider: one entry back or on"],
    [["Shift", "←", "→"], "on the slider: to the change of state before or after"],
    [["Home", "End"], "on tabs, on the slider, in the timeline and the sequence: the first, the last"],
    [["↑", "↓"], "in the timeline and the sequence: the one before or after"],
  ]],
  ["In the statechart", [
    [["↑", "↓", "←", "→"], "from state to transition; Home and End: the first, the last"],
    [["+", "−", "0"], "larger, smaller, the size at first"],
    [["Enter"], "on a transition: only its events in the timeline"],
  ]],
];

export function Help({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}>
      <div class="help-inside">
        <header>
          <h2 id="help-title">Keys</h2>
          <button type="button" onClick={onClose}>Close</button>
        </header>
        {keys.map(([where, lines]) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {lines.map(([names, does]) => (
                <div key={does}>
                  <dt>{names.map((name) => (name === "–" ? " – " : <kbd key={name}>{name}</kbd>))}</dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <label class="help-choice">
          <input type="checkbox" checked={singleKeys.value === "on"}
            onChange={(event) => (singleKeys.value = event.currentTarget.checked ? "on" : "off")} />
          keys work anywhere, without Control or Alt
        </label>
        <p class="help-words">
          The inspector only looks: nothing here changes a session. What it shows of a live session is told by the server as it happens; what it
          shows of the past is folded here, in this page, from the session's log by the same state machine that the server runs.
        </p>
      </div>
    </dialog>
  );
}
