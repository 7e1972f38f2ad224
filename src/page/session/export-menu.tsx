/** The session as a file: JSON, a Mermaid diagram, or a test that runs; with pseudonyms on request. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Recording, Store } from "../model/contract.ts";
import { counted } from "../text.ts";
import type { FormatName } from "./export-formats.ts";
import "./export-menu.css";

const formats: readonly { readonly name: FormatName; readonly what: string; readonly type: string }[] = [
  { name: "JSON", what: "everything; opens again with refrain inspect FILE", type: "application/json" },
  { name: "Mermaid", what: "a sequence diagram, as GitHub draws it", type: "text/plain" },
  { name: "Test", what: "a vitest file that tells the machine the same again", type: "text/plain" },
];

export function ExportMenu({ store }: { readonly store: Store }) {
  const recording = store.recording.value;
  if (recording === undefined) return null;
  return <Menu store={store} recording={recording} />;
}

function Menu({ store, recording }: { readonly store: Store; readonly recording: Recording }) {
  const box = useRef<HTMLDivElement>(null);
  const open = useSignal(false);
  const hidden = useSignal(false);
  const said = useSignal("");
  useEffect(() => {
    if (!open.value) return;
    const away = (event: Event): void => {
      if (event.target instanceof Node && !box.current!.contains(event.target)) open.value = false;
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open.value]);

  const made = async (format: FormatName) => {
    const { exportFile } = await import("./export-formats.ts");
    return exportFile(recording, format, hidden.value, store.now());
  };
  const download = async (format: FormatName, type: string): Promise<string> => {
    const { name, text } = await made(format);
    save(name, text, type);
    return `${name} was made, ${counted(text.length, "character")}.`;
  };
  const copy = async (format: FormatName): Promise<string> => {
    const { text } = await made(format);
    await navigator.clipboard.writeText(text);
    return `Copied, ${counted(text.length, "character")}.`;
  };
  const tell = async (act: () => Promise<string>): Promise<void> => {
    try {
      said.value = await act();
    } catch (error) {
      said.value = `It could not be done: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !open.value) return;
    event.stopPropagation();
    open.value = false;
    box.current?.querySelector("button")?.focus();
  };

  return (
    <div class="export" ref={box} onKeyDown={onKeyDown}>
      <button type="button" class="export-button" aria-expanded={open.value} aria-controls="export-panel" onClick={() => (open.value = !open.value)}>Export</button>
      {open.value && (
        <div class="export-panel" id="export-panel" role="group" aria-label="Export of this session">
          <ul class="export-formats">
            {formats.map(({ name, what, type }) => (
              <li key={name}>
                <span class="export-what"><b>{name}</b> {what}</span>
                <button type="button" class="export-button" aria-label={`Download as ${name}`} onClick={() => void tell(() => download(name, type))}>Download</button>
                <button type="button" class="export-button" aria-label={`Copy as ${name}`} onClick={() => void tell(() => copy(name))}>Copy</button>
              </li>
            ))}
          </ul>
          <label class="export-check">
            <input type="checkbox" checked={hidden.value} onChange={(event) => (hidden.value = event.currentTarget.checked)} />
            <span><b>Pseudonyms</b>: names, addresses and texts are replaced; states, order and numbers stay</span>
          </label>
          <p class="export-said" role="status">{said.value}</p>
        </div>
      )}
    </div>
  );
}

/** Hands a text to the browser as a file. */
function save(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
