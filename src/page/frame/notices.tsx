/** What stands between people and what they came for, and what to do about it. */
import type { ComponentChildren } from "preact";
import type { Store } from "../model/contract.ts";
import { counted, visible } from "../text.ts";
import "./notices.css";

export function Notices(props: { readonly store: Store; readonly droppedShown: boolean; readonly onDroppedDone: () => void }) {
  const { store, droppedShown, onDroppedDone } = props;
  const connection = store.connection.value;
  const problem = store.problem.value;
  const known = store.hello.value !== undefined;
  return (
    <div class="notices" role="status">
      {connection === "refused" && (
        <Notice kind="bad" title="The server does not let this page in.">
          The address of the inspector holds a token, and the one that came with this page is missing, wrong or too old.
          Run <code>refrain inspect</code> where the server runs: it prints a new address.
        </Notice>
      )}
      {connection === "closed" && (
        <Notice kind="warn" title={problem === "" ? "The server went away." : `The connection is closed: ${visible(problem)}.`}>
          {known && "What stands here is what was last known. "}The page tries again by itself. A server that was started anew has another
          token: <code>refrain inspect</code> prints the address.
        </Notice>
      )}
      {problem !== "" && connection === "open" && <Notice kind="warn" title="">{visible(problem)}</Notice>}
      {droppedShown && (
        <Notice kind="warn" title={missed(store.dropped.value)} onDone={onDroppedDone}>
          The page, or the way to it, did not keep up with the sessions that are watched, and the server waits for nobody. What is in the log is
          read again, so that states are right; stanzas and headers may be missing from timelines. Watch fewer sessions at once to see all.
        </Notice>
      )}
    </div>
  );
}

function missed(count: number): string {
  return `${counted(count, "thing that happened was", "things that happened were")} not told to this page.`;
}

function Notice(props: {
  readonly kind: "bad" | "warn";
  readonly title: string;
  readonly onDone?: () => void;
  readonly children: ComponentChildren;
}) {
  const { kind, title, onDone, children } = props;
  return (
    <div class={`notices-one notices-${kind}`}>
      <p>
        {title !== "" && <strong>{title} </strong>}
        {children}
      </p>
      {onDone !== undefined && <button type="button" onClick={onDone}>Close</button>}
    </div>
  );
}
