/** Texts that came from outside: always a text node, never a surprise for what stands around it, and cut where they are long. */
import { useState } from "preact/hooks";
import { number, visible } from "../text.ts";
import "./code.css";

/** `max`: characters that are shown at first. */
export function ClientText({ text, max = 200 }: { readonly text: string; readonly max?: number }) {
  const [whole, setWhole] = useState(false);
  if (text.length <= max) return <bdi>{visible(text)}</bdi>;
  const cut = whole ? text : text.slice(0, max);
  const rest = text.length - max;
  return (
    <>
      <bdi>{visible(cut)}</bdi>
      <button type="button" class="code-more" aria-expanded={whole} onClick={() => setWhole(!whole)}>
        {whole ? "less" : `… ${number(rest)} more characters`}
      </button>
    </>
  );
}
