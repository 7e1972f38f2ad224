/** XML for people: a line for each tag, coloured. What is no XML is shown as it came. */
import { useMemo, useState } from "preact/hooks";
import { ClientText } from "./client-text.tsx";
import { type XmlLine, xmlLines } from "./xml-lines.ts";
import "./code.css";

const linesMax = 60;

export function XmlView({ xml }: { readonly xml: string }) {
  const lines = useMemo(() => xmlLines(xml), [xml]);
  const [all, setAll] = useState(false);
  if (lines === undefined) return <pre class="code"><ClientText text={xml} max={2_000} /></pre>;
  const shown = all ? lines : lines.slice(0, linesMax);
  return (
    <pre class="code">
      {shown.map((line, index) => <Line key={index} line={line} />)}
      {lines.length > linesMax && (
        <button type="button" class="code-more" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "less" : `… ${lines.length - linesMax} more lines`}
        </button>
      )}
    </pre>
  );
}

function Line({ line: { depth, pieces } }: { readonly line: XmlLine }) {
  return (
    <code class="code-line" style={{ "--code-depth": Math.min(depth, 12) }}>
      {pieces.map(({ kind, text }, index) => (
        <span key={index} class={`code-${kind}`}>
          {kind === "mark" ? text : <ClientText text={text} max={kind === "text" ? 600 : 200} />}
        </span>
      ))}
    </code>
  );
}
