/** Ways from one view to another: real links, so that they can be copied and opened elsewhere. */
import type { ComponentChildren } from "preact";
import type { Route, Store } from "../model/contract.ts";
import { fragmentOf } from "../model/route.ts";

export function Link(props: {
  readonly store: Store;
  readonly to: Route;
  readonly class?: string;
  readonly current?: boolean;
  /** Its name, where its words may be hidden. */
  readonly label?: string;
  readonly tabIndex?: number;
  readonly children: ComponentChildren;
}) {
  const { store, to, current, tabIndex, children } = props;
  return (
    <a
      href={fragmentOf(to)}
      class={props.class}
      aria-label={props.label}
      aria-current={current === true ? "page" : undefined}
      tabIndex={tabIndex}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        store.route.value = to;
      }}
    >
      {children}
    </a>
  );
}
