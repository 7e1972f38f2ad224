import { useState } from "preact/hooks";
import { CheckIcon, CopyIcon } from "./icons.tsx";

/** `what`: its name, for "Copy the id". Says that it has copied until it is left. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [outcome, setOutcome] = useState<"" | "Copied" | "The browser does not let this page copy">("");
  const forget = () => setOutcome("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome("Copied");
    } catch {
      setOutcome("The browser does not let this page copy");
    }
  };
  return (
    <span class="frame-copy" onPointerLeave={forget}>
      <button type="button" class="frame-icon-button" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={copy} onBlur={forget}>
        {outcome === "Copied" ? <CheckIcon /> : <CopyIcon />}
      </button>
      <span role="status" class="frame-copy-outcome">{outcome}</span>
    </span>
  );
}
