/** JSON as a tree that opens and closes. */
import { useState } from "preact/hooks";
import type { Json } from "../../ports.ts";
import { ClientText } from "./client-text.tsx";
import { isTimeName, timeText } from "./moments.ts";
import "./code.css";

const childrenMax = 50;
const depthMax = 16;

export function JsonView({ value, label }: { readonly value: Json | undefined; readonly label?: string }) {
  return (
    <div class="code json" role="group" aria-label={label ?? "as JSON"}>
      <Value value={value} depth={0} />
    </div>
  );
}

function Value({ name, value, depth }: { readonly name?: string; readonly value: Json | undefined; readonly depth: number }) {
  if (typeof value !== "object" || value === null) return <Leaf name={name} value={value} />;
  const list = Array.isArray(value);
  const children = Object.entries(value);
  if (children.length === 0) return <div class="json-leaf"><Name name={name} /><span class="code-mark">{list ? "[ ]" : "{ }"}</span></div>;
  if (depth >= depthMax) return <div class="json-leaf"><Name name={name} /><ClientText text={JSON.stringify(value)} /></div>;
  if (depth === 0) return <Children of={children} list={list} depth={depth} />;
  return (
    <details class="json-branch" open={depth < 3 && children.length <= 12}>
      <summary>
        <Name name={name} />
        <span class="code-mark">{list ? `[${children.length}]` : `{${children.length}}`}</span>
      </summary>
      <Children of={children} list={list} depth={depth} />
    </details>
  );
}

function Children({ of, list, depth }: { readonly of: readonly (readonly [string, Json])[]; readonly list: boolean; readonly depth: number }) {
  const [max, setMax] = useState(childrenMax);
  return (
    <div class="json-children" data-list={list}>
      {of.slice(0, max).map(([key, child]) => <Value key={key} name={key} value={child} depth={depth + 1} />)}
      {of.length > max && (
        <button type="button" class="code-more" onClick={() => setMax(max + childrenMax * 10)}>{`… ${of.length - max} more`}</button>
      )}
    </div>
  );
}

function Leaf({ name, value }: { readonly name?: string | undefined; readonly value: string | number | boolean | null | undefined }) {
  const time = typeof value === "number" && name !== undefined && isTimeName(name) ? timeText(value) : undefined;
  return (
    <div class="json-leaf">
      <Name name={name} />
      {typeof value === "string" ? <span class="code-value"><ClientText text={`"${value}"`} max={300} /></span> : <span class="code-literal">{String(value)}</span>}
      {time !== undefined && <span class="json-note">{time}</span>}
    </div>
  );
}

function Name({ name }: { readonly name?: string | undefined }) {
  if (name === undefined) return null;
  return <><span class="code-attribute"><ClientText text={name} max={80} /></span><span class="code-mark">: </span></>;
}
